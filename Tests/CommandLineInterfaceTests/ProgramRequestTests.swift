import CommandLineInterface
import Testing

@Suite struct `Requests to a program` {
    static let program = ProgramDefinition(
        name: "lamp", summary: "light and dark", details: ["A lamp."],
        commands: [
            CommandDefinition(
                name: "shine", summary: "give light", details: ["Gives light."],
                options: [OptionDefinition(name: "config", letter: "c", value: .file, summary: "the configuration")],
                exitCodes: [ExitMeaning(code: .success, meaning: "shone")])
        ])

    static let answered: [([String], ProgramRequest)] = [
        (["completions", "zsh"], .completions(.zsh)), (["man"], .manual),
        (["version"], .version), (["--version"], .version), (["-V"], .version),
        (["--help"], .help(command: nil)), (["-h"], .help(command: nil)), (["help"], .help(command: nil)),
        (["help", "help"], .help(command: nil)),
        (["help", "shine"], .help(command: "shine")), (["shine", "--help"], .help(command: "shine")),
        (["shine", "--config", "f", "-h"], .help(command: "shine")), (["version", "-h"], .help(command: "version")),
    ]

    @Test(arguments: answered)
    func `that every program answers`(arguments: [String], request: ProgramRequest) throws {
        #expect(try Self.program.request(arguments) == request)
    }

    @Test func `for its own commands carry what stood behind them`() throws {
        guard case .command(let arguments) = try Self.program.request(["shine", "-c", "f"]) else {
            Issue.record("no command")
            return
        }
        #expect(arguments.command.name == "shine")
        #expect(arguments.values == ["config": "f"])
    }

    static let refused: [([String], String)] = [
        ([], "No command given. | Commands: shine, completions, man, version, help. | lamp --help"),
        (["shien"], "`shien` is not a command. | Did you mean `shine`? | lamp --help"),
        (["shine", "--confg=f"], "`--confg` is not an option of `shine`. | Did you mean `--config`? | lamp help shine"),
        (["shine", "-c"], "`--config` needs a file. | For example: --config /etc/lamp.json5 | lamp help shine"),
    ]

    @Test(arguments: refused)
    func `that make no sense are told with the program's name`(arguments: [String], told: String) {
        do throws(UsageError) {
            _ = try Self.program.request(arguments)
            Issue.record("taken")
        } catch {
            #expect("\(error.message) | \(error.hint ?? "nil") | \(error.helpCommand)" == told)
        }
    }

    @Test func `show in help, manual and completions under the program's name`() {
        let terminal = Terminal(
            output: { _ in }, error: { _ in }, outputHasColour: false, errorHasColour: false, errorIsTerminal: false)
        #expect(Help.text(for: "shine", of: Self.program, terminal: terminal).hasPrefix("lamp shine [--config FILE]\n"))
        #expect(Help.text(for: nil, of: Self.program, terminal: terminal).contains("explain a command: lamp help shine"))
        let page = ManualPage.text(of: Self.program)
        #expect(page.hasPrefix(".TH LAMP 1 ") && page.contains(".SH NAME\nlamp \\- light and dark\n"))
        for shell in Shell.allCases {
            let script = Completions(of: Self.program).script(for: shell)
            #expect(script.contains("lamp") && script.contains("shine") && !script.contains("log"), "\(shell)")
        }
    }
}
