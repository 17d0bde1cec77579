import CommandLineInterface
import Configuration
import Glibc
import StructuredLogging

/// The program: arguments → settings → service → exit code.
@main
enum TraceCollectorCommand {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        exit(run(arguments, terminal: .standard, environment: { getenv($0).map { String(cString: $0) } }).rawValue)
    }

    static func run(_ arguments: [String], terminal: Terminal, environment: @escaping @Sendable (String) -> String?) -> ExitCode {
        CollectorCommands.program.run(arguments, terminal: terminal) { arguments throws(UsageError) in
            let configuration = arguments.values["config"]
            switch arguments.command.name {
            case CollectorCommands.check.name: return CheckCommand.run(configuration, terminal: terminal, environment: environment)
            default: return runService(configuration, terminal: terminal, environment: environment)
            }
        }
    }

    private static func runService(
        _ configuration: String?, terminal: Terminal, environment: @escaping @Sendable (String) -> String?
    ) -> ExitCode {
        let load: @Sendable () throws(ConfigurationError) -> LoadedSettings = { () throws(ConfigurationError) in
            try TraceCollectorSettings.load(configuration, environment: environment)
        }
        let loaded: LoadedSettings
        do throws(ConfigurationError) {
            loaded = try load()
        } catch {
            ProblemReport.print(error.problems, showingLines: terminal.errorIsTerminal, terminal: terminal)
            return .usage
        }
        let logger = Logger(name: "trace-collector", output: LogOutput(service: "trace-collector"))
        if terminal.errorIsTerminal {
            ProblemReport.print(loaded.warnings, showingLines: true, terminal: terminal)
        } else {
            ProblemReport.log(loaded.warnings, to: logger.named("configuration"))
        }
        do throws(CollectorError) {
            try TraceCollectorService(settings: loaded.settings, log: CollectorLog(logger: logger)).run(
                ConfigurationReading(content: loaded.content, load: load))
            return .success
        } catch {
            if terminal.errorIsTerminal {
                terminal.error("trace-collector: \(error.description)\n")
            } else {
                // Whoever reads the log of a service reads JSON lines.
                logger.error("trace-collector can't run.", ["error": .describing(error)])
            }
            return .failure
        }
    }
}
