/// Text of a program as a client may see it: one line, without control characters, addresses in memory, or paths of this machine.
struct ClientText {
    static let maximumCharacters = 1000

    /// Paths, and what stands for them. They are replaced wherever they are; other absolute paths become their last component.
    let names: [(path: String, name: String)]

    func cleaned(_ text: String) -> String {
        var text = text
        for (path, name) in names.sorted(by: { $0.path.utf8.count > $1.path.utf8.count }) where !path.isEmpty {
            text = Self.replacing(path, in: text, with: name)
        }
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.split(separator: " ", omittingEmptySubsequences: true).map { Self.word(String($0)) }.joined(separator: " ")
        }
        let joined = Self.withoutAddresses(lines.filter { !$0.isEmpty }.joined(separator: "; "))
        return joined.count <= Self.maximumCharacters ? joined : "…" + joined.suffix(Self.maximumCharacters - 1)
    }

    /// Without control and formatting characters, and without the directories of an absolute path.
    private static func word(_ word: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in word.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: continue
            default: scalars.append(scalar)
            }
        }
        return withoutDirectories(String(scalars))
    }

    /// `'/srv/media/x.so':` becomes `'x.so':`; `16/9` and `https://host/x` stay.
    private static func withoutDirectories(_ word: String) -> String {
        let bytes = Array(word.utf8)
        let opening: [UInt8] = Array("'\"([{<=:,;`".utf8)
        guard let start = bytes.indices.first(where: { bytes[$0] == slash && ($0 == 0 || opening.contains(bytes[$0 - 1])) }) else {
            return word
        }
        if start + 1 < bytes.count, bytes[start + 1] == slash, start > 0, bytes[start - 1] == UInt8(ascii: ":") { return word }
        guard let last = bytes.lastIndex(of: slash) else { return word }
        return String(decoding: bytes[..<start] + bytes[(last + 1)...], as: UTF8.self)
    }

    /// `[mov,mp4 @ 0x55d0c0ffee00]` becomes `[mov,mp4]`.
    private static func withoutAddresses(_ text: String) -> String {
        var parts = text.split(separator: " @ 0x", omittingEmptySubsequences: false).map { String($0) }
        for index in parts.indices.dropFirst() { parts[index] = String(parts[index].drop { $0.isHexDigit }) }
        return parts.joined()
    }

    private static func replacing(_ part: String, in text: String, with name: String) -> String {
        let (part, bytes) = (Array(part.utf8), Array(text.utf8))
        var result: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if bytes[place] == part[0], bytes[place...].starts(with: part) {
                result += name.utf8
                place += part.count
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let slash = UInt8(ascii: "/")
}
