import Dispatch
import Synchronization
import SystemIO

/// Writes checkpoints on a queue of its own: a slow disk never holds up reading.
final class CheckpointWriter: Sendable {
    struct Saved: Sendable {
        /// Wall clock, nanoseconds since 1970.
        var at: UInt64
        var byteCount: Int
        /// What was submitted with it.
        var times: [UInt64: UInt64]
    }

    private let file: CheckpointFile
    private let queue = DispatchQueue(label: "checkpoint")
    private let state = Mutex(State())

    private struct State {
        var isBusy = false
        var result: Result<Saved, SystemError>?
    }

    init(_ file: CheckpointFile) {
        self.file = file
    }

    var isBusy: Bool { state.withLock { $0.isBusy } }

    func submit(_ bytes: [UInt8], _ times: [UInt64: UInt64]) {
        state.withLock { $0.isBusy = true }
        queue.async { [self] in
            let result: Result<Saved, SystemError>
            do throws(SystemError) {
                try file.write(bytes)
                result = .success(Saved(at: SystemClock.wallNanoseconds(), byteCount: bytes.count, times: times))
            } catch {
                result = .failure(error)
            }
            state.withLock {
                $0.isBusy = false
                $0.result = result
            }
        }
    }

    /// What became of the last one, once.
    func takeResult() -> Result<Saved, SystemError>? {
        state.withLock { $0.result.take() }
    }

    /// Waits until everything submitted is written.
    func finish() {
        queue.sync {}
    }
}
