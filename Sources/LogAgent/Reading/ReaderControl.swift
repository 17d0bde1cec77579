import Synchronization
import SystemIO

/// What other threads tell the reading thread. Each wakes it.
final class ReaderControl: Sendable {
    let event: EventDescriptor
    let outcomes: OutcomeMailbox
    /// Monotonic time by which a stop must be over; 0 while none is asked for.
    private let stopDeadline = Atomic<UInt64>(0)

    init() throws(SystemError) {
        event = try EventDescriptor()
        outcomes = OutcomeMailbox(event: event)
    }

    var isStopping: Bool { stopDeadline.load(ordering: .acquiring) != 0 }

    var isOutOfTime: Bool {
        let deadline = stopDeadline.load(ordering: .acquiring)
        return deadline != 0 && SystemClock.monotonicNanoseconds() >= deadline
    }

    /// Asks the reading thread to send what it has read, save its state and return, all within `nanoseconds`.
    func stop(within nanoseconds: UInt64) {
        stopDeadline.store(SystemClock.monotonicNanoseconds() + nanoseconds, ordering: .releasing)
        event.signal()
    }
}
