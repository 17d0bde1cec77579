import Glibc
import SystemIO
import TestSupport

/// A socket that says whatever a test wants. A read that waits for a minute gives up: it would hang.
final class RawClient: Sendable {
    let descriptor: Int32

    init(port: Int) throws {
        guard let made = LoopbackSocket.connected(toPort: port) else { throw SystemError(call: "connect", subject: "127.0.0.1:\(port)") }
        descriptor = made
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// False when the server is gone.
    @discardableResult
    func write(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return retryingOnInterrupt { send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) } == bytes.count
    }

    /// What comes until `end`, or until the server closes.
    func read(until end: String? = nil) -> String {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end, String(decoding: answer, as: UTF8.self).contains(end) { break }
            let count = retryingOnInterrupt { recv(descriptor, &buffer, buffer.count, 0) }
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    /// The first of them that the server has sent something to.
    static func firstAnswered(_ clients: [RawClient]) -> RawClient? {
        var ready = clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        _ = retryingOnInterrupt { poll(&ready, nfds_t(ready.count), 60_000) }
        return zip(clients, ready).first { $0.1.revents != 0 }?.0
    }
}
