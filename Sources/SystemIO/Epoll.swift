import CLinux
import Glibc

/// A set of descriptors that one thread waits on (`epoll(7)`).
package struct Epoll: ~Copyable, Sendable {
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let readable = Interest(rawValue: EPOLLIN.rawValue)
        package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
        /// Only reported, never asked for.
        package static let hungUp = Interest(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue | EPOLLRDHUP.rawValue)
    }

    package struct Event: Sendable {
        /// The number that the descriptor was added with.
        package let token: UInt64
        package let ready: Interest
    }

    private let descriptor: FileDescriptor

    package init() throws(SystemError) {
        let raw = epoll_create1(Int32(EPOLL_CLOEXEC))
        if raw < 0 { throw SystemError(call: "epoll_create1", subject: "") }
        descriptor = FileDescriptor(owning: raw)
    }

    package func add(_ raw: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, raw, interest, token)
    }

    package func modify(_ raw: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_MOD, raw, interest, token)
    }

    package func remove(_ raw: Int32) throws(SystemError) {
        try control(EPOLL_CTL_DEL, raw, [], 0)
    }

    /// Waits until something is ready or `milliseconds` have passed (nil: for ever), and appends what is to `events`.
    package func wait(milliseconds: Int?, into events: inout [Event]) throws(SystemError) {
        let capacity = 128
        let failure: Int32? = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { raw in
            let timeout = milliseconds.map { Int32(clamping: max(0, $0)) } ?? -1
            let count = epoll_wait(descriptor.rawValue, raw.baseAddress, Int32(capacity), timeout)
            // A signal ends the wait early: the caller looks at its own state and waits again.
            if count < 0 { return errno == EINTR ? nil : errno }
            for index in 0..<Int(count) {
                events.append(Event(token: raw[index].data.u64, ready: Interest(rawValue: raw[index].events)))
            }
            return nil
        }
        if let failure { throw SystemError(call: "epoll_wait", subject: "", code: failure) }
    }

    private func control(_ operation: Int32, _ raw: Int32, _ interest: Interest, _ token: UInt64) throws(SystemError) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = token
        if epoll_ctl(descriptor.rawValue, operation, raw, &event) < 0 {
            throw SystemError(call: "epoll_ctl", subject: "descriptor \(raw)")
        }
    }
}
