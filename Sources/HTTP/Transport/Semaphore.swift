import CLinux
import Glibc

/// Counts what threads wait for (`sem_init(3)`).
final class Semaphore: @unchecked Sendable {
    // Set once, freed after the last reference; sem_post and sem_wait are for any thread.
    private let handle: UnsafeMutablePointer<sem_t>

    init() {
        handle = .allocate(capacity: 1)
        handle.initialize(to: sem_t())
        sem_init(handle, 0, 0)
    }

    deinit {
        sem_destroy(handle)
        handle.deallocate()
    }

    func signal() {
        sem_post(handle)
    }

    func wait() {
        while sem_wait(handle) < 0 && errno == EINTR {}
    }

    /// False when `nanoseconds` have passed first, on the monotonic clock.
    func wait(nanoseconds: UInt64) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_MONOTONIC, &until)
        let (seconds, rest) = (UInt64(until.tv_nsec) + min(nanoseconds, 1 << 60)).quotientAndRemainder(dividingBy: 1_000_000_000)
        until.tv_sec += Int(seconds)
        until.tv_nsec = Int(rest)
        while sem_clockwait(handle, CLOCK_MONOTONIC, &until) < 0 {
            if errno != EINTR { return false }
        }
        return true
    }
}
