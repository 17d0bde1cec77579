/// The distributor's messages about single entries, grouped by their text.
struct DistributorErrors: Equatable {
    private enum Rule: Hashable {
        /// Times in whole seconds.
        case tooOld(entry: Int, oldest: Int)
        case tooNew(entry: Int)
        case lineTooLong(limit: Int, bytes: Int)
        case metadataDisallowed
        case metadataTooLarge(bytes: Int, limit: Int)
        case metadataTooMany(count: Int, limit: Int)
    }

    private struct Message: Equatable {
        let rule: Rule
        let count: Int
        let text: Substring
    }

    private let messages: [Message]

    /// nil when any part of the text is something else.
    init?(_ text: String) {
        var messages: [Message] = []
        for part in Self.parts(Self.trimmed(text)) {
            var words = part
            var count = 1
            var counted = part
            if let number = counted.takeNumber(), counted.take(" errors like: ") {
                count = number
                words = counted
            }
            guard let rule = Self.rule(words) else { return nil }
            messages.append(Message(rule: rule, count: count, text: words))
        }
        if messages.isEmpty { return nil }
        self.messages = messages
    }

    private static func trimmed(_ text: String) -> Substring {
        var rest = text[...]
        while let last = rest.utf8.last, last == 0x0a || last == 0x0d || last == 0x20 { rest.removeLast() }
        return rest
    }

    /// Cuts before each `; N errors like: `.
    private static func parts(_ text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var index = text.startIndex
        while index < text.endIndex {
            let separator = index
            let byte = text.utf8[index]
            index = text.utf8.index(after: index)
            guard byte == UInt8(ascii: ";"), index < text.endIndex, text.utf8[index] == 0x20 else { continue }
            var next = text[text.utf8.index(after: index)...]
            guard next.takeNumber() != nil, next.hasPrefix(" errors like: ") else { continue }
            parts.append(text[start..<separator])
            start = text.utf8.index(after: index)
        }
        parts.append(text[start...])
        return parts
    }

    /// Every message ends in fixed words and numbers; the stream's labels, which may hold anything, stand before or between.
    private static func rule(_ text: Substring) -> Rule? {
        if let stem = text.range(of: "has timestamp too old: ", backwards: true) {
            var rest = text[stem.upperBound...]
            guard let comma = rest.range(of: ", oldest acceptable timestamp is: "), let entry = GoTime.seconds(rest[..<comma.lowerBound])
            else { return nil }
            rest = rest[comma.upperBound...]
            guard let oldest = GoTime.seconds(rest) else { return nil }
            return .tooOld(entry: entry, oldest: oldest)
        }
        if let stem = text.range(of: "has timestamp too new: ", backwards: true) {
            return GoTime.seconds(text[stem.upperBound...]).map { .tooNew(entry: $0) }
        }
        var rest = text
        if rest.take("Max entry size '") || rest.take("max entry size '") {
            guard let limit = rest.takeNumber(), rest.hasPrefix("' bytes exceeded for stream"),
                let end = rest.range(of: "while adding an entry with length '", backwards: true)
            else { return nil }
            rest = rest[end.upperBound...]
            return rest.takeNumber().map { .lineTooLong(limit: limit, bytes: $0) }
        }
        if let stem = text.range(of: "has structured metadata too large: '", backwards: true) {
            rest = text[stem.upperBound...]
            guard let bytes = rest.takeNumber(), rest.take("' bytes, limit: '"), let limit = rest.takeNumber() else { return nil }
            return .metadataTooLarge(bytes: bytes, limit: limit)
        }
        if let stem = text.range(of: "has too many structured metadata labels: '", backwards: true) {
            rest = text[stem.upperBound...]
            guard let count = rest.takeNumber(), rest.take("', limit: '"), let limit = rest.takeNumber() else { return nil }
            return .metadataTooMany(count: count, limit: limit)
        }
        if text.range(of: "includes structured metadata, but this feature is disallowed", backwards: true) != nil {
            return .metadataDisallowed
        }
        return nil
    }
}

extension DistributorErrors {
    /// The refused entries, sorted; nil when messages and entries do not agree to the last one.
    func refused(_ entries: [EntryFacts]) -> [LokiRefusal.Refused]? {
        var open = Array(entries.indices)
        var refused: [LokiRefusal.Refused] = []
        // In the order in which Loki looks at an entry: the first rule that it breaks is the one it is refused for.
        for step in [takeTooOld, takeTooNew, takeTooLong, takeMetadata] {
            guard let taken = step(entries, &open) else { return nil }
            refused += taken
        }
        guard refused.count == messages.reduce(0, { $0 + $1.count }) else { return nil }
        return refused.sorted { $0.position < $1.position }
    }

    private typealias Taken = [LokiRefusal.Refused]

    private func seconds(_ entry: EntryFacts) -> Int { Int(entry.timestampNanoseconds / 1_000_000_000) }

    /// One limit for the whole push, known to the second: below that second all are refused, within it the oldest ones.
    private func takeTooOld(_ entries: [EntryFacts], _ open: inout [Int]) -> Taken? {
        var counts: [Int: (count: Int, text: Substring)] = [:]
        var oldest: Int?
        for message in messages {
            guard case .tooOld(let entry, let limit) = message.rule else { continue }
            if let oldest, oldest != limit { return nil }
            oldest = limit
            counts[entry] = ((counts[entry]?.count ?? 0) + message.count, message.text)
        }
        guard let oldest else { return [] }
        return takeBySecond(entries, &open, counts, kind: .tooOld, isPartial: { $0 == oldest }, isBeyond: { $0 < oldest }, fromOldest: true)
    }

