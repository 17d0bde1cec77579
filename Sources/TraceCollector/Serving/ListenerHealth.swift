import HTTP
import Synchronization

/// Whether the receiver's listener still listens, and what it has done.
final class ListenerHealth: Sendable {
    private let server = Mutex<HTTPServer?>(nil)

    func watch(_ server: HTTPServer) { self.server.withLock { $0 = server } }

    /// All 0 until there is one.
    var statistics: HTTPServerStatistics { server.withLock { $0 }?.statistics ?? HTTPServerStatistics() }

    /// Why it ended by itself; nil as long as it runs, and without one.
    var ailment: String? {
        server.withLock { $0 }?.failure.map { "the listener of receivers.otlp_http has ended: \($0)" }
    }
}
