import CommandLineInterface
import Configuration
import StructuredLogging

/// `log-agent run`: until it is told to stop.
enum RunCommand {
    /// `load` reads the configuration again.
    static func run(
        _ loaded: LoadedSettings, terminal: Terminal, load: @escaping @Sendable () throws(ConfigurationError) -> LoadedSettings
    ) -> ExitCode {
        let logger = Logger(name: "log-agent", level: .info, output: LogOutput(service: "log-agent"))
        let service = LogAgentService(settings: loaded.settings, log: AgentLog(logger: logger))
        do throws(LogAgentError) {
            return .ofService(try service.run(ConfigurationReading(contents: loaded.contents, load: load)))
        } catch {
            if terminal.errorIsTerminal {
                terminal.error("log-agent: \(error.description)\n")
            } else {
                // Whoever reads the log of a service reads JSON lines.
                logger.error("log-agent can't run.", ["error": .describing(error)])
            }
            return .failure
        }
    }
}
