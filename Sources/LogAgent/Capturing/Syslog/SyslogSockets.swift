import CLinux
import Glibc
import HTTP
import SystemIO

/// A socket that takes datagrams, one message each. A socket file is removed with it.
final class SyslogDatagramSocket {
    let transport: SyslogCounts.Transport
    private let socket: Listener
    private var knownDrops: UInt32 = 0

    var rawValue: Int32 { socket.rawValue }

    init(_ socket: Listener, _ transport: SyslogCounts.Transport) {
        self.socket = socket
        self.transport = transport
        // Bursts wait there; the kernel gives as much as it allows.
        var bytes: Int32 = 4 << 20
        setsockopt(rawValue, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The next datagram; nil when there is none. `length` is what it had, which may be more than fits.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> (bytes: UnsafeRawBufferPointer, length: Int)? {
        let length = retryingOnInterrupt { recv(rawValue, buffer.baseAddress, buffer.count, Int32(MSG_TRUNC) | Int32(MSG_DONTWAIT)) }
        guard length >= 0 else { return nil }
        return (UnsafeRawBufferPointer(rebasing: buffer[..<min(length, buffer.count)]), length)
    }

    /// Datagrams that the kernel has dropped since this was asked last, because the buffer was full.
    func takeDrops() -> Int {
        // SO_MEMINFO gives an array of numbers; the ninth counts drops (`sock_diag(7)`: SK_MEMINFO_DROPS).
        let dropsIndex = 8
        var information = [UInt32](repeating: 0, count: 16)
        var length = socklen_t(information.count * MemoryLayout<UInt32>.size)
        guard getsockopt(rawValue, SOL_SOCKET, 55, &information, &length) == 0,
            Int(length) > dropsIndex * MemoryLayout<UInt32>.size
        else { return 0 }
        let drops = information[dropsIndex]
        defer { knownDrops = drops }
        return Int(drops &- knownDrops)
    }
}

/// One peer that sends messages one after the other.
final class SyslogConnection {
    let transport: SyslogCounts.Transport
    let descriptor: FileDescriptor
    var decoder: SyslogStreamDecoder
    var lastByteNanoseconds: UInt64

    init(_ descriptor: consuming FileDescriptor, _ transport: SyslogCounts.Transport, maximumMessageBytes: Int, now: UInt64) {
        self.transport = transport
        self.descriptor = descriptor
        decoder = SyslogStreamDecoder(maximumMessageBytes: maximumMessageBytes)
        lastByteNanoseconds = now
        if transport == .tcp {
            // A peer that is gone without a word is noticed at some time.
            var one: Int32 = 1
            setsockopt(self.descriptor.rawValue, SOL_SOCKET, SO_KEEPALIVE, &one, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}
