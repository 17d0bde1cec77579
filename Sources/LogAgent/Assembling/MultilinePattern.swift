/// Says which lines begin an entry and which continue the one before.
struct MultilinePattern {
    private let start: RegexMatcher?
    private let continuation: RegexMatcher?

    init(_ settings: MultilineSettings) {
        start = settings.start.map(RegexMatcher.init)
        continuation = settings.continuation.map(RegexMatcher.init)
    }

    /// A line that matches `start` begins an entry; of the others, with `continuation`, those that don't match that.
    func begins(_ line: UnsafeRawBufferPointer) -> Bool {
        if let start, start.search(line) { return true }
        guard let continuation else { return false }
        return !continuation.search(line)
    }
}
