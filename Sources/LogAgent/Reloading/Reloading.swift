import Configuration
import Metrics
import Synchronization
import SystemIO

/// How the configuration is read again, and as what it was read first.
struct ConfigurationReading: Sendable {
    var contents: [ConfigurationDifference.Content]
    /// From the files and the environment as they are now.
    var load: @Sendable () throws(ConfigurationError) -> LoadedSettings
}

/// Reads the configuration again when it is asked to, and hands a good one to the reading thread. A bad one is told and forgotten.
///
/// Reading and checking happen on the calling thread, so that reading logs goes on meanwhile.
final class Reloading: Sendable {
    private struct State {
        var settings: LogAgentSettings
        var contents: [ConfigurationDifference.Content]
    }

    private let load: @Sendable () throws(ConfigurationError) -> LoadedSettings
    private let shared: SharedAgentState
    private let registry: MetricRegistry
    private let control: ReaderControl
    private let log: AgentLog
    /// As they run.
    private let state: Mutex<State>

    init(
        _ reading: ConfigurationReading, running settings: LogAgentSettings, shared: SharedAgentState, registry: MetricRegistry,
        control: ReaderControl, log: AgentLog
    ) {
        load = reading.load
        self.shared = shared
        self.registry = registry
        self.control = control
        self.log = log
        state = Mutex(State(settings: settings, contents: reading.contents))
    }

    func reload() {
        let loaded: LoadedSettings
        do throws(ConfigurationError) {
            loaded = try load()
        } catch {
            let errors = error.problems.filter { $0.severity == .error }
            log.reloadRefused(errors)
            let first = errors.first?.summary ?? "it can't be read"
            refused(errors.count > 1 ? "\(first) (and \(errors.count - 1) more)" : first)
            return
        }
        log.configurationLooksOdd(loaded.warnings)
        let running = state.withLock { $0.settings }
        let difference = SettingsDifference(running, loaded.settings)
        let settings = loaded.settings.withoutRestart(running: running)
        let contents = loaded.contents
        control.submit(
            Reload(service: LogAgentService(settings: settings, log: log), registry: registry) { [self] outcome in
                switch outcome {
                case .adopted: adopted(settings, contents, difference)
                case .superseded: break
                case .refused(let error):
                    log.reloadRefused(error)
                    refused(error.description)
                }
            })
    }

    private func adopted(_ settings: LogAgentSettings, _ contents: [ConfigurationDifference.Content], _ difference: SettingsDifference) {
        let changes = state.withLock { state in
            let changes = ConfigurationDifference.between(state.contents, contents)
            state = State(settings: settings, contents: contents)
            return changes
        }
        shared.update { $0.configuration = ConfigurationStatus(loadedAt: SystemClock.wallNanoseconds()) }
        log.reloaded(difference, changes)
    }

    private func refused(_ reason: String) {
        shared.update { $0.configuration.lastError = reason }
    }
}
