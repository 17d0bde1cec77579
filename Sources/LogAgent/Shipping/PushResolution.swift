import Delivery

/// Finds out, answer by answer, what became of each entry of one push. A pure value: it says what to send next and is told what
/// the server answered.
///
/// A push starts as one request. An answer that refuses some entries by name ends it. One that leaves some undecided, or does not
/// tell at all, leads to requests with fewer entries: first the undecided ones, else halves, down to a single entry. Entries that
/// are stored already are the same bytes again, and the server removes the copy. Too large a request is halved too.
struct PushResolution {
    enum Verdict: Equatable {
        /// Every entry is stored or refused.
        case finished
        /// Send ``current`` now.
        case again
        /// Send ``current`` later.
        case retry(OutputProblem, DeliveryFailure)
    }

    /// After as many requests of one push the rest is given up as undetermined. Enough to single out several hundred entries.
    static let maximumRequests = 2048
    /// A rate that refuses the same part so many times in a row may be one that so much at once can never pass.
    private static let rateRefusalsBeforeSplit = 3
    /// Below this, a rate is not what is in the way.
    private static let smallestRateSplitBytes = 64 << 10

    private let entryCounts: [Int]
    /// The next part last.
    private var stack: [PushPart]
    private var refusedByBatch: [[Int: RefusalReason]]
    private var rateRefusals = 0
    /// Answers that were no plain "later".
    private(set) var answers = 0

    init(_ batches: [SealedBatch]) {
        entryCounts = batches.map(\.entries.count)
        stack = [.whole(batches)]
        refusedByBatch = batches.map { _ in [:] }
    }

    /// What to send; nil when finished.
    var current: PushPart? { stack.last }

    /// Whether ``current`` is still the whole push, so that its body can be kept.
    var isWhole: Bool {
        guard stack.count == 1, let part = stack.last, part.selections.count == entryCounts.count else { return false }
        return part.selections.allSatisfy { $0.entries == [0..<entryCounts[$0.batch]] }
    }

    /// In the order of the batch.
    func refused(ofBatch batch: Int) -> [RefusedEntry] {
        refusedByBatch[batch].sorted { $0.key < $1.key }.map { RefusedEntry(index: $0.key, reason: $0.value) }
    }

    /// `facts` gives those of one entry of a batch; `bytes` the size of a part.
    mutating func apply(_ answer: LokiAnswer, facts: (_ batch: Int, _ entry: Int) -> EntryFacts?, bytes: (PushPart) -> Int) -> Verdict {
        guard let part = stack.last else { return .finished }
        switch answer {
        case .retry(let problem, let failure):
            guard case .answered(429) = problem.kind else { return .retry(problem, failure) }
            rateRefusals += 1
            if rateRefusals >= Self.rateRefusalsBeforeSplit, part.entryCount > 1, bytes(part) > Self.smallestRateSplitBytes {
                rateRefusals = 0
                stack.removeLast()
                pushHalves(of: part)
            }
            return .retry(problem, failure)
        case .stored:
            stack.removeLast()
        case .tooLarge(let reason):
            stack.removeLast()
            split(part, orRefuseFor: reason)
        case .refused(let text):
            stack.removeLast()
            if let again = applyRefusal(text, to: part, facts: facts) { return again }
        }
        answers += 1
        rateRefusals = 0
        if answers >= Self.maximumRequests { giveUpRest() }
        return stack.isEmpty ? .finished : .again
    }

    private mutating func applyRefusal(_ text: String, to part: PushPart, facts: (Int, Int) -> EntryFacts?) -> Verdict? {
        // Of several streams the words are about one, and which one is not told.
        guard part.selections.count == 1, let selection = part.selections.first else {
            pushHalves(of: part)
            return nil
        }
        let entries = selection.entries.flatMap { Array($0) }
        let known = entries.compactMap { facts(selection.batch, $0) }
        guard known.count == entries.count else {
            split(part, orRefuseFor: RefusalReason(.other, LokiText.firstLine(text)))
            return nil
        }
        switch LokiRefusal(text: text, entries: known) {
        case .all(let reason):
            refuse(entries, of: selection.batch, for: reason)
        case .unclear(let reason):
            split(part, orRefuseFor: reason)
        case .rateLimited(let words):
            stack.append(part)
            return .retry(OutputProblem(.answered(status: 400), LokiText.firstLine(words)), DeliveryFailure(scope: .stream, pace: .backoff))
        case .decided(let refused, let undecided):
            for one in refused { refusedByBatch[selection.batch][entries[one.position]] = one.reason }
            if undecided.isEmpty { return nil }
            let rest = PushPart(selections: [.init(batch: selection.batch, entries: Self.ranges(undecided.map { entries[$0] }))])
            // The same request would get the same answer.
            if undecided.count == entries.count { pushHalves(of: rest) } else { stack.append(rest) }
        }
        return nil
    }

    private mutating func split(_ part: PushPart, orRefuseFor reason: RefusalReason) {
        if part.entryCount > 1 { return pushHalves(of: part) }
        for selection in part.selections { refuse(selection.entries.flatMap { Array($0) }, of: selection.batch, for: reason) }
    }

    private mutating func refuse(_ entries: [Int], of batch: Int, for reason: RefusalReason) {
        for entry in entries { refusedByBatch[batch][entry] = reason }
    }

    /// Each stream for itself, or the older half of a stream before the younger: a stream's order is kept.
    private mutating func pushHalves(of part: PushPart) {
        guard part.selections.count == 1, let selection = part.selections.first else {
            stack.append(contentsOf: part.selections.reversed().map { PushPart(selections: [$0]) })
            return
        }
        let half = selection.entryCount / 2
        var older: [Range<Int>] = []
        var younger: [Range<Int>] = []
        var before = 0
        for range in selection.entries {
            let cut = range.lowerBound + min(max(half - before, 0), range.count)
            if cut > range.lowerBound { older.append(range.lowerBound..<cut) }
            if cut < range.upperBound { younger.append(cut..<range.upperBound) }
            before += range.count
        }
        for ranges in [younger, older] where !ranges.isEmpty {
            stack.append(PushPart(selections: [.init(batch: selection.batch, entries: ranges)]))
        }
    }

    /// It may be stored; what is certain is that it is not lost when it is put aside.
    private mutating func giveUpRest() {
        let reason = RefusalReason(.undetermined, "\(answers) answers did not tell whether it was stored")
        for part in stack {
            for selection in part.selections { refuse(selection.entries.flatMap { Array($0) }, of: selection.batch, for: reason) }
        }
        stack = []
    }

    private static func ranges(_ entries: [Int]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for entry in entries {
            if let last = ranges.last, last.upperBound == entry {
                ranges[ranges.count - 1] = last.lowerBound..<entry + 1
            } else {
                ranges.append(entry..<entry + 1)
            }
        }
        return ranges
    }
}
