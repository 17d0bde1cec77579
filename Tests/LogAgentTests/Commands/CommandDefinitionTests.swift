import CommandLineInterface
import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `Command definitions` {
    @Test func `have plain names, each once, and say something of everything`() {
        #expect(Set(AgentCommands.program.commands.map(\.name)).count == AgentCommands.program.commands.count)
        for command in AgentCommands.program.commands {
            let options = command.options + [.help]
            #expect(Set(options.map(\.name)).count == options.count, "\(command.name)")
            #expect(Set(options.compactMap(\.letter)).count == options.compactMap(\.letter).count, "\(command.name)")
            for text in [command.summary] + command.actions.map(\.summary) + options.map(\.summary) {
                #expect(!text.isEmpty && !text.hasSuffix("."), "\(command.name): \(text)")
            }
            for text in command.details { #expect(text.hasSuffix(".") || text.hasSuffix("lost."), "\(command.name): \(text)") }
        }
    }

    @Test func `are what their examples are made of`() throws {
        for example in AgentCommands.program.commands.flatMap(\.examples) + AgentCommands.program.firstSteps {
            for part in example.command.split(separator: "|") {
                let words = part.split(separator: " ").map(String.init).drop { $0 != "log-agent" }
                guard words.count > 1 else { continue }
                let arguments = words.dropFirst().prefix { $0 != ">" }.map { $0.hasSuffix(")") ? String($0.dropLast()) : $0 }
                #expect(throws: Never.self, "\(example.command)") { try AgentCommands.program.request(Array(arguments)) }
            }
        }
    }

    /// Where the sources stand, from here.
    static let manualPage = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../docs/man/log-agent.1").standardized.path

    @Test func `make the manual page that is shipped`() throws {
        let shipped = try String(contentsOfFile: Self.manualPage, encoding: .utf8)
        #expect(ManualPage.text(of: AgentCommands.program) == shipped, "log-agent man > docs/man/log-agent.1 brings it up to date")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mandoc"), "mandoc comes with Debian's mandoc"))
    func `make a manual page without a mistake`() throws {
        let result = try ChildProcess.run(["/usr/bin/mandoc", "-T", "lint", "-W", "warning", Self.manualPage], in: "/")
        #expect(result.output + result.error == "")
    }
}

@Suite struct `Completions of shells` {
    private func write(_ shell: Shell, in directory: String) throws -> String {
        let path = directory + "/completions"
        try Completions(of: AgentCommands.program).script(for: shell).write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// What bash offers for the last of `words`.
    private func bash(_ words: [String], in directory: String) throws -> [String] {
        let path = try write(.bash, in: directory)
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let script =
            "cd \(directory); source \(path); COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1); _log_agent; printf '%s\\n' \"${COMPREPLY[@]}\""
        let result = try ChildProcess.run(["/bin/bash", "-euc", script], in: directory)
        #expect(result.ending == .exited(0), "\(result.error)")
        return result.output.split(separator: "\n").map(String.init)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash"), "there is no bash"))
    func `offer commands, actions, options and files in bash`() throws {
        try withTemporaryDirectory { directory in
            #expect(
                try bash(["log-agent", ""], in: directory) == AgentCommands.program.commands.map(\.name) + ["help", "--help", "--version"])
            #expect(try bash(["log-agent", "che"], in: directory) == ["check"])
            #expect(try bash(["log-agent", "help", "led"], in: directory) == ["ledger"])
            #expect(try bash(["log-agent", "ledger", ""], in: directory) == ["show", "verify", "--config", "--json", "--help"])
            #expect(try bash(["log-agent", "ledger", "v"], in: directory) == ["verify"])
            #expect(try bash(["log-agent", "completions", "f"], in: directory) == ["fish"])
            try "".write(toFile: directory + "/one file.json5", atomically: false, encoding: .utf8)
            #expect(try bash(["log-agent", "check", "-c", "one"], in: directory) == ["one file.json5"])
            #expect(try bash(["log-agent", "version", "--config", ""], in: directory) == ["--help"])
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zsh"), "there is no zsh"))
    func `are a script that zsh takes`() throws {
        try withTemporaryDirectory { directory in
            let path = try write(.zsh, in: directory)
            let script = "autoload -Uz compinit && compinit -u -d \(directory)/dump && source \(path) && print $_comps[log-agent]"
            let result = try ChildProcess.run(["/usr/bin/zsh", "-fec", script], in: directory)
            #expect(result.ending == .exited(0) && result.output == "_log-agent\n", "\(result.error)")
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/fish"), "there is no fish"))
    func `offer commands, actions and options in fish`() throws {
        try withTemporaryDirectory { directory in
            let path = try write(.fish, in: directory)
            func offered(_ text: String) throws -> [String] {
                let result = try ChildProcess.run(["/usr/bin/fish", "-N", "-c", "source \(path); complete -C '\(text)'"], in: directory)
                #expect(result.ending == .exited(0) && result.error == "", "\(result.error)")
                return result.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
            }
            #expect(try offered("log-agent che") == ["check"])
            #expect(try offered("log-agent ledger v") == ["verify"])
            #expect(try offered("log-agent ledger --js") == ["--json"])
        }
    }
}
