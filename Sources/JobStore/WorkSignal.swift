import SystemIO

/// Tells waiting workers that there may be something to claim. One signal between a fruitless claim and the wait after it is not missed.
final class WorkSignal: Sendable {
    private struct State {
        /// Of signals so far.
        var count: UInt64 = 0
        /// As it was when the last fruitless claim began: whoever waits knows of that many.
        var known: UInt64 = 0
    }

    private let state = Monitor(State())

    /// To be read before a claim, for ``foundNothing(since:)``.
    var count: UInt64 { state.withLock { $0.count } }

    func foundNothing(since count: UInt64) {
        state.withLock { $0.known = max($0.known, count) }
    }

    func signal() {
        state.withLock { $0.count += 1 }
        state.broadcast()
    }

    func wait(upTo nanoseconds: UInt64) {
        let start = SystemClock.monotonicNanoseconds()
        let deadline = start.addingReportingOverflow(nanoseconds).overflow ? .max : start + nanoseconds
        state.wait { state in
            state.count > state.known || SystemClock.monotonicNanoseconds() >= deadline ? .done(()) : .wait(untilNanoseconds: deadline)
        }
    }
}
