import Synchronization
import SystemIO

/// Says until when writing may wait for readers. For any thread.
final class StopSignal: Sendable {
    private let wake: EventDescriptor
    private let deadline = Atomic<UInt64>(.max)

    init() throws(SystemError) { wake = try EventDescriptor() }

    /// Readable, for ever, once there is a deadline.
    var descriptor: Int32 { wake.rawValue }

    /// On the monotonic clock; nil: there is no end yet.
    var deadlineNanoseconds: UInt64? {
        let time = deadline.load(ordering: .acquiring)
        return time == .max ? nil : time
    }

    func stop(atNanoseconds time: UInt64) {
        deadline.store(time, ordering: .releasing)
        wake.signal()
    }
}
