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
        let invocation: Invocation
        do throws(UsageError) {
            invocation = try Invocation(arguments)
        } catch {
            terminal.error("\(terminal.styled("error:", .red, onError: true)) \(error.message)\n")
            if let hint = error.hint { terminal.error("  \(hint)\n") }
            terminal.error("  \(error.helpCommand) shows what there is.\n")
            return .usage
        }
        switch invocation {
        case .help(let command):
            terminal.output(Help.text(for: command, terminal: terminal))
            return .success
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
        case .completions(let shell):
            terminal.output(Completions.script(for: shell))
            return .success
        case .manual:
            terminal.output(ManualPage.text)
            return .success
        case .version:
            return VersionCommand.run(terminal: terminal)
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
