import Configuration
import Synchronization
import SystemIO

/// How the configuration is read again, and as what it was read first.
struct ConfigurationReading: Sendable {
    var content: ConfigurationDifference.Content
    /// From the file and the environment as they are now.
    var load: @Sendable () throws(ConfigurationError) -> LoadedSettings
}

/// How the configuration that is in use came to be.
struct ConfigurationStatus: Equatable, Sendable {
    /// When it was taken over; nanoseconds since 1970.
    var loadedAt: UInt64
    /// Attempts to take another one over, by how they went.
    var reloads: UInt64 = 0
    var failedReloads: UInt64 = 0
    /// Why the last of them failed; nil after a success.
    var lastError: String?
}

/// Reads the configuration again when it is asked to, and hands what can be changed to the parts that run. A bad one is told and
/// forgotten. Everything goes on meanwhile.
final class Reloading: Sendable {
    private struct State {
        /// As they run.
        var settings: TraceCollectorSettings
        var content: ConfigurationDifference.Content
        var status: ConfigurationStatus
    }

    private let load: @Sendable () throws(ConfigurationError) -> LoadedSettings
    private let outputs: [Output]
    private let sampling: SamplingStage?
    private let log: CollectorLog
    private let state: Mutex<State>

    init(
        _ reading: ConfigurationReading, running settings: TraceCollectorSettings, outputs: [Output], sampling: SamplingStage?,
        log: CollectorLog
    ) {
        load = reading.load
        self.outputs = outputs
        self.sampling = sampling
        self.log = log
        state = Mutex(
            State(
                settings: settings, content: reading.content, status: ConfigurationStatus(loadedAt: SystemClock.wallNanoseconds())))
    }

    var status: ConfigurationStatus { state.withLock { $0.status } }

    /// To be called by one thread.
    func reload() {
        let loaded: LoadedSettings
        do throws(ConfigurationError) {
            loaded = try load()
        } catch {
            let errors = error.problems.filter { $0.severity == .error }
            log.reloadRefused(errors)
            let first = errors.first?.summary ?? "it can't be read"
            return refused(errors.count > 1 ? "\(first) (and \(errors.count - 1) more)" : first)
        }
        log.configurationLooksOdd(loaded.warnings)
        let running = state.withLock { $0.settings }
        let difference = SettingsDifference(running, loaded.settings)
        do throws(OutputError) {
            for settings in difference.outputs { try outputs.first { $0.name == settings.name }?.adopt(settings) }
        } catch {
            log.reloadRefused(error)
            return refused("\(error)")
        }
        if let settings = difference.sampling { sampling?.adopt(settings) }
        let changes = state.withLock { state in
            defer {
                state.settings = running.adopting(difference)
                state.content = loaded.content
                state.status = ConfigurationStatus(
                    loadedAt: SystemClock.wallNanoseconds(), reloads: state.status.reloads + 1, failedReloads: state.status.failedReloads)
            }
            return ConfigurationDifference.between([state.content], [loaded.content])
        }
        log.reloaded(difference, changes)
    }

    private func refused(_ reason: String) {
        state.withLock { state in
            state.status.failedReloads += 1
            state.status.lastError = reason
        }
    }
}
