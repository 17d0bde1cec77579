import Testing

@testable import LogAgent

@Suite struct `Arguments` {
    static let good: [([String], Invocation)] = [
        (["run"], .run(configuration: nil)),
        (["run", "--config", "f"], .run(configuration: "f")),
        (["run", "--config=f=g"], .run(configuration: "f=g")),
        (["run", "-c", "f"], .run(configuration: "f")),
        (["check", "--config", "f"], .check(configuration: "f")),
        (["ledger"], .ledger(.show, configuration: nil)),
        (["ledger", "show"], .ledger(.show, configuration: nil)),
        (["ledger", "verify", "--config", "f"], .ledger(.verify, configuration: "f")),
        (["ledger", "--config", "f", "verify"], .ledger(.verify, configuration: "f")),
        (["version"], .version), (["--version"], .version), (["-V"], .version),
        (["--help"], .help(.overview)), (["-h"], .help(.overview)), (["help"], .help(.overview)), (["help", "help"], .help(.overview)),
        (["help", "run"], .help(.run)), (["run", "--help"], .help(.run)), (["run", "--config", "f", "-h"], .help(.run)),
        (["ledger", "--help"], .help(.ledger)), (["version", "-h"], .help(.version)), (["help", "check"], .help(.check)),
    ]

    @Test(arguments: good)
    func `ask for a command`(arguments: [String], invocation: Invocation) throws {
        #expect(try Invocation(arguments) == invocation)
    }

    static let bad: [([String], String)] = [
        ([], "No command given. | Commands: run, check, ledger, version, help. | log-agent --help"),
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
        (["version", "x"], "`version` takes no argument, but got `x`. | nil | log-agent help version"),
    ]

    @Test(arguments: bad)
    func `that ask for nothing are told`(arguments: [String], told: String) {
        do throws(UsageError) {
            _ = try Invocation(arguments)
            Issue.record("taken")
        } catch {
            #expect("\(error.message) | \(error.hint ?? "nil") | \(error.helpCommand)" == told)
        }
    }
}
