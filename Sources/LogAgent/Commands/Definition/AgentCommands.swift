/// Every command of the program, in the order in which they are listed.
enum AgentCommands {
    static let summary = "logs in, metrics out, nothing lost"

    static let details = [
        """
        Tails log files, derives Prometheus metrics from their lines, and ships the lines to Loki or into a directory. \
        Counters stay exact across crashes.
        """
    ]

    static let all = [run, check, ledger, completions, man, version]

    static func named(_ name: String) -> CommandDefinition? { all.first { $0.name == name } }

    static let firstSteps = [
        CommandExample(command: "log-agent check --config /etc/log-agent.json5", purpose: "is the configuration right?"),
        CommandExample(command: "log-agent run --config /etc/log-agent.json5", purpose: "until it is asked to stop"),
        CommandExample(command: "curl http://127.0.0.1:9144/metrics", purpose: "what Prometheus will see"),
    ]

    private static let configuration = OptionDefinition(
        name: "config", letter: "c", value: .file,
        summary: "the configuration (JSON5); without it the built-in one, which reads /data/logs/*.log as transcode-service's log")

    private static func json(_ summary: String) -> OptionDefinition { OptionDefinition(name: "json", summary: summary) }

    private static func exits(_ success: String, failure: String? = nil) -> [ExitMeaning] {
        [ExitMeaning(code: .success, meaning: success)]
            + (failure.map { [ExitMeaning(code: .failure, meaning: $0)] } ?? [])
            + [ExitMeaning(code: .usage, meaning: "bad arguments or configuration")]
    }

    static let run = CommandDefinition(
        name: "run", summary: "tail, derive and ship until asked to stop", details: ["Tails, derives and ships until asked to stop."],
        options: [configuration],
        lists: [
            DefinitionList(
                title: "Signals",
                rows: [
                    .init(term: "TERM, INT", meaning: "ship what is read, write the checkpoint, stop"),
                    .init(
                        term: "HUP",
                        meaning: "read the configuration again; a bad one is refused, with every error logged, and the old one stays"),
                ]),
            DefinitionList(
                title: "Environment of the built-in configuration",
                rows: [
                    .init(term: "TAILSPAN_LOGS", meaning: "directory of the logs (/data/logs)"),
                    .init(term: "TAILSPAN_DATA", meaning: "where state and logs go (/var/lib/tailspan)"),
                    .init(term: "TAILSPAN_LISTEN", meaning: "address of /metrics (127.0.0.1:9144)"),
                ]),
        ],
        exitCodes: exits("asked to stop", failure: "failed at work"),
        examples: [
            CommandExample(command: "log-agent run --config /etc/log-agent.json5", purpose: "in the foreground, its own log on stderr"),
            CommandExample(command: "kill -HUP $(pidof log-agent)", purpose: "take a changed configuration over"),
        ])

    static let check = CommandDefinition(
        name: "check", summary: "tell everything that is wrong with a configuration",
        details: [
            """
            Reads the configuration and its recipes, and tells every error at once: where, what was found, what is allowed. \
            Warns about what can be run but looks odd, such as metrics that no line can ever match. Starts nothing.
            """
        ],
        options: [configuration], exitCodes: exits("it can be run (warnings may be told)"),
        examples: [CommandExample(command: "log-agent check -c log-agent.json5", purpose: "before a deployment")])

    static let ledger = CommandDefinition(
        name: "ledger", summary: "show, or prove, what became of every byte that was read",
        details: ["For each file and output, in bytes and lines: read = delivered + pending + filtered + refused + lost."],
        actions: [
            ActionDefinition(name: "show", summary: "print it as the last checkpoint has it (the default)"),
            ActionDefinition(name: "verify", summary: "read the files again and compare"),
        ],
        options: [configuration, json("one JSON object")],
        exitCodes: exits("the books are in order", failure: "they are not, or there are none"),
        examples: [CommandExample(command: "log-agent ledger verify -c log-agent.json5", purpose: "prove it from the files")])

    static let completions = CommandDefinition(
        name: "completions", summary: "print the completions for a shell",
        details: ["Prints a script that lets a shell complete commands."],
        operand: OperandDefinition(
            placeholder: "SHELL", value: .choice(Shell.allCases.map(\.rawValue)), isRequired: true, summary: "bash, zsh or fish"),
        exitCodes: exits("printed"),
        examples: [
            CommandExample(command: "source <(log-agent completions bash)", purpose: "bash, for this session"),
            CommandExample(
                command: "log-agent completions zsh > \"${fpath[1]}/_log-agent\"", purpose: "zsh, for good"),
            CommandExample(
                command: "log-agent completions fish > ~/.config/fish/completions/log-agent.fish", purpose: "fish, for good"),
        ])

    static let man = CommandDefinition(
        name: "man", summary: "print the manual page", details: ["Prints the manual page, for `man -l` or a package."],
        exitCodes: exits("printed"), examples: [CommandExample(command: "log-agent man | man -l -", purpose: "read it")])

    static let version = CommandDefinition(
        name: "version", summary: "print the version",
        details: ["Prints the version of the program and of the Swift compiler that made it."], exitCodes: exits("printed"))
}
