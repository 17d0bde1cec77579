import CommandLineInterface

/// Every command of the program, in the order in which they are listed.
enum ServiceCommands {
    static let program = ProgramDefinition(
        name: "transcode-service", summary: "transcodes videos, and tells in its log and spans what it does",
        details: [
            """
            Takes uploads over HTTP, queues them as jobs, transcodes them with ffmpeg, and serves what came of them. Its log lines and spans \
            carry everything that metrics are made of.
            """
        ],
        commands: [serve, check, keys, migrate],
        firstSteps: [
            CommandExample(
                command: "transcode-service check --config /etc/transcode-service.json5", purpose: "is the configuration right?"),
            CommandExample(
                command: "transcode-service keys create --config /etc/transcode-service.json5 --name studio --quota 10GiB",
                purpose: "make an API key; it is shown only once"),
            CommandExample(command: "transcode-service serve --config /etc/transcode-service.json5", purpose: "until it is asked to stop"),
            CommandExample(
                command: "curl -H \"X-API-Key: $KEY\" -F file=@holiday.mp4 http://127.0.0.1:8000/api/v1/jobs", purpose: "upload a video"),
        ],
        files: [
            .init(term: "data_dir/uploads", meaning: "what clients have sent, and in tmp what they are sending"),
            .init(term: "data_dir/outputs", meaning: "transcoded files and transcripts"),
            .init(term: "data_dir/store", meaning: "the embedded job store, when there is no database_url"),
        ],
        related: [("ffmpeg", 1), ("psql", 1)])

    private static let configuration = OptionDefinition(
        name: "config", letter: "c", value: .file, summary: "the configuration (JSON5); without it the built-in one")

    private static func exits(_ success: String, failure: String? = nil) -> [ExitMeaning] {
        [ExitMeaning(code: .success, meaning: success)]
            + (failure.map { [ExitMeaning(code: .failure, meaning: $0)] } ?? [])
            + [ExitMeaning(code: .usage, meaning: "bad arguments or configuration")]
    }

    static let serve = CommandDefinition(
        name: "serve", summary: "take uploads and process them until asked to stop",
        details: [
            """
            Takes uploads and processes them until asked to stop. Several instances can share a database and the data directory. The log goes \
            to standard output, one JSON object a line.
            """
        ],
        options: [configuration],
        lists: [
            DefinitionList(
                title: "Signals",
                rows: [
                    .init(
                        term: "TERM, INT",
                        meaning:
                            "take no more, answer what was asked, process on for 20 s, hand other jobs back, stop; a second one hurries"),
                    .init(term: "HUP", meaning: "open log and span files anew, after they were renamed"),
                ]),
            DefinitionList(
                title: "Environment of the built-in configuration",
                rows: [.init(term: "TAILSPAN_DATA", meaning: "where uploads, outputs and jobs go (/var/lib/tailspan)")]),
        ],
        exitCodes: exits("asked to stop", failure: "could not start"),
        examples: [
            CommandExample(command: "transcode-service serve -c /etc/transcode-service.json5", purpose: "in the foreground"),
            CommandExample(command: "kill -HUP $(pidof transcode-service)", purpose: "after the log was renamed"),
        ])

    static let check = CommandDefinition(
        name: "check", summary: "tell everything that is wrong with a configuration",
        details: ["Reads the configuration, and tells every error at once: where, what was found, what is allowed. Starts nothing."],
        options: [configuration], exitCodes: exits("it can be run (warnings may be told)"),
        examples: [CommandExample(command: "transcode-service check -c transcode-service.json5", purpose: "before a deployment")])

    static let keys = CommandDefinition(
        name: "keys", summary: "make, list or remove API keys",
        details: [
            """
            A key has a name, which logs and metrics show, and may have a storage quota. Only its hash is stored: `create` prints the key \
            itself, once.
            """,
            """
            While a service runs with the embedded store, this asks that service, with its admin token; so `admin_token_file` must be set \
            then.
            """,
        ],
        actions: [
            ActionDefinition(name: "list", summary: "print all keys and what they hold (the default)"),
            ActionDefinition(name: "create", summary: "make a key, and print it"),
            ActionDefinition(name: "remove", summary: "remove a key; its jobs stay"),
        ],
        options: [
            configuration,
            OptionDefinition(name: "name", letter: "n", value: .text(placeholder: "NAME", example: "studio"), summary: "of the key"),
            OptionDefinition(
                name: "quota", letter: "q", value: .text(placeholder: "SIZE", example: "10GiB"),
                summary: "create: what uploads and outputs together may hold; without it there is no limit"),
        ],
        exitCodes: exits("done", failure: "the store can't be used, or there is no such key, or one already"),
        examples: [
            CommandExample(command: "transcode-service keys create -c service.json5 --name studio --quota 10GiB", purpose: "a new key"),
            CommandExample(command: "transcode-service keys -c service.json5", purpose: "who has how much?"),
        ])

    static let migrate = CommandDefinition(
        name: "migrate", summary: "bring the job store to this version",
        details: [
            """
            Makes the tables of the database, or brings them to this version. `serve` does so too; this is for a deployment that does it \
            first, as another user.
            """
        ],
        options: [configuration], exitCodes: exits("the store has this version", failure: "it can't be used"),
        examples: [CommandExample(command: "transcode-service migrate -c service.json5", purpose: "before an update")])
}
