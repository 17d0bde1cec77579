/// Which failed attempts are made again, and when. A value without a clock.
///
/// | failures of a job | 1 | 2 | 3 |
/// |---|---|---|---|
/// | is tried again after (10 s, times 6, at most 3 times in all) | 10 s | 60 s | never |
struct RetryRule: Equatable, Sendable {
    /// Attempts that may fail before the job does.
    var maximumAttempts = 3
    var firstNanoseconds: UInt64 = 10_000_000_000
    var factor: UInt64 = 6
    var maximumNanoseconds: UInt64 = 600_000_000_000
    /// A job whose workers die with it again and again is given up at this attempt.
    var maximumClaims = 6

    /// How long to wait; nil when there is no other attempt.
    func pause(afterAttempt attempt: Int, isTransient: Bool) -> UInt64? {
        guard isTransient, attempt < maximumAttempts else { return nil }
        var pause = firstNanoseconds
        for _ in 1..<max(attempt, 1) {
            let (product, isOver) = pause.multipliedReportingOverflow(by: factor)
            pause = isOver ? maximumNanoseconds : min(product, maximumNanoseconds)
        }
        return min(pause, maximumNanoseconds)
    }
}
