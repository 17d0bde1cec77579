import Glibc
import SystemIO

/// Blocking TCP sockets of 127.0.0.1.
package enum LoopbackSocket {
    /// A listener on a port that the kernel chose.
    static func listener() throws -> FileDescriptor {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if raw < 0 { throw SystemError(call: "socket", subject: "") }
        let descriptor = FileDescriptor(owning: raw)
        var address = address(port: 0)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if bound < 0 || listen(raw, 16) < 0 { throw SystemError(call: "bind", subject: "127.0.0.1") }
        return descriptor
    }

    static func port(of descriptor: borrowing FileDescriptor) -> Int {
        var address = address(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let raw = descriptor.rawValue
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// A connected socket, to be closed by the caller; nil when nobody listens.
    package static func connected(toPort port: Int) -> Int32? {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if raw < 0 { return nil }
        var address = address(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if result == 0 { return raw }
        close(raw)
        return nil
    }

    /// False when the peer is gone.
    static func send(_ bytes: ArraySlice<UInt8>, to socket: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Hands what comes from either to `pass`, until that gives false.
    static func relay(_ one: Int32, _ other: Int32, _ pass: (_ from: Int32, _ to: Int32) -> Bool) {
        var ready = [pollfd(fd: one, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0)]
        while retryingOnInterrupt({ poll(&ready, 2, -1) }) >= 0 {
            if ready[0].revents != 0, !pass(one, other) { return }
            if ready[1].revents != 0, !pass(other, one) { return }
        }
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
