/// Which entries of a push of one stream a 400 refused, read from its words and from what is known of the entries.
///
/// Loki stores the rest. Two of its parts refuse, and only one of them is heard:
/// - The *distributor* takes bad entries out one by one and groups its messages by text, `3 errors like: entry for stream … has
///   timestamp too old: …`. Times are given to the second only, so its rules are applied here to each entry, and believed
///   only when every message's count comes out.
/// - The *ingester*, if it refuses anything, hides the distributor's messages. It lists the first ten refused entries in the
///   order they were pushed, `entry with timestamp … ignored, reason: '…',`, and then how many it refused and how many it got.
///
/// Sources: `pkg/distributor/validator.go`, `pkg/util/errors.go` `GroupedErrors`, `pkg/ingester/stream.go` `errorForFailedEntries`.
enum LokiRefusal: Equatable, Sendable {
    struct Refused: Equatable, Sendable {
        /// Index among the pushed entries.
        let position: Int
        let reason: RefusalReason
    }

    /// These are refused, sorted; all others are stored, except for those in `undecided`, of which at least one is refused.
    case decided(refused: [Refused], undecided: [Int])
    /// Every entry, for what is wrong with the stream.
    case all(RefusalReason)
    /// Some entries were only over a rate: all must be pushed again later.
    case rateLimited(String)
    /// The words do not tell.
    case unclear(RefusalReason)

    /// `entries` are those that were pushed, in order.
    init(text: String, entries: [EntryFacts]) {
        let words = LokiText.withoutCallPrefix(text)
        if let listing = IngesterListing(words) {
            self = listing.refusal(entries)
        } else if let errors = DistributorErrors(words) {
            if let refused = errors.refused(entries), !refused.isEmpty {
                self = .decided(refused: refused, undecided: [])
            } else {
                self = .unclear(RefusalReason(.other, LokiText.firstLine(words)))
            }
        } else if Self.isAboutLabels(words) {
            self = .all(RefusalReason(.labels, LokiText.firstLine(words)))
        } else {
            self = .unclear(RefusalReason(.other, LokiText.firstLine(words)))
        }
    }

    /// Messages about labels, which concern all entries alike. The text may quote labels, which may hold anything: what it
    /// starts with must fit too.
    private static func isAboutLabels(_ text: String) -> Bool {
        let starts = [
            "Error parsing labels '", "error parsing labels", "couldn't parse labels", "could not parse labels",
            "error at least one label pair is required per stream", "missing required labels ",
        ]
        if starts.contains(where: { text.hasPrefix($0) }) { return true }
        let stems = ["' has label name too long: '", "' has label value too long: '", "' has duplicate label name: '"]
        return text.hasPrefix("stream '") && stems.contains { text.contains($0) }
            || text.hasPrefix("entry for stream '") && text.contains(" label names; limit ")
    }
}

/// The ingester's list.
struct IngesterListing: Equatable {
    struct Listed: Equatable {
        let timestampNanoseconds: UInt64
        let reason: RefusalReason
        /// Of "too far behind": what the stream still took at that moment, to the second.
        let oldestAcceptableSeconds: Int?
    }

    let listed: [Listed]
    let refusedCount: Int
    let pushedCount: Int

    /// nil when the text is none.
    init?(_ text: String) {
        guard let summary = text.range(of: "total ignored: ", backwards: true) else { return nil }
        var rest = text[summary.upperBound...]
        guard let refused = rest.takeNumber(), rest.take(" out of "), let pushed = rest.takeNumber(), rest.hasPrefix(" for stream") else {
            return nil
        }
        var listed: [Listed] = []
        for line in text[..<summary.lowerBound].split(separator: "\n") {
            guard let entry = Self.listed(line) else { continue }
            listed.append(entry)
        }
        self.listed = listed
        refusedCount = refused
        pushedCount = pushed
    }

    private static func listed(_ line: Substring) -> Listed? {
        var rest = line
        guard rest.take("entry with timestamp "), let end = rest.range(of: " ignored, reason: '"),
            let time = GoTime.nanoseconds(rest[..<end.lowerBound])
        else { return nil }
        rest = rest[end.upperBound...]
        if rest.hasSuffix(",") { rest.removeLast() }
        if rest.hasSuffix("'") { rest.removeLast() }
        return Listed(timestampNanoseconds: time, reason: reason(rest), oldestAcceptableSeconds: oldestAcceptable(rest))
    }

    private static func reason(_ text: Substring) -> RefusalReason {
        if text.hasPrefix("entry too far behind") { return RefusalReason(.tooFarBehind, text) }
        if text.hasPrefix("entry out of order") { return RefusalReason(.outOfOrder, text) }
        return RefusalReason(.other, text)
    }

    private static func oldestAcceptable(_ text: Substring) -> Int? {
        guard let stem = text.range(of: "oldest acceptable timestamp is: ", backwards: true) else { return nil }
        return GoTime.seconds(text[stem.upperBound...])
    }
}

