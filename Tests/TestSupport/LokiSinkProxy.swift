import Foundation
import Synchronization
import SystemIO

/// A relay in front of a sink that cuts connections in the middle of requests or answers, as told.
package final class LokiSinkProxy: Sendable {
    /// How one connection ends.
    package enum Cut: Sendable, Equatable {
        case never
        /// After so many bytes from the client went on to the sink.
        case afterRequestBytes(Int)
        /// After so many bytes from the sink went on to the client.
        case afterAnswerBytes(Int)
    }

    private let listener: FileDescriptor
    private let sinkPort: Int
    private let script: Mutex<[Cut]>
    private let isStopped = Atomic(false)
    package let port: Int

    /// `script` holds for one connection after the other; later ones are not cut.
    package init(sinkPort: Int, script: [Cut]) throws {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if raw < 0 { throw SystemError(call: "socket", subject: "") }
        listener = FileDescriptor(owning: raw)
        var address = Self.loopback(port: 0)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if bound < 0 || listen(raw, 16) < 0 { throw SystemError(call: "bind", subject: "127.0.0.1") }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &size) }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.sinkPort = sinkPort
        self.script = Mutex(script)
    }

    package var url: String { "http://127.0.0.1:\(port)/loki/api/v1/push" }
    /// Connections that are still to be cut.
    package var remainingCuts: Int { script.withLock { $0.count } }

    package func start() {
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener.rawValue, nil, nil)
                if client < 0 || isStopped.load(ordering: .acquiring) {
                    if client >= 0 { close(client) }
                    return
                }
                let cut = script.withLock { $0.isEmpty ? .never : $0.removeFirst() }
                Thread.detachNewThread { [sinkPort] in Self.relay(client, toPort: sinkPort, cut) }
            }
        }
    }

    package func stop() {
        isStopped.store(true, ordering: .releasing)
        shutdown(listener.rawValue, Int32(SHUT_RDWR))
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func relay(_ client: Int32, toPort port: Int, _ cut: Cut) {
        let sink = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer {
            close(client)
            close(sink)
        }
        var address = loopback(port: port)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(sink, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { return }
        var requestBytes = 0
        var answerBytes = 0
        var ready = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: sink, events: Int16(POLLIN), revents: 0)]
        while poll(&ready, 2, -1) >= 0 {
            if ready[0].revents != 0 {
                var limit: Int?
                if case .afterRequestBytes(let bytes) = cut { limit = bytes }
                guard pass(client, sink, &requestBytes, limit) else { return }
            }
            if ready[1].revents != 0 {
                var limit: Int?
                if case .afterAnswerBytes(let bytes) = cut { limit = bytes }
                guard pass(sink, client, &answerBytes, limit) else { return }
            }
        }
    }

    /// False when the connection is over.
    private static func pass(_ from: Int32, _ to: Int32, _ passed: inout Int, _ limit: Int?) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(from, &buffer, buffer.count)
        if count <= 0 { return false }
        let allowed = limit.map { min(count, $0 - passed) } ?? count
        var sent = 0
        while sent < allowed {
            let step = buffer[sent..<allowed].withUnsafeBytes { send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if step <= 0 { return false }
            sent += step
        }
        passed += allowed
        return allowed == count
    }
}
