/// A field value with parameters: `form-data; name="file"; filename="a.mp4"` (RFC 9110 §5.6.6).
struct HeaderParameters: Equatable, Sendable {
    /// In lower case.
    let value: String
    /// Names in lower case; each occurs once.
    private let parameters: [String: String]

    subscript(name: String) -> String? { parameters[name] }

    /// nil: the text is not of this form, or names a parameter twice.
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        Self.skipBlank(&rest)
        let value = Self.takeWord(&rest, isValue: true)
        Self.skipBlank(&rest)
        var parameters: [String: String] = [:]
        while rest.first == UInt8(ascii: ";") {
            rest.removeFirst()
            Self.skipBlank(&rest)
            // An empty one, as at the end, is nothing.
            if rest.isEmpty || rest.first == UInt8(ascii: ";") { continue }
            let name = Self.lowercased(Self.takeWord(&rest, isValue: false))
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { return nil }
            let content: [UInt8]
            if rest.first == UInt8(ascii: "\"") {
                guard let quoted = Self.takeQuoted(&rest) else { return nil }
                content = quoted
            } else {
                content = Self.takeWord(&rest, isValue: false)
                if content.isEmpty { return nil }
            }
            guard let decoded = String(validating: content, as: UTF8.self) else { return nil }
            guard parameters.updateValue(decoded, forKey: String(decoding: name, as: UTF8.self)) == nil else { return nil }
            Self.skipBlank(&rest)
            if !rest.isEmpty && rest.first != UInt8(ascii: ";") { return nil }
        }
        guard rest.isEmpty, !value.isEmpty else { return nil }
        self.value = String(decoding: Self.lowercased(value), as: UTF8.self)
        self.parameters = parameters
    }

    private static func skipBlank(_ rest: inout ArraySlice<UInt8>) {
        while rest.first == 0x20 || rest.first == 0x09 { rest.removeFirst() }
    }

    /// A token; a value may have a slash too, as types do.
    private static func takeWord(_ rest: inout ArraySlice<UInt8>, isValue: Bool) -> [UInt8] {
        let word = rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
                true
            case UInt8(ascii: "/"): isValue
            default: false
            }
        }
        rest = rest[word.endIndex...]
        return Array(word)
    }

    /// Between quotes; a backslash takes the next byte as it is. nil: the closing quote is missing.
    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        rest.removeFirst()
        var content: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return content
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { return nil }
                content.append(next)
            default: content.append(byte)
            }
        }
        return nil
    }

    private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }
}