    /// The limit is not told: it lies in the first second that is named, or before it.
    private func takeTooNew(_ entries: [EntryFacts], _ open: inout [Int]) -> Taken? {
        var counts: [Int: (count: Int, text: Substring)] = [:]
        for message in messages {
            guard case .tooNew(let entry) = message.rule else { continue }
            counts[entry] = ((counts[entry]?.count ?? 0) + message.count, message.text)
        }
        guard let first = counts.keys.min() else { return [] }
        return takeBySecond(entries, &open, counts, kind: .tooNew, isPartial: { $0 == first }, isBeyond: { $0 > first }, fromOldest: false)
    }

    private func takeBySecond(
        _ entries: [EntryFacts], _ open: inout [Int], _ counts: [Int: (count: Int, text: Substring)], kind: RefusalReason.Kind,
        isPartial: (Int) -> Bool, isBeyond: (Int) -> Bool, fromOldest: Bool
    ) -> Taken? {
        let groups = Dictionary(grouping: open) { seconds(entries[$0]) }
        var taken: Taken = []
        for (second, positions) in groups where isBeyond(second) && counts[second] == nil { return positions.isEmpty ? taken : nil }
        for (second, (count, text)) in counts {
            guard let positions = groups[second], count <= positions.count, isPartial(second) || count == positions.count else {
                return nil
            }
            let ordered = positions.sorted {
                fromOldest == (entries[$0].timestampNanoseconds < entries[$1].timestampNanoseconds)
                    && entries[$0].timestampNanoseconds != entries[$1].timestampNanoseconds
            }
            // Two of the same time cannot differ in this.
            if count < ordered.count, entries[ordered[count - 1]].timestampNanoseconds == entries[ordered[count]].timestampNanoseconds {
                return nil
            }
            taken += ordered.prefix(count).map { LokiRefusal.Refused(position: $0, reason: RefusalReason(kind, text)) }
        }
        remove(taken, from: &open)
        return taken
    }

    private func takeTooLong(_ entries: [EntryFacts], _ open: inout [Int]) -> Taken? {
        var counts: [Int: (count: Int, text: Substring)] = [:]
        var limit: Int?
        for message in messages {
            guard case .lineTooLong(let maximum, let bytes) = message.rule else { continue }
            if let limit, limit != maximum { return nil }
            limit = maximum
            counts[bytes] = ((counts[bytes]?.count ?? 0) + message.count, message.text)
        }
        guard let limit else { return [] }
        return takeAbove(entries, &open, limit: limit, counts, kind: .lineTooLong) { $0.lineBytes }
    }

    private func takeMetadata(_ entries: [EntryFacts], _ open: inout [Int]) -> Taken? {
        var sizes: [Int: (count: Int, text: Substring)] = [:]
        var numbers: [Int: (count: Int, text: Substring)] = [:]
        var sizeLimit: Int?
        var numberLimit: Int?
        var disallowed: (count: Int, text: Substring)?
        for message in messages {
            switch message.rule {
            case .metadataDisallowed: disallowed = ((disallowed?.count ?? 0) + message.count, message.text)
            case .metadataTooLarge(let bytes, let limit):
                if let sizeLimit, sizeLimit != limit { return nil }
                sizeLimit = limit
                sizes[bytes] = ((sizes[bytes]?.count ?? 0) + message.count, message.text)
            case .metadataTooMany(let count, let limit):
                if let numberLimit, numberLimit != limit { return nil }
                numberLimit = limit
                numbers[count] = ((numbers[count]?.count ?? 0) + message.count, message.text)
            default: break
            }
        }
        var taken: Taken = []
        if let disallowed {
            let positions = open.filter { entries[$0].metadataCount > 0 }
            guard positions.count == disallowed.count else { return nil }
            taken += positions.map { LokiRefusal.Refused(position: $0, reason: RefusalReason(.metadataDisallowed, disallowed.text)) }
            remove(taken, from: &open)
        }
        if let sizeLimit {
            guard let large = takeAbove(entries, &open, limit: sizeLimit, sizes, kind: .metadataTooLarge, { $0.metadataBytes }) else {
                return nil
            }
            taken += large
        }
        if let numberLimit {
            guard let many = takeAbove(entries, &open, limit: numberLimit, numbers, kind: .metadataTooMany, { $0.metadataCount }) else {
                return nil
            }
            taken += many
        }
        return taken
    }

    /// All entries whose `size` is above `limit`, if each size occurs as often as it is named.
    private func takeAbove(
        _ entries: [EntryFacts], _ open: inout [Int], limit: Int, _ counts: [Int: (count: Int, text: Substring)], kind: RefusalReason.Kind,
        _ size: (EntryFacts) -> Int
    ) -> Taken? {
        let groups = Dictionary(grouping: open.filter { size(entries[$0]) > limit }) { size(entries[$0]) }
        guard groups.count == counts.count else { return nil }
        var taken: Taken = []
        for (value, positions) in groups {
            guard let named = counts[value], named.count == positions.count else { return nil }
            taken += positions.map { LokiRefusal.Refused(position: $0, reason: RefusalReason(kind, named.text)) }
        }
        remove(taken, from: &open)
        return taken
    }

    private func remove(_ taken: Taken, from open: inout [Int]) {
        let positions = Set(taken.map(\.position))
        open.removeAll { positions.contains($0) }
    }
}
