import HTTP

/// What a client calls its file. It becomes no part of any path, but others will read it: so it must be a plain name.
enum UploadName {
    static let fallback = "upload"
    static let maximumBytes = 255

    /// Throws a problem where the name has parts of a path, control characters, or too many bytes.
    static func check(_ name: String) throws(Problem) -> String {
        func refuse(_ reason: String) -> Problem { Problem(400, "The file's name \(reason). Send a plain name, such as holiday.mp4.") }
        if name.isEmpty { throw refuse("is empty") }
        if name.utf8.count > maximumBytes { throw refuse("has more than \(maximumBytes) bytes") }
        if name == "." || name == ".." || name.contains("/") || name.contains("\\") { throw refuse("is a path") }
        if name.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) || isInvisible($0) }) {
            throw refuse("has control characters")
        }
        return name
    }

    /// Those that change how what stands beside them is shown (UAX #9), and ends of lines.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
        default: false
        }
    }

    /// `filename*` (RFC 8187): `UTF-8''naïve.mp4`, percent-encoded.
    static func extended(_ text: String) -> String? {
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8" else { return nil }
        return PercentEncoding.decode(parts[2])
    }
}
