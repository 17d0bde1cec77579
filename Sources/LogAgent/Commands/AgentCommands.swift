import CommandLineInterface

/// Every command of the program, in the order in which they are listed.
enum AgentCommands {
    static let program = ProgramDefinition(
        name: "log-agent", summary: "logs in, metrics out, nothing lost",
        details: [
            """
            Tails log files, derives Prometheus metrics from their lines, and ships the lines to Loki or into a directory. \
            Counters stay exact across crashes.
            """
        ],
        commands: [run, check, explain, ledger, refused, top],
        firstSteps: [
            CommandExample(command: "log-agent check --config /etc/log-agent.json5", purpose: "is the configuration right?"),
            CommandExample(command: "log-agent explain --config /etc/log-agent.json5 app.log", purpose: "what becomes of these lines?"),
            CommandExample(command: "log-agent run --config /etc/log-agent.json5", purpose: "until it is asked to stop"),
            CommandExample(command: "curl http://127.0.0.1:9144/metrics", purpose: "what Prometheus will see"),
        ],
        files: [
            .init(
                term: "data_dir/checkpoint", meaning: "how far each file was counted and delivered, and the derived metrics as of there"),
            .init(term: "data_dir/dead-letter/OUTPUT.jsonl", meaning: "lines that an output refused, with the reason of each"),
            .init(term: "data_dir/times", meaning: "the times of lines that carry none"),
            .init(term: "data_dir/lock", meaning: "held by the agent that uses the directory"),
        ],
        related: [("inotify", 7), ("logrotate", 8), ("promtool", 1)])

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

    static let explain = CommandDefinition(
        name: "explain", summary: "show what becomes of each line of a sample",
        details: [
            """
            Takes each line of a sample through the same code as `run`, and shows: the source and format that took it, the fields \
            found, its labels and time, each metric that it moves and by how much, the first condition that failed of each one that it \
            does not, the transforms, and the entry that would be pushed. Ships nothing, and keeps nothing.
            """
        ],
        operand: OperandDefinition(placeholder: "FILE", value: .file, summary: "the sample; standard input where it is left out or -"),
        options: [
            configuration,
            OptionDefinition(
                name: "source", value: .text(placeholder: "NAME", example: "app"),
                summary: "the source to read the lines as; without it the one that takes FILE, or the first"),
            json("one JSON object a line"),
        ],
        exitCodes: exits("every line was explained", failure: "the sample can't be read"),
        examples: [
            CommandExample(command: "log-agent explain -c log-agent.json5 app.log", purpose: "a whole file"),
            CommandExample(
                command: "tail -n 1 app.log | log-agent explain -c log-agent.json5 --source app", purpose: "the newest line"),
        ])

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

    static let refused = CommandDefinition(
        name: "refused", summary: "list lines that an output refused, or send them again",
        details: [
            """
            An output refuses a line for good when it answers that it will never take it: too old, too long, over a limit. Such lines \
            stand with their reasons in `dead-letter` under `data_dir`.
            """,
            """
            `replay` moves the file of an output aside, sends its lines to that output, each until it is decided, and removes what is \
            done. Lines that are refused again go back. A replay that was killed is finished by the next one, and nothing is \
            sent twice that was acknowledged.
            """,
        ],
        actions: [
            ActionDefinition(name: "list", summary: "print how many lines were refused why, and the lines (the default)"),
            ActionDefinition(name: "replay", summary: "send them again, for example after a limit was raised"),
        ],
        options: [
            configuration,
            OptionDefinition(
                name: "output", value: .text(placeholder: "NAME", example: "loki"), summary: "only lines of this output"),
            json("list: one JSON object a line; replay: one with the counts"),
        ],
        exitCodes: exits("listed, or every line was decided", failure: "some lines could not be sent; they are kept"),
        examples: [
            CommandExample(command: "log-agent refused -c log-agent.json5 --output loki", purpose: "which lines, and why"),
            CommandExample(command: "log-agent refused replay -c log-agent.json5", purpose: "send them again"),
        ])

    static let top = CommandDefinition(
        name: "top", summary: "watch a running agent in the terminal",
        details: [
            """
            A live table from the admin address of a running agent: sources with their rates and lag, outputs with what they delivered, \
            pending lines, retries and the last error, memory, and the derived metrics with the most series.
            """
        ],
        options: [
            configuration,
            OptionDefinition(
                name: "address", letter: "a", value: .text(placeholder: "ADDRESS", example: "127.0.0.1:9144"),
                summary: "host:port or unix:/path of the agent; without it that of the configuration"),
            OptionDefinition(
                name: "token-file", value: .file, summary: "holds the bearer token; without it that of the configuration"),
            OptionDefinition(name: "interval", letter: "i", value: .duration, summary: "between two looks (1s)"),
            OptionDefinition(name: "once", summary: "look twice, print the table, and stop"),
        ],
        lists: [DefinitionList(title: "Keys", rows: [.init(term: "q, Ctrl-C", meaning: "stop")])],
        exitCodes: exits("asked to stop", failure: "no agent answers"),
        examples: [
            CommandExample(command: "log-agent top", purpose: "the agent on 127.0.0.1:9144"),
            CommandExample(command: "log-agent top --once --address unix:/run/log-agent.sock", purpose: "for a script or a ticket"),
        ])
}
