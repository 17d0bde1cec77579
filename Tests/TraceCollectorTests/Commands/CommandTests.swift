import CommandLineInterface
import Foundation
import Synchronization
import Testing

@testable import TraceCollector

struct CommandTests {
    private func run(_ arguments: [String]) -> (code: ExitCode, output: String) {
        final class Text: Sendable { let value = Mutex("") }
        let output = Text()
        let terminal = Terminal(
            output: { text in output.value.withLock { $0 += text } }, error: { _ in }, outputHasColour: false, errorHasColour: false,
            errorIsTerminal: true)
        let code = TraceCollectorCommand.run(arguments, terminal: terminal) { _ in nil }
        return (code, output.value.withLock { $0 })
    }

    @Test func `the manual page that is shipped is the program's`() throws {
        let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/man/trace-collector.1")
            .standardized
        #expect(
            try run(["man"]).output == String(contentsOf: shipped, encoding: .utf8),
            "trace-collector man > docs/man/trace-collector.1 brings it up to date")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `shells complete commands and options`(shell: String) {
        let completions = run(["completions", shell])
        #expect(completions.code == .success)
        for word in ["run", "check", "config"] { #expect(completions.output.contains(word)) }
    }

    @Test func `help knows every command`() {
        let help = run(["help"]).output
        for command in CollectorCommands.program.commands {
            #expect(help.contains("\n  \(command.name) "))
            #expect(run(["help", command.name]).output.hasPrefix("trace-collector \(command.name)"))
        }
        #expect(run(["help", "run"]).output.contains("HUP"))
    }
}
