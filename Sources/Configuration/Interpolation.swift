/// Puts environment variables into a text: `${NAME}`, and `${NAME:-default}` for one that is unset or empty.
///
/// A default may itself hold references. `$${` stands for `${`. A `$` without a brace is left as it is.
package enum Interpolation {
    package enum Failure: Error, Equatable {
        case unset(name: String)
        case unclosed
        case badName(String)
        case tooLong
    }

    /// What the result of one text may grow to.
    static let maximumBytes = 1 << 20

    package static func isNeeded(in text: String) -> Bool { text.utf8.contains(UInt8(ascii: "{")) && text.contains("${") }

    package static func resolve(_ text: String, environment: (String) -> String?) throws(Failure) -> String {
        var result: [UInt8] = []
        try resolve(Array(text.utf8)[...], environment: environment, depth: 0, into: &result)
        return String(decoding: result, as: UTF8.self)
    }

    private static func resolve(
        _ text: ArraySlice<UInt8>, environment: (String) -> String?, depth: Int, into result: inout [UInt8]
    ) throws(Failure) {
        if depth > 8 { throw .tooLong }
        let dollar = UInt8(ascii: "$")
        let opening = UInt8(ascii: "{")
        var rest = text
        while let byte = rest.first {
            if rest.starts(with: [dollar, dollar, opening]) {
                result += [dollar, opening]
                rest = rest.dropFirst(3)
            } else if rest.starts(with: [dollar, opening]) {
                let body = rest.dropFirst(2)
                guard let end = closingBrace(of: body) else { throw .unclosed }
                try reference(body[..<end], environment: environment, depth: depth, into: &result)
                rest = body[(end + 1)...]
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
            if result.count > maximumBytes { throw .tooLong }
        }
    }

    private static func reference(
        _ body: ArraySlice<UInt8>, environment: (String) -> String?, depth: Int, into result: inout [UInt8]
    ) throws(Failure) {
        let nameBytes = body.prefix { $0 != UInt8(ascii: ":") }
        let name = String(decoding: nameBytes, as: UTF8.self)
        let fallback = body[nameBytes.endIndex...]
        guard isName(nameBytes), fallback.isEmpty || fallback.starts(with: Array(":-".utf8)) else {
            throw .badName(String(decoding: body, as: UTF8.self))
        }
        if let value = environment(name), !value.isEmpty || fallback.isEmpty {
            result += Array(value.utf8)
        } else if fallback.isEmpty {
            throw .unset(name: name)
        } else {
            try resolve(fallback.dropFirst(2), environment: environment, depth: depth + 1, into: &result)
        }
    }

    /// Where the brace that ends `body` stands; braces of references inside are skipped.
    private static func closingBrace(of body: ArraySlice<UInt8>) -> Int? {
        var open = 0
        var previous: UInt8 = 0
        for index in body.indices {
            let byte = body[index]
            if byte == UInt8(ascii: "{") && previous == UInt8(ascii: "$") {
                open += 1
            } else if byte == UInt8(ascii: "}") {
                if open == 0 { return index }
                open -= 1
            }
            previous = byte
        }
        return nil
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
