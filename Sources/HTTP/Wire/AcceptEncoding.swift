/// What `Accept-Encoding` says (RFC 9110 §12.5.3).
package enum AcceptEncoding {
    /// Whether a client takes gzip, and does not like the plain body better. Without the field: no.
    package static func prefersGzip(_ headers: HTTPHeaders) -> Bool {
        var gzip: Int?
        var identity: Int?
        var other: Int?
        for member in headers.listMembers("Accept-Encoding") {
            let parts = member.split(separator: ";", omittingEmptySubsequences: false).map { ASCIIText.trimmed($0) }
            guard let weight = weight(parts.dropFirst()) else { continue }
            switch String(decoding: parts[0].utf8.map(ASCIIText.lowercased), as: UTF8.self) {
            case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
            case "identity": identity = weight
            case "*": other = weight
            default: break
            }
        }
        let chosen = gzip ?? other ?? 0
        return chosen > 0 && chosen >= identity ?? 0
    }

    /// The `q` among `parameters` in thousandths, 1000 without one; nil when it is no weight (RFC 9110 §12.4.2).
    private static func weight(_ parameters: ArraySlice<String>) -> Int? {
        for parameter in parameters {
            let bytes = Array(parameter.utf8)
            guard bytes.count > 2, ASCIIText.lowercased(bytes[0]) == UInt8(ascii: "q"), bytes[1] == UInt8(ascii: "=") else { continue }
            let number = bytes[2...]
            guard number.count <= 5, let whole = number.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
            let fraction = number.dropFirst()
            guard fraction.isEmpty || fraction.first == UInt8(ascii: ".") else { return nil }
            let digits = String(decoding: fraction.dropFirst(), as: UTF8.self)
            let padded = digits + String(repeating: "0", count: max(0, 3 - digits.utf8.count))
            guard let thousandths = ASCIIText.decimal(padded) else { return nil }
            let weight = (whole == UInt8(ascii: "1") ? 1000 : 0) + thousandths
            return weight <= 1000 ? weight : nil
        }
        return 1000
    }
}
