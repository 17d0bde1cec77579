import CommandLineInterface
import Synchronization

@testable import LogAgent

/// What a run of the program wrote, and its exit code.
struct CommandOutcome: Equatable {
    var output: String
    var error: String
    var code: ExitCode
}

/// Runs a command of the program as its main function does.
func runCommand(_ arguments: [String], colours: Bool = false, environment: [String: String] = [:]) -> CommandOutcome {
    final class Written: Sendable {
        let texts = Mutex((output: "", error: ""))
    }
    let written = Written()
    let terminal = Terminal(
        output: { text in written.texts.withLock { $0.output += text } }, error: { text in written.texts.withLock { $0.error += text } },
        outputHasColour: colours, errorHasColour: colours, errorIsTerminal: colours)
    let code = LogAgentCommand.run(arguments, terminal: terminal, environment: { environment[$0] })
    return written.texts.withLock { CommandOutcome(output: $0.output, error: $0.error, code: code) }
}
