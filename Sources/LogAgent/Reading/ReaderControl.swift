import Synchronization
import SystemIO

/// What other threads tell the reading thread. Each wakes it.
final class ReaderControl: Sendable {
    let event: EventDescriptor
    let outcomes: OutcomeMailbox
    /// Monotonic time by which a stop must be over; 0 while none is asked for.
    private let stopDeadline = Atomic<UInt64>(0)
    private let reload = Mutex<Reload?>(nil)
    private let nextSenderNumber = Atomic<Int>(0)
    private let finishes = Atomic<Bool>(false)

    init() throws(SystemError) {
        event = try EventDescriptor()
        outcomes = OutcomeMailbox(event: event)
    }

    var isStopping: Bool { stopDeadline.load(ordering: .acquiring) != 0 }

    /// Hands a new configuration to the reading thread. One that it has not taken yet is replaced by it.
    func submit(_ new: Reload) {
        let superseded = reload.withLock { reload in
            let old = reload
            reload = new
            return old
        }
        superseded?.finished(.superseded)
        event.signal()
    }

    func takeReload() -> Reload? {
        reload.withLock { reload in
            let taken = reload
            reload = nil
            return taken
        }
    }

    /// The number of the next sender.
    func makeSenderNumber() -> Int { nextSenderNumber.wrappingAdd(1, ordering: .relaxed).oldValue }

    var isOutOfTime: Bool {
        let deadline = stopDeadline.load(ordering: .acquiring)
        return deadline != 0 && SystemClock.monotonicNanoseconds() >= deadline
    }

    /// Nothing more will be captured: the reading thread is to return once all that was is delivered.
    var isFinishing: Bool { finishes.load(ordering: .acquiring) }

    /// Asks the reading thread to deliver all that was captured and then to stop by itself.
    func finish() {
        finishes.store(true, ordering: .releasing)
        event.signal()
    }

    /// Asks the reading thread to send what it has read, save its state and return, all within `nanoseconds`.
    func stop(within nanoseconds: UInt64) {
        // Asked again, it has no more time than before.
        _ = stopDeadline.compareExchange(
            expected: 0, desired: SystemClock.monotonicNanoseconds() + nanoseconds, ordering: .acquiringAndReleasing)
        event.signal()
    }
}
