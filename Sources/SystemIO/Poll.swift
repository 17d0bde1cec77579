import Glibc

/// `poll(2)`: waits for a few descriptors. Takes regular files and terminals too, which epoll does not.
package enum Poll {
    /// Waits until one of `descriptors` can be read, has hung up or has failed, or until `milliseconds` have passed (nil: for ever).
    /// Says so for each; negative ones are left out and never ready. A signal may end the wait early.
    package static func readable(_ descriptors: [Int32], milliseconds: Int?) -> [Bool] {
        var set = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let count = poll(&set, nfds_t(set.count), milliseconds.map { Int32(clamping: max(0, $0)) } ?? -1)
        return set.map { count > 0 && $0.revents != 0 }
    }
}
