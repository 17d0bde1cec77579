import Synchronization
import SystemIO

/// Runs `body` on `count` threads at once, each with its number, and throws the first error.
package func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let failure = Mutex<(any Error)?>(nil)
    let threads = try (0..<count).map { index in
        try WorkerThread("test", stackBytes: 512 << 10) {
            do {
                try body(index)
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
    }
    for thread in threads { thread.join() }
    if let failure = failure.withLock({ $0 }) { throw failure }
}
