import Metrics

/// A configuration that was read and checked, on its way to the reading thread.
struct Reload: Sendable {
    enum Outcome: Sendable {
        case adopted
        /// A newer one came before the reading thread took it.
        case superseded
        /// It can be read, but not run; the old one stays.
        case refused(LogAgentError)
    }

    /// Of the new settings, which keep the data directory and the server of the running ones.
    let service: LogAgentService
    let registry: MetricRegistry
    /// Called once, by the reading thread or by whoever brings a newer one.
    let finished: @Sendable (Outcome) -> Void
}
