import CommandLineInterface
import Testing

@testable import LogAgent

@Suite struct `Arguments` {
    static let good: [([String], Invocation)] = [
        (["run"], .run(configuration: nil)),
        (["run", "--config", "f"], .run(configuration: "f")),
        (["run", "--config=f=g"], .run(configuration: "f=g")),
        (["run", "-c", "f"], .run(configuration: "f")),
        (["check", "--config", "f"], .check(configuration: "f")),
        (["ledger"], .ledger(.show, configuration: nil, asJSON: false)),
        (["ledger", "show"], .ledger(.show, configuration: nil, asJSON: false)),
        (["ledger", "verify", "--config", "f"], .ledger(.verify, configuration: "f", asJSON: false)),
        (["ledger", "--config", "f", "verify"], .ledger(.verify, configuration: "f", asJSON: false)),
        (["ledger", "--json", "verify"], .ledger(.verify, configuration: nil, asJSON: true)),
        (["explain"], .explain(ExplainRequest())), (["explain", "-"], .explain(ExplainRequest())),
        (
            ["explain", "s", "-c", "f", "--source=a", "--json"],
            .explain(ExplainRequest(configuration: "f", sample: "s", source: "a", asJSON: true))
        ),
        (["refused"], .refused(RefusedRequest(action: .list))),
        (["refused", "replay", "--output", "l"], .refused(RefusedRequest(action: .replay, output: "l"))),
        (["top", "--once", "-i", "250ms", "-a", "h:1"], .top(TopRequest(address: "h:1", intervalNanoseconds: 250_000_000, once: true))),
    ]

    private func invocation(_ arguments: [String]) throws(UsageError) -> Invocation? {
        guard case .command(let arguments) = try AgentCommands.program.request(arguments) else { return nil }
        return try Invocation(arguments)
    }

    @Test(arguments: good)
    func `ask for a command`(arguments: [String], invocation: Invocation) throws {
        #expect(try self.invocation(arguments) == invocation)
    }

    static let bad: [([String], String)] = [
        (
            [],
            "No command given. | Commands: run, check, explain, ledger, refused, top, completions, man, version, help. | log-agent --help"
        ),
        (["rnu"], "`rnu` is not a command. | Did you mean `run`? | log-agent --help"),
        (["frobnicate"], "`frobnicate` is not a command. | nil | log-agent --help"),
        (["--verison"], "`--verison` is not an option. | Did you mean `--version`? | log-agent --help"),
        (["--config", "f"], "`--config` is not an option. | Options: --help, --version. | log-agent --help"),
        (["help", "chekc"], "`chekc` is not a command. | Did you mean `check`? | log-agent --help"),
        (["run", "--cnofig", "f"], "`--cnofig` is not an option of `run`. | Did you mean `--config`? | log-agent help run"),
        (["run", "--conf=f"], "`--conf` is not an option of `run`. | Did you mean `--config`? | log-agent help run"),
        (["run", "-x"], "`-x` is not an option of `run`. | Options: --config, --help. | log-agent help run"),
        (["run", "--config"], "`--config` needs a file. | For example: --config /etc/log-agent.json5 | log-agent help run"),
        (["run", "--config="], "`--config` needs a file. | For example: --config /etc/log-agent.json5 | log-agent help run"),
        (["run", "-c", "a", "--config=b"], "`--config` is there twice. | nil | log-agent help run"),
        (
            ["check", "f"],
            "`check` takes no argument, but got `f`. | A configuration file is named with --config: --config f | log-agent help check"
        ),
        (["ledger", "verfy"], "`ledger` can show or verify, not `verfy`. | Did you mean `verify`? | log-agent help ledger"),
        (
            ["ledger", "show", "x"],
            "`ledger` takes no argument, but got `x`. | A configuration file is named with --config: --config x | log-agent help ledger"
        ),
        (["version", "--config", "f"], "`--config` is not an option of `version`. | Options: --help. | log-agent help version"),
        (
            ["top", "--interval", "1"],
            "`--interval` is `1`; use a time from 100ms to 1h. | For example: --interval 2s | log-agent help top"
        ),
        (["explain", "a", "b"], "`explain` takes one FILE, but got `a` and `b`. | nil | log-agent help explain"),
        (["completions"], "`completions` needs one of bash, zsh, fish. | nil | log-agent help completions"),
        (["completions", "bsh"], "`completions` knows bash, zsh, fish, not `bsh`. | Did you mean `bash`? | log-agent help completions"),
        (["completions", "zsh", "x"], "`completions` takes one SHELL, but got `zsh` and `x`. | nil | log-agent help completions"),
        (["ledger", "--json=1"], "`--json` takes no value, but got `1`. | nil | log-agent help ledger"),
        (["version", "x"], "`version` takes no argument, but got `x`. | nil | log-agent help version"),
    ]

    @Test(arguments: bad)
    func `that ask for nothing are told`(arguments: [String], told: String) {
        do throws(UsageError) {
            _ = try invocation(arguments)
            Issue.record("taken")
        } catch {
            #expect("\(error.message) | \(error.hint ?? "nil") | \(error.helpCommand)" == told)
        }
    }
}
