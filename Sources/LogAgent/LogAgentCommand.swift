import CommandLineInterface
import Configuration
import Glibc
import StructuredLogging
import SystemIO

/// The program: arguments → settings → service → exit code.
@main
enum LogAgentCommand {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == SupervisedProcess.launchArgument { SupervisedProcess.launch(Array(arguments.dropFirst())) }
        let terminal = Terminal.standard
        exit(run(arguments, terminal: terminal, environment: { getenv($0).map { String(cString: $0) } }).rawValue)
    }

    static func run(_ arguments: [String], terminal: Terminal, environment: @escaping @Sendable (String) -> String?) -> ExitCode {
        AgentCommands.program.run(arguments, terminal: terminal) { arguments throws(UsageError) in
            perform(try Invocation(arguments), terminal: terminal, environment: environment)
        }
    }

    private static func perform(
        _ invocation: Invocation, terminal: Terminal, environment: @escaping @Sendable (String) -> String?
    ) -> ExitCode {
        switch invocation {
        case .explain(let request):
            return withSettings(request.configuration, terminal, environment) { loaded in
                ExplainCommand.run(request, settings: loaded.settings, terminal: terminal)
            }
        case .refused(let request):
            return withSettings(request.configuration, terminal, environment) { loaded in
                RefusedCommand.run(request, settings: loaded.settings, terminal: terminal)
            }
        case .top(let request):
            return TopCommand.run(request, terminal: terminal, environment: environment)
        case .check(let configuration):
            return CheckCommand.run(configuration, terminal: terminal, environment: environment)
        case .run(let configuration):
            return withSettings(configuration, terminal, environment) { loaded in
                if terminal.errorIsTerminal {
                    ProblemReport.print(loaded.warnings, showingLines: true, terminal: terminal)
                } else {
                    ProblemReport.log(loaded.warnings, to: Logger(name: "configuration", output: LogOutput(service: "log-agent")))
                }
                return RunCommand.run(loaded, terminal: terminal) { () throws(ConfigurationError) in
                    try LogAgentSettings.load(configuration, environment: environment)
                }
            }
        case .ledger(let action, let configuration, let asJSON):
            return withSettings(configuration, terminal, environment) { loaded in
                LedgerCommand.run(action, settings: loaded.settings, asJSON: asJSON, terminal: terminal)
            }
        }
    }

    private static func withSettings(
        _ configuration: String?, _ terminal: Terminal, _ environment: @escaping (String) -> String?,
        _ body: (LoadedSettings) -> ExitCode
    ) -> ExitCode {
        switch Result(catching: { () throws(ConfigurationError) in try LogAgentSettings.load(configuration, environment: environment) }) {
        case .success(let loaded):
            return body(loaded)
        case .failure(let error):
            ProblemReport.print(error.problems, showingLines: terminal.errorIsTerminal, terminal: terminal)
            return .usage
        }
    }
}