extension IngesterListing {
    func refusal(_ entries: [EntryFacts]) -> LokiRefusal {
        let fallback = LokiRefusal.unclear(listed.first?.reason ?? RefusalReason(.other, "\(refusedCount) of \(pushedCount) ignored"))
        if listed.contains(where: { LokiText.isAboutOneStream($0.reason.text) }) { return .rateLimited(listed.last?.reason.text ?? "") }
        // Another number: the distributor took some out before, or split the stream.
        guard pushedCount == entries.count, !listed.isEmpty, listed.count <= refusedCount else { return fallback }
        if refusedCount == pushedCount { return .decided(refused: everything(entries), undecided: []) }
        return listed.count == refusedCount ? complete(entries) ?? fallback : cutShort(entries) ?? fallback
    }

    /// All are refused; only the first ten have their words.
    private func everything(_ entries: [EntryFacts]) -> [LokiRefusal.Refused] {
        entries.indices.map { LokiRefusal.Refused(position: $0, reason: listed[min($0, listed.count - 1)].reason) }
    }

    /// What the stream takes only rises while a push is stored, so of equal times the later ones are refused.
    private var isMonotone: Bool {
        let kind = listed.first?.reason.kind
        return (kind == .tooFarBehind || kind == .outOfOrder) && listed.allSatisfy { $0.reason.kind == kind }
    }

    private func complete(_ entries: [EntryFacts]) -> LokiRefusal? {
        var positions: [UInt64: [Int]] = [:]
        for (position, entry) in entries.enumerated() { positions[entry.timestampNanoseconds, default: []].append(position) }
        var refused: [LokiRefusal.Refused] = []
        var undecided: [Int] = []
        for (time, listed) in Dictionary(grouping: listed, by: \.timestampNanoseconds) {
            guard let candidates = positions[time], listed.count <= candidates.count else { return nil }
            if listed.count == candidates.count || isMonotone {
                refused += zip(candidates.suffix(listed.count), listed).map { LokiRefusal.Refused(position: $0, reason: $1.reason) }
            } else {
                undecided += candidates
            }
        }
        return .decided(refused: refused.sorted { $0.position < $1.position }, undecided: undecided.sorted())
    }

    /// Entries before the last listed one are decided if it is clear which one that is; after it, those older than what the
    /// stream took by then are refused as well. Where that makes up the number, nothing is left to find out.
    private func cutShort(_ entries: [EntryFacts]) -> LokiRefusal? {
        guard isMonotone, let first = listed.first, let last = listed.last else { return nil }
        var reasons: [Int: RefusalReason] = [:]
        var decidedEnd = 0
        if let exact = uniquePositions(entries) {
            for (position, listed) in zip(exact, listed) { reasons[position] = listed.reason }
            decidedEnd = (exact.last ?? -1) + 1
            refuse(entries, after: decidedEnd, behind: last, into: &reasons)
        } else {
            guard let latest = entries.lastIndex(where: { $0.timestampNanoseconds == first.timestampNanoseconds }) else { return nil }
            refuse(entries, after: latest + 1, behind: first, into: &reasons)
        }
        if reasons.isEmpty || reasons.count > refusedCount { return nil }
        let refused = reasons.sorted { $0.key < $1.key }.map { LokiRefusal.Refused(position: $0.key, reason: $0.value) }
        let undecided = reasons.count == refusedCount ? [] : (decidedEnd..<entries.count).filter { reasons[$0] == nil }
        return .decided(refused: refused, undecided: undecided)
    }

    /// Where the listed entries stand; nil when one of their times occurs more than once, or they are not in order.
    private func uniquePositions(_ entries: [EntryFacts]) -> [Int]? {
        var found: [UInt64: Int?] = [:]
        for entry in listed { found[entry.timestampNanoseconds] = .some(nil) }
        guard found.count == listed.count else { return nil }
        for (position, entry) in entries.enumerated() {
            guard let slot = found[entry.timestampNanoseconds] else { continue }
            if slot != nil { return nil }
            found[entry.timestampNanoseconds] = .some(position)
        }
        let positions = listed.compactMap { found[$0.timestampNanoseconds] ?? nil }
        guard positions.count == listed.count, zip(positions, positions.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        return positions
    }

    private func refuse(_ entries: [EntryFacts], after start: Int, behind listed: Listed, into reasons: inout [Int: RefusalReason]) {
        guard let seconds = listed.oldestAcceptableSeconds, let limit = GoTime.nanoseconds(seconds: seconds), start < entries.count else {
            return
        }
        // The time was cut to the second: what is below it is below the real limit too.
        for position in start..<entries.count where entries[position].timestampNanoseconds < limit && reasons[position] == nil {
            reasons[position] = listed.reason
        }
    }
}
