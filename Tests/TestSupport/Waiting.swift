import Glibc

/// What ``waitUntil(_:seconds:_:)`` throws when the time is up.
package struct TimedOut: Error, CustomStringConvertible {
    package let description: String
}

/// Returns as soon as `condition` holds; throws ``TimedOut`` naming `what` after `seconds`.
/// The limit only ends a hang: it is no measure of speed, so it is wide.
package func waitUntil(_ what: String, seconds: Double = 60, _ condition: () throws -> Bool) throws {
    let deadline = now() + seconds
    while try !condition() {
        if now() > deadline { throw TimedOut(description: "waited \(seconds) s for: \(what)") }
        usleep(2_000)
    }
}

private func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
