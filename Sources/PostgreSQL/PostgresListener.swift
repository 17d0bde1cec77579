import Synchronization
import SystemIO

/// Waits for notifications (`LISTEN`) on a connection and a thread of its own, and connects again whenever that is lost.
/// Lives until ``stop()``.
package final class PostgresListener: Sendable {
    package enum Event: Equatable, Sendable {
        /// From here on notifications arrive; some may have been missed before.
        case listening
        case notified(PostgresNotification)
        /// It is tried again by itself.
        case lost(PostgresError)
    }

    private let settings: PostgresSettings
    private let channels: [String]
    private let receive: @Sendable (Event) -> Void
    private let wake: EventDescriptor
    private let isStopping = Atomic(false)
    private let thread = Mutex<WorkerThread?>(nil)

    /// Calls `receive` on its own thread. Channels are names of small letters, digits and underscores.
    package init(
        _ settings: PostgresSettings, channels: [String], receive: @escaping @Sendable (Event) -> Void
    ) throws(SystemError) {
        for channel in channels {
            precondition(
                !channel.isEmpty
                    && channel.utf8.allSatisfy {
                        $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    }, "not a channel: \(channel)")
        }
        self.settings = settings
        self.channels = channels
        self.receive = receive
        wake = try EventDescriptor()
        let started = try WorkerThread("listener", stackBytes: 512 << 10) {
            while self.listenOnce() {}
        }
        thread.withLock { $0 = started }
    }

    /// Returns once the thread has ended; at the latest after the connect time-out. Not to be called from `receive`.
    package func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wake.signal()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    /// Listens until the connection is lost. False: it is to stop.
    private func listenOnce() -> Bool {
        if isStopping.load(ordering: .sequentiallyConsistent) { return false }
        do throws(PostgresError) {
            let connection = try PostgresConnection(settings)
            for channel in channels { try connection.execute(PostgresStatement("listen", "LISTEN \(channel)", isPrepared: false)) }
            receive(.listening)
            while !isStopping.load(ordering: .sequentiallyConsistent) {
                for notification in try connection.notifications() { receive(.notified(notification)) }
                let ready = Poll.readable([connection.socket, wake.rawValue], milliseconds: 30_000)
                // A peer that has gone without a word is noticed by asking.
                if !ready[0] && !ready[1] { try connection.execute(Self.probe) }
            }
            return false
        } catch {
            if isStopping.load(ordering: .sequentiallyConsistent) { return false }
            receive(.lost(error))
            _ = Poll.readable([wake.rawValue], milliseconds: Int.random(in: 250...750))
            return !isStopping.load(ordering: .sequentiallyConsistent)
        }
    }

    private static let probe = PostgresStatement("listen.probe", "SELECT 1", isPrepared: false)
}
