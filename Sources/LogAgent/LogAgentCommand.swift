import Configuration
import Glibc

/// The program: arguments → settings → service → exit code.
@main
enum LogAgentCommand {
    static func main() {
        let terminal = Terminal.standard
        let arguments = Array(CommandLine.arguments.dropFirst())
        exit(run(arguments, terminal: terminal, environment: { getenv($0).map { String(cString: $0) } }).rawValue)
    }

    static func run(_ arguments: [String], terminal: Terminal, environment: @escaping (String) -> String?) -> ExitCode {
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
        case .help(let topic):
            terminal.output(Help.text(for: topic, terminal: terminal))
            return .success
        case .version:
            return VersionCommand.run(terminal: terminal)
        case .check(let configuration):
            return CheckCommand.run(configuration, terminal: terminal, environment: environment)
        case .run(let configuration):
            return withSettings(configuration, terminal, environment) { RunCommand.run(settings: $0, terminal: terminal) }
        case .ledger(let action, let configuration):
            return withSettings(configuration, terminal, environment) { LedgerCommand.run(action, settings: $0, terminal: terminal) }
        }
    }

    private static func withSettings(
        _ configuration: String?, _ terminal: Terminal, _ environment: @escaping (String) -> String?,
        _ body: (LogAgentSettings) -> ExitCode
    ) -> ExitCode {
        switch Result(catching: { () throws(ConfigurationError) in try LogAgentSettings.load(configuration, environment: environment) }) {
        case .success(let loaded):
            ProblemReport.print(loaded.warnings, showingLines: terminal.errorIsTerminal, terminal: terminal)
            return body(loaded.settings)
        case .failure(let error):
            ProblemReport.print(error.problems, showingLines: terminal.errorIsTerminal, terminal: terminal)
            return .usage
        }
    }
}
