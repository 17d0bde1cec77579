import Synchronization

/// The one lock around ``AgentState``.
///
/// `@unchecked`: `state` is handed out to no one but the closures of ``update(_:)``, which run one at a time. What a closure returns
/// may refer to parts of the state; only the reading thread does that, and it changes those parts inside of `update` alone.
final class SharedAgentState: @unchecked Sendable {
    private let lock = Mutex(())
    private let state: AgentState

    init(_ state: sending AgentState) {
        self.state = state
    }

    func update<Result>(_ body: (AgentState) -> Result) -> Result {
        var result: Result?
        lock.withLock { _ in result = body(state) }
        guard let result else { preconditionFailure("the closure has run") }
        return result
    }
}
