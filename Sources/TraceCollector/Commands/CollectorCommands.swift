import CommandLineInterface

/// Every command of the program, in the order in which they are listed.
enum CollectorCommands {
    static let program = ProgramDefinition(
        name: "trace-collector", summary: "spans in, sampled and measured, to Tempo",
        details: [
            """
            Receives spans by OTLP/HTTP or from files, keeps them on the disk until they are delivered, derives Prometheus metrics from \
            them, samples whole traces, and sends them to Tempo or into a directory. Spans go on byte for byte as they came.
            """
        ],
        commands: [run, check],
        firstSteps: [
            CommandExample(command: "trace-collector check --config /etc/trace-collector.json5", purpose: "is the configuration right?"),
            CommandExample(command: "trace-collector run --config /etc/trace-collector.json5", purpose: "until it is asked to stop"),
            CommandExample(command: "curl http://127.0.0.1:9145/metrics", purpose: "what Prometheus will see"),
        ],
        files: [
            .init(term: "data_dir/buffer", meaning: "requests that were accepted, and how far each output is"),
            .init(term: "data_dir/undecided", meaning: "the same for traces that sampling has not decided"),
            .init(term: "data_dir/metrics.state", meaning: "the derived metrics, and up to where in the buffer they count"),
            .init(term: "data_dir/lock", meaning: "held by the collector that uses the directory"),
        ],
        related: [("log-agent", 1), ("promtool", 1)])

    private static let configuration = OptionDefinition(
        name: "config", letter: "c", value: .file,
        summary: "the configuration (JSON5); without it the built-in one, which receives on 127.0.0.1:4318 and writes files")

    private static func exits(_ success: String, failure: String? = nil) -> [ExitMeaning] {
        [ExitMeaning(code: .success, meaning: success)]
            + (failure.map { [ExitMeaning(code: .failure, meaning: $0)] } ?? [])
            + [ExitMeaning(code: .usage, meaning: "bad arguments or configuration")]
    }

    static let run = CommandDefinition(
        name: "run", summary: "receive, derive, sample and deliver until asked to stop",
        details: ["Receives, derives, samples and delivers until asked to stop."], options: [configuration],
        lists: [
            DefinitionList(
                title: "Signals",
                rows: [
                    .init(term: "TERM, INT", meaning: "answer what was begun, deliver what can be delivered in 5 s, stop"),
                    .init(
                        term: "HUP",
                        meaning:
                            "take outputs and sampling over from a changed configuration; a bad one is told in the log, and the old stays"),
                ]),
            DefinitionList(
                title: "Environment of the built-in configuration",
                rows: [
                    .init(term: "TAILSPAN_DATA", meaning: "where buffer and traces go (/var/lib/tailspan)"),
                    .init(term: "TAILSPAN_LISTEN", meaning: "address of /metrics (127.0.0.1:9145)"),
                    .init(term: "TAILSPAN_OTLP_LISTEN", meaning: "address of OTLP/HTTP (127.0.0.1:4318)"),
                ]),
        ],
        exitCodes: exits("asked to stop", failure: "failed at work"),
        examples: [
            CommandExample(
                command: "trace-collector run --config /etc/trace-collector.json5", purpose: "in the foreground, its own log on stderr")
        ])

    static let check = CommandDefinition(
        name: "check", summary: "tell everything that is wrong with a configuration",
        details: [
            "Reads the configuration and tells every error at once: where, what was found, what is allowed. Starts nothing."
        ],
        options: [configuration], exitCodes: exits("it can be run (warnings may be told)"),
        examples: [CommandExample(command: "trace-collector check -c trace-collector.json5", purpose: "before a deployment")])
}
