import Foundation
import Synchronization
import SystemIO

/// A small HTTP proxy: opens tunnels (CONNECT), and forwards requests in absolute form, each on a connection of its own. Whatever
/// the host, it connects to `targetPort` of this machine, so that tests can ask for names that are nobody's.
package final class ForwardProxy: Sendable {
    package struct Request: Equatable, Sendable {
        /// `CONNECT loki.test:443 HTTP/1.1`.
        package var line: String
        package var authorization: String?

        package init(line: String, authorization: String?) {
            self.line = line
            self.authorization = authorization
        }
    }

    private struct State {
        var requests: [Request] = []
        /// Answered in place of doing anything.
        var refusal: Int?
    }

    private let listener: FileDescriptor
    private let targetPort: Int
    /// The value of `Proxy-Authorization` that is asked for.
    private let authorization: String?
    private let state = Mutex(State())
    private let isStopped = Atomic(false)
    package let port: Int

    package init(targetPort: Int, authorization: String? = nil) throws {
        listener = try LoopbackSocket.listener()
        port = LoopbackSocket.port(of: listener)
        self.targetPort = targetPort
        self.authorization = authorization
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener.rawValue, nil, nil)
                if client < 0 || isStopped.load(ordering: .acquiring) {
                    if client >= 0 { close(client) }
                    return
                }
                Thread.detachNewThread { [self] in serve(client) }
            }
        }
    }

    package var requests: [Request] { state.withLock { $0.requests } }

    /// Answers every request with this status from now on; nil: no more.
    package func refuse(with status: Int?) { state.withLock { $0.refusal = status } }

    package func stop() {
        isStopped.store(true, ordering: .releasing)
        shutdown(listener.rawValue, Int32(SHUT_RDWR))
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let (head, rest) = Self.head(from: client) else { return }
        var lines = head.components(separatedBy: "\r\n")
        let request = Request(line: lines[0], authorization: Self.value(of: "proxy-authorization", in: lines))
        let refusal = state.withLock { state in
            state.requests.append(request)
            return state.refusal
        }
        if let status = refusal ?? (request.authorization == authorization ? nil : 407) {
            _ = LoopbackSocket.send(
                Array("HTTP/1.1 \(status) No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".utf8)[...], to: client)
            return
        }
        guard let target = LoopbackSocket.connected(toPort: targetPort) else { return }
        defer { close(target) }
        let parts = lines[0].split(separator: " ")
        if parts.first == "CONNECT" {
            // Old proxies speak 1.0 and promise no length.
            guard LoopbackSocket.send(Array("HTTP/1.0 200 Connection established\r\n\r\n".utf8)[...], to: client) else { return }
        } else {
            guard parts.count == 3, let path = URL(string: String(parts[1]))?.path(percentEncoded: true), parts[1].hasPrefix("http://")
            else {
                return
            }
            lines[0] = "\(parts[0]) \(path) \(parts[2])"
            lines.removeAll { $0.lowercased().hasPrefix("proxy-authorization:") }
            lines.append("Connection: close")
            let forwarded = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + rest
            guard LoopbackSocket.send(forwarded[...], to: target) else { return }
        }
        LoopbackSocket.relay(client, target) { from, to in
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            let count = read(from, &buffer, buffer.count)
            return count > 0 && LoopbackSocket.send(buffer[..<count], to: to)
        }
    }

    /// The head of a request without the empty line at its end, and what of the body came with it.
    private static func head(from client: Int32) -> (String, [UInt8])? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 64 << 10 {
            if let end = bytes.indices.dropLast(3).first(where: { Array(bytes[$0..<$0 + 4]) == [13, 10, 13, 10] }) {
                return (String(decoding: bytes[..<end], as: UTF8.self), Array(bytes[(end + 4)...]))
            }
            let count = read(client, &buffer, buffer.count)
            if count <= 0 { return nil }
            bytes += buffer[..<count]
        }
        return nil
    }

    private static func value(of name: String, in lines: [String]) -> String? {
        lines.first { $0.lowercased().hasPrefix(name + ":") }.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
}
