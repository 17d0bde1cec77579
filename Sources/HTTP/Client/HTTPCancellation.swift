import Synchronization
import SystemIO

/// Makes the requests of one client fail at once and for good, from any thread.
package final class HTTPCancellation: Sendable {
    /// Readable once cancelled, for ever.
    let event: EventDescriptor
    private let flag = Atomic(false)

    init() throws(SystemError) {
        event = try EventDescriptor()
    }

    /// The request in progress and every later one throws ``HTTPClientError/cancelled``.
    package func cancel() {
        flag.store(true, ordering: .releasing)
        event.signal()
    }

    package var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
