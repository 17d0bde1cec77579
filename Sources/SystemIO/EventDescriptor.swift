import CLinux
import Glibc

/// A descriptor that one thread makes readable to wake another (`eventfd(2)`).
package final class EventDescriptor: Sendable {
    private let descriptor: FileDescriptor

    package var rawValue: Int32 { descriptor.rawValue }

    package init() throws(SystemError) {
        let raw = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        if raw < 0 { throw SystemError(call: "eventfd", subject: "") }
        descriptor = FileDescriptor(owning: raw)
    }

    /// Makes it readable. Any number of signals before the next ``drain()`` wake once.
    package func signal() {
        var one: UInt64 = 1
        // EAGAIN means that the counter is full, so it is readable already.
        _ = retryingOnInterrupt { write(descriptor.rawValue, &one, 8) }
    }

    /// Makes it unreadable again.
    package func drain() {
        var count: UInt64 = 0
        _ = retryingOnInterrupt { read(descriptor.rawValue, &count, 8) }
    }
}
