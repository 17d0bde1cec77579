import Synchronization
import SystemIO

/// What the thread of one source is told from outside. Each call wakes it.
final class CaptureControl: Sendable {
    /// How long a source goes on reading what has already arrived when it is told to stop.
    static let lastReadNanoseconds: UInt64 = 1_000_000_000
    /// How long it tries to write that.
    static let lastWriteNanoseconds: UInt64 = 5_000_000_000

    let event: EventDescriptor
    private let state = Mutex(State())

    private struct State {
        var stop: Stop?
        var signals: [Int32] = []
    }

    struct Stop {
        /// The signal that asked for it.
        var signal: Int32
        /// Monotonic.
        var sinceNanoseconds: UInt64
        /// At once, whatever is left.
        var isImmediate = false
    }

    init() throws(SystemError) {
        event = try EventDescriptor()
    }

    /// nil until it is asked to stop.
    var stop: Stop? { state.withLock { $0.stop } }

    func stop(by signal: Int32) {
        state.withLock { state in
            if state.stop == nil {
                state.stop = Stop(signal: signal, sinceNanoseconds: SystemClock.monotonicNanoseconds())
            } else {
                state.stop?.isImmediate = true
            }
        }
        event.signal()
    }

    /// A signal for the service of an `exec` source.
    func pass(_ signal: Int32) {
        state.withLock { $0.signals.append(signal) }
        event.signal()
    }

    func takeSignals() -> [Int32] { state.withLock { state in exchange(&state.signals, with: []) } }
}
