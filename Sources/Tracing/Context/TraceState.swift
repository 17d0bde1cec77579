/// The header `tracestate` (W3C Trace Context §3.3): read only to be passed on.
enum TraceState {
    static let maximumMembers = 32
    /// Longer ones lose members, from the right.
    static let maximumBytes = 2048

    /// The members of all `headers`, in order, without blanks around them; nil where one of them is not valid: then all are dropped.
    static func joined(_ headers: [String]) -> String? {
        var members: [Substring] = []
        var keys: Set<Substring> = []
        for header in headers {
            for part in header.split(separator: ",") {
                let member = trimmed(part)
                if member.isEmpty { continue }
                guard let equals = member.firstIndex(of: "="), isKey(member[..<equals]), isValue(member[member.index(after: equals)...]),
                    keys.insert(member[..<equals]).inserted
                else { return nil }
                members.append(member)
            }
        }
        if members.count > maximumMembers { return nil }
        while members.reduce(0, { $0 + $1.utf8.count + 1 }) > maximumBytes { members.removeLast() }
        return members.joined(separator: ",")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    private static func isKey(_ key: Substring) -> Bool {
        guard (1...256).contains(key.utf8.count), let first = key.utf8.first, isLowerOrDigit(first) else { return false }
        return key.utf8.allSatisfy { isLowerOrDigit($0) || "_-*/@".utf8.contains($0) }
    }

    /// The last character is no blank, as those around a member are taken off.
    private static func isValue(_ value: Substring) -> Bool {
        (1...256).contains(value.utf8.count)
            && value.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
