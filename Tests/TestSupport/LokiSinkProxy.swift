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
        listener = try LoopbackSocket.listener()
        port = LoopbackSocket.port(of: listener)
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

    private static func relay(_ client: Int32, toPort port: Int, _ cut: Cut) {
        defer { close(client) }
        guard let sink = LoopbackSocket.connected(toPort: port) else { return }
        defer { close(sink) }
        var requestBytes = 0
        var answerBytes = 0
        LoopbackSocket.relay(client, sink) { from, to in
            if from == client {
                if case .afterRequestBytes(let limit) = cut { return pass(from, to, &requestBytes, limit) }
                return pass(from, to, &requestBytes, nil)
            }
            if case .afterAnswerBytes(let limit) = cut { return pass(from, to, &answerBytes, limit) }
            return pass(from, to, &answerBytes, nil)
        }
    }

    /// False when the connection is over.
    private static func pass(_ from: Int32, _ to: Int32, _ passed: inout Int, _ limit: Int?) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(from, &buffer, buffer.count)
        if count <= 0 { return false }
        let allowed = limit.map { min(count, $0 - passed) } ?? count
        guard LoopbackSocket.send(buffer[..<allowed], to: to) else { return false }
        passed += allowed
        return allowed == count
    }
}
