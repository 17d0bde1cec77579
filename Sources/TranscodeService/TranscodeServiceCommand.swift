import CommandLineInterface
import Configuration
import Glibc
import SystemIO

/// The program: arguments → settings → service → exit code.
@main
enum TranscodeServiceCommand {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == SupervisedProcess.launchArgument { SupervisedProcess.launch(Array(arguments.dropFirst())) }
        exit(run(arguments, terminal: .standard, environment: { getenv($0).map { String(cString: $0) } }).rawValue)
    }

    static func run(_ arguments: [String], terminal: Terminal, environment: @escaping (String) -> String?) -> ExitCode {
        ServiceCommands.program.run(arguments, terminal: terminal) { arguments throws(UsageError) in
            let request = try ServiceRequest(arguments)
            if request.action == .check { return CheckCommand.run(request.configuration, terminal: terminal, environment: environment) }
            let loaded: LoadedSettings
            do throws(ConfigurationError) {
                loaded = try ServiceSettings.load(request.configuration, environment: environment)
            } catch {
                ProblemReport.print(error.problems, showingLines: terminal.errorIsTerminal, terminal: terminal)
                return .usage
            }
            switch request.action {
            case .serve: return ServeCommand.run(loaded, terminal: terminal)
            case .keys(let action): return KeysCommand.run(action, settings: loaded.settings, terminal: terminal)
            case .migrate: return MigrateCommand.run(loaded.settings, terminal: terminal)
            case .check: preconditionFailure("`check` is done before")
            }
        }
    }
}
