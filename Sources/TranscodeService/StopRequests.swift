import Synchronization
import SystemIO

/// What signals ask of the service's main thread: to stop, and again, to hurry.
final class StopRequests: Sendable {
    private struct State {
        var first: Int32?
        var again: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let wake: EventDescriptor

    init() throws(SystemError) { wake = try EventDescriptor() }

    func request(_ signal: Int32) {
        let again = state.withLock { state -> (@Sendable () -> Void)? in
            if state.first != nil { return state.again }
            state.first = signal
            return nil
        }
        again?()
        wake.signal()
    }

    /// Calls `body` for each signal after the first.
    func whenRequestedAgain(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.again = body } }

    /// Gives the first signal, once there is one.
    func wait() -> Int32 {
        while true {
            if let first = state.withLock({ $0.first }) { return first }
            _ = Poll.readable([wake.rawValue], milliseconds: nil)
        }
    }
}
