/// What a `Range` field asks for of a file (RFC 9110 §14).
enum ByteRange: Equatable, Sendable {
    /// All of it: also for what is no range of bytes, and for several ranges, which a server may pass over (§14.2).
    case whole
    case part(Range<UInt64>)
    case unsatisfiable

    init(_ text: String, of size: UInt64) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else {
            self = .whole
            return
        }
        let range = parts[1].filter { $0 != " " && $0 != "\t" }
        let ends = range.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]) else {
            self = .whole
            return
        }
        switch (first, last) {
        case (.absent, .absent): self = .whole
        case (.absent, .value(let suffix)):
            self = suffix == 0 || size == 0 ? .unsatisfiable : .part(size - min(suffix, size)..<size)
        case (.value(let first), .absent): self = first < size ? .part(first..<size) : .unsatisfiable
        case (.value(let first), .value(let last)):
            if last < first { self = .whole } else { self = first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable }
        }
    }

    private enum Number {
        case absent
        case value(UInt64)
    }

    /// Digits only, clamped to 64 bits; nil: something else.
    private static func number(_ text: Substring) -> Number? {
        if text.isEmpty { return .absent }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return .value(UInt64(text) ?? .max - 1)
    }
}
