import Configuration
import HTTP
import StructuredLogging

/// A configuration that can be run, with what looked odd in it.
struct LoadedSettings {
    var settings: ServiceSettings
    /// In the order of the file's lines.
    var warnings: [ConfigurationProblem]
    /// The name of what was read.
    var file: String
}

extension ServiceSettings {
    static let defaultListen = "127.0.0.1:8000"

    /// Reads the configuration file at `path`; the built-in configuration where that is nil. Throws every error at once.
    static func load(_ path: String?, environment: @escaping (String) -> String?) throws(ConfigurationError) -> LoadedSettings {
        let problems = ConfigurationProblems()
        let file =
            if let path {
                ConfigurationFile.read(path, problems: problems)
            } else {
                ConfigurationFile(EmbeddedConfiguration.text, name: EmbeddedConfiguration.name, problems: problems)
            }
        return try load(file, environment: environment, problems: problems)
    }

    /// The same for a file that was parsed already; nil where that failed.
    static func load(
        _ file: ConfigurationFile?, environment: @escaping (String) -> String?, problems: ConfigurationProblems
    ) throws(ConfigurationError) -> LoadedSettings {
        let settings = file?.root(environment: environment, problems: problems).object(ServiceSettings.init(reading:))
        guard let file, let settings, !problems.hasErrors else { throw ConfigurationError(problems.sorted) }
        return LoadedSettings(settings: settings, warnings: problems.sorted, file: file.name)
    }

    /// Parts with errors hold placeholders: the load fails then.
    private init(reading object: ConfigurationObject) {
        let root = object.node
        let data = root.environment("TAILSPAN_DATA").flatMap { $0.isEmpty ? nil : $0 } ?? "/var/lib/tailspan"
        // For editors.
        _ = object["$schema"]?.string()

        listen = object["listen"].map { $0.listenAddress(example: Self.defaultListen) ?? "" } ?? Self.defaultListen
        dataDirectory = object["data_dir"].map { $0.absolutePath() ?? "" } ?? data + "/transcode-service"
        if !data.hasPrefix("/") && object["data_dir"] == nil {
            root.tell("The environment variable TAILSPAN_DATA is not an absolute path.")
        }
        databaseURL = object["database_url"]?.databaseURL()
        adminToken = object["admin_token_file"]?.secretFromFile().map(Secret.init)
        object.misplaced("admin_token", "a secret stands in a file of its own; use `admin_token_file`", hidingLine: true)
        log = object["log"]?.object(LogSettings.init(reading:)) ?? LogSettings()
        spans = object["spans"]?.object(SpanSettings.init(reading:)) ?? SpanSettings()
        workers = object["workers"]?.object(WorkerSettings.init(reading:)) ?? WorkerSettings()
        workers.transcriber = object["transcriber"]?.object(WorkerSettings.Transcriber.init(reading:))
        limits = object["limits"]?.object(LimitSettings.init(reading:)) ?? LimitSettings()
        if let node = object["workers"], workers.count == 0, databaseURL == nil {
            node.warn(
                "`workers.count` is 0, and no other instance shares the embedded store: jobs will wait for ever.",
                hint: "Set `workers.count` to 1 or more, or name a `database_url`.")
        }
        if let node = object["listen"], Self.isReachable(listen) {
            node.warn(
                "`\(node.path)` is \"\(listen)\": API keys come from other machines without encryption.",
                hint: "Listen on 127.0.0.1 behind a server that speaks TLS.")
        }
    }

    private static func isReachable(_ listen: String) -> Bool {
        !listen.isEmpty && !["unix:", "127.", "[::1]:", "localhost:"].contains { listen.hasPrefix($0) }
    }
}

