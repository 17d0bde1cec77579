import Synchronization
import SystemIO

/// What others say to a job that runs, and what it tells them: the progress.
final class JobControl: Sendable {
    enum StopReason: Equatable, Sendable {
        /// The owner does not want it any more.
        case cancelled
        /// Another worker has the job.
        case leaseLost
        /// The service ends: another instance, or the next start, is to process it.
        case handBack
    }

    private struct State {
        var stop: StopReason?
        var progress = 0.0
    }

    /// Readable from the first ``stop(_:)`` on.
    let event: EventDescriptor
    private let state = Mutex(State())

    init() throws(SystemError) {
        event = try EventDescriptor()
    }

    /// The first reason counts.
    func stop(_ reason: StopReason) {
        state.withLock { if $0.stop == nil { $0.stop = reason } }
        event.signal()
    }

    var stopReason: StopReason? { state.withLock { $0.stop } }

    /// 0 to 1; never falls.
    var progress: Double { state.withLock { $0.progress } }

    func advance(to progress: Double) {
        state.withLock { $0.progress = min(max($0.progress, progress), 1) }
    }
}
