/// Says which lines begin an entry and which continue the one before.
struct MultilinePattern {
    private let start: BytePattern?
    private let continuation: BytePattern?

    init(_ settings: MultilineSettings) throws(BytePatternError) {
        start = try settings.start.map { text throws(BytePatternError) in try BytePattern(text) }
        continuation = try settings.continuation.map { text throws(BytePatternError) in try BytePattern(text) }
    }

    /// A line that matches `start` begins an entry; of the others, with `continuation`, those that don't match that.
    func begins(_ line: UnsafeRawBufferPointer) -> Bool {
        if let start, start.matches(line) { return true }
        guard let continuation else { return false }
        return !continuation.matches(line)
    }
}