extension LogSettings {
    fileprivate init(reading object: ConfigurationObject) {
        let levels: [String: LogLevel] = ["DEBUG": .debug, "INFO": .info, "WARNING": .warning, "ERROR": .error]
        level = object["level"]?.choice(among: ["DEBUG", "INFO", "WARNING", "ERROR"]).flatMap { levels[$0] } ?? .info
        toStandardOutput = object["stdout"].map { $0.bool() ?? true } ?? true
        file = object["file"]?.absolutePath()
        if !toStandardOutput && object["file"] == nil {
            object.node.warn(
                "`\(object.node.path)` writes nowhere: metrics that are derived from the log will not move.",
                hint: "Set `stdout: true`, or name a `file`.")
        }
    }
}

extension SpanSettings {
    fileprivate init(reading object: ConfigurationObject) {
        file = object["file"]?.absolutePath()
        endpoint = object["otlp_endpoint"]?.httpEndpoint()
        sampleRatio = object["sample_ratio"].map { $0.number(in: 0...1) ?? 1 } ?? 1
    }
}

extension WorkerSettings {
    fileprivate init(reading object: ConfigurationObject) {
        self.init()
        if let node = object["count"] { count = node.integer(in: 0...64) ?? 1 }
        if let node = object["ffmpeg"] { ffmpeg = node.program() ?? "" }
        if let node = object["ffprobe"] { ffprobe = node.program() ?? "" }
        if let node = object["timeout"] { timeoutNanoseconds = node.duration(in: 1_000_000_000...7 * 86_400_000_000_000) ?? 1 }
        if let node = object["resolutions"] {
            let elements = node.elements()
            resolutions = elements?.compactMap { $0.choice(Resolution.self) } ?? []
            if elements?.isEmpty == true {
                node.refuse("use at least one of \(ConfigurationNode.list(Resolution.allCases.map(\.rawValue)))")
            }
            for (position, element) in (elements ?? []).enumerated() where resolutions.count == elements?.count {
                if resolutions[..<position].contains(resolutions[position]) {
                    element.tell("`\(element.path)` is there twice; name each resolution once.")
                }
            }
        }
    }
}

extension WorkerSettings.Transcriber {
    fileprivate init(reading object: ConfigurationObject) {
        let node = object.required("command", "[\"whisper-cli\", \"--file\", \"{input}\"]")
        let elements = node?.elements() ?? []
        command = elements.compactMap { $0.string() }
        if let node, command.count == elements.count {
            if command.isEmpty || command[0].isEmpty {
                node.refuse("name a program first: [\"whisper-cli\", \"--file\", \"{input}\"]")
            } else if !command.dropFirst().contains(where: { $0.contains("{input}") }) {
                node.tell("No argument of `\(node.path)` has {input}: the program would not know what to transcribe.")
            }
        }
        model = object.required("model", "\"base\"")?.string() ?? ""
    }
}

extension LimitSettings {
    fileprivate init(reading object: ConfigurationObject) {
        if let node = object["upload_bytes"] { uploadBytes = node.size(in: 1 << 10...16 << 40) ?? 0 }
    }
}

extension ConfigurationNode {
    /// A path, or a name that is looked for on the `PATH`.
    fileprivate func program() -> String? {
        guard let text = string() else { return nil }
        if !text.isEmpty && !text.utf8.contains(0) { return text }
        refuse(found: text, "use the name of a program, or its path")
        return nil
    }

    /// `postgresql://…`: it may hold a password, so that its line is never shown.
    fileprivate func databaseURL() -> Secret? {
        hideLines()
        guard let text = string() else { return nil }
        if text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") { return Secret(value: text) }
        tell(
            "`\(path)` does not start with postgresql://.",
            hint: "For example: \"postgresql://user@host/database\"; null takes the embedded store.")
        return nil
    }

    /// `http://host:port`.
    fileprivate func httpEndpoint() -> String? {
        guard let text = string() else { return nil }
        do throws(HTTPEndpointError) {
            _ = try HTTPEndpoint(url: text)
            return text
        } catch {
            tell("`\(path)`: \(error).", hint: "For example: \"http://127.0.0.1:4318\".")
            return nil
        }
    }
}
