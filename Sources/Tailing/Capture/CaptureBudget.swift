import Synchronization
import SystemIO

/// How many bytes of capture segments may lie on the disk at a time. Shared by the logs of one source; any thread may use it.
package final class CaptureBudget: Sendable {
    package let maximumBytes: UInt64
    /// Readable once room was made, until it is drained.
    package let roomMade: EventDescriptor
    private let used = Atomic<UInt64>(0)

    package init(maximumBytes: UInt64) throws(SystemError) {
        self.maximumBytes = maximumBytes
        roomMade = try EventDescriptor()
    }

    /// What lies on the disk now. A write may take it beyond the maximum, by its own length.
    package var usedBytes: UInt64 { used.load(ordering: .relaxed) }

    package var isUsedUp: Bool { usedBytes >= maximumBytes }

    func take(_ bytes: UInt64) { used.add(bytes, ordering: .relaxed) }

    func giveBack(_ bytes: UInt64) {
        used.subtract(bytes, ordering: .relaxed)
        roomMade.signal()
    }
}
