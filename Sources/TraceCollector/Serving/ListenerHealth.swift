import HTTP
import Synchronization

/// Whether the receiver's listener listens, and what it has done.
final class ListenerHealth: Sendable {
    private let server = Mutex<HTTPServer?>(nil)
    private let hasStarted = Atomic(false)

    /// Everything runs; `server` is that of the receiver, where there is one.
    func started(_ server: HTTPServer?) {
        self.server.withLock { $0 = server }
        hasStarted.store(true, ordering: .releasing)
    }

    /// All 0 until there is one.
    var statistics: HTTPServerStatistics { server.withLock { $0 }?.statistics ?? HTTPServerStatistics() }

    /// Why it ended by itself; nil as long as it runs, and without one.
    var ailment: String? {
        server.withLock { $0 }?.failure.map { "the listener of receivers.otlp_http has ended: \($0)" }
    }

    /// Why no spans are taken; nil where they are.
    var unreadiness: String? { hasStarted.load(ordering: .acquiring) ? ailment : "starting" }
}
