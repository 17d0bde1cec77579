import Glibc
import Synchronization
import SystemIO

@testable import HTTP

/// A blocking socket that tests write hostile bytes to. A read that waits for 20 s fails: it would hang.
final class RawSocket: Sendable {
    private let descriptor: FileDescriptor

    var rawValue: Int32 { descriptor.rawValue }

    init(owning descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(self.descriptor.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    convenience init(connectingTo port: Int) throws {
        try self.init(connectingTo: SocketAddress.resolve(host: "127.0.0.1", port: port)[0])
    }

    convenience init(connectingToUnixPath path: String) throws {
        guard let address = SocketAddress(unixPath: path) else { throw SystemError(call: "connect", subject: path, code: ENAMETOOLONG) }
        try self.init(connectingTo: address)
    }

    private convenience init(connectingTo address: SocketAddress) throws {
        let descriptor = try address.makeSocket()
        let flags = fcntl(descriptor.rawValue, F_GETFL)
        _ = fcntl(descriptor.rawValue, F_SETFL, flags & ~O_NONBLOCK)
        let code = address.connect(descriptor)
        if code != 0 { throw SystemError(call: "connect", subject: address.description, code: code) }
        self.init(owning: descriptor)
    }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = retryingOnInterrupt {
                bytes[sent...].withUnsafeBytes { send(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            if count < 0 { throw SystemError(call: "send", subject: "test socket") }
            sent += count
        }
    }

    /// What arrives next; empty at the end.
    func read(atMost maximum: Int = 64 << 10) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: maximum)
        let count = retryingOnInterrupt { recv(descriptor.rawValue, &bytes, maximum, 0) }
        if count < 0 { throw SystemError(call: "recv", subject: "test socket") }
        return Array(bytes[..<count])
    }

    /// Everything up to and with `end`.
    @discardableResult
    func read(until end: String) throws -> String {
        var text = ""
        while !text.hasSuffix(end) {
            let byte = try read(atMost: 1)
            if byte.isEmpty { throw SystemError(call: "recv", subject: "end of input after \(text)", code: ECONNRESET) }
            text += String(decoding: byte, as: UTF8.self)
        }
        return text
    }

    func readAll() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let more = try read()
            if more.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += more
        }
    }

    func finishWriting() { shutdown(descriptor.rawValue, Int32(SHUT_WR)) }

    /// The next close sends a reset in place of an orderly end.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor.rawValue, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }
}

/// A listener whose connections are served by the closures it is given, one after the other, on one thread.
final class ScriptedServer: Sendable {
    let port: Int
    private let descriptor: FileDescriptor
    private let accepted = Atomic(0)
    private let failures = Mutex<[String]>([])
    private let finished = Atomic(false)

    /// How many connections came.
    var connectionCount: Int { accepted.load(ordering: .acquiring) }
    /// What the scripts threw.
    var errors: [String] { failures.withLock { $0 } }
    var isFinished: Bool { finished.load(ordering: .acquiring) }

    /// A connection is closed when its script returns.
    init(_ scripts: (@Sendable (RawSocket) throws -> Void)...) throws {
        let address = try SocketAddress.resolve(host: "127.0.0.1", port: 0)[0]
        descriptor = try address.makeSocket()
        let flags = fcntl(descriptor.rawValue, F_GETFL)
        _ = fcntl(descriptor.rawValue, F_SETFL, flags & ~O_NONBLOCK)
        guard address.bind(descriptor) == 0, listen(descriptor.rawValue, 16) == 0 else { throw SystemError(call: "bind", subject: "test") }
        port = try SocketAddress(ofSocket: descriptor.rawValue).port
        try WorkerThread("script", stackBytes: 512 << 10) { [self] in
            for script in scripts {
                let raw = retryingOnInterrupt { accept(descriptor.rawValue, nil, nil) }
                guard raw >= 0 else { break }
                accepted.add(1, ordering: .releasing)
                do { try script(RawSocket(owning: FileDescriptor(owning: raw))) } catch { failures.withLock { $0.append("\(error)") } }
            }
            finished.store(true, ordering: .releasing)
        }.detach()
    }

    func client(limits: HTTPLimits = HTTPLimits()) throws -> HTTPClient {
        try HTTPClient(endpoint: HTTPEndpoint(url: "http://127.0.0.1:\(port)/push"), limits: limits)
    }
}

let second: UInt64 = 1_000_000_000

/// Bytes in which no part is like the one before it.
func patternBytes(_ count: Int) -> [UInt8] {
    let pattern = (0..<65_537).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    var bytes: [UInt8] = []
    while bytes.count < count { bytes += pattern }
    return Array(bytes[..<count])
}
