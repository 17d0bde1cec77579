import Configuration

extension SourceSettings {
    static let defaultPollNanoseconds: UInt64 = 1_000_000_000
    static let defaultMaximumLineBytes = 256 << 10

    static func readAll(_ node: ConfigurationNode) -> [SourceSettings] {
        guard let elements = node.elements() else { return [] }
        if elements.isEmpty { node.refuse("name at least one source") }
        let sources = elements.map { ($0, $0.object(SourceSettings.init(reading:))) }
        node.tellRepeatedNames(sources.map { ($0.0, $0.1?.name) }, of: "source")
        return sources.compactMap(\.1)
    }

    private init(reading object: ConfigurationObject) {
        name = object.required("name", "\"app\"")?.identifier() ?? ""
        _ = object["type"]?.choice(among: ["file"], later: ["stdin", "exec", "syslog", "journald", "docker", "kubernetes"])
        let isFile = object["type"].map { $0.value == .string("file") } ?? true
        include = (isFile ? object.required("include", "[\"/var/log/app/*.log\"]") : object["include"])?.globs(allowingNames: false) ?? []
        exclude = object["exclude"]?.globs(allowingNames: true) ?? []
        startAt = object["start_at"]?.choice() ?? .beginning
        watch = object["watch"]?.choice() ?? .auto
        pollNanoseconds = object["poll_interval"]?.duration(in: 10_000_000...3_600_000_000_000) ?? Self.defaultPollNanoseconds
        envelope = LineEnvelope.read(object)
        format = envelope == nil ? LineFormat.read(object) ?? .json : LineFormat.read(object, "inner") ?? .text
        timestamp = object["timestamp"]?.object(TimestampSettings.init(reading:)) ?? nil
        labels =
            object["labels"]?.namedTemplates("label") ?? [NamedTemplate(name: "job", template: .constant(name))]
        metadata = object["metadata"]?.namedTemplates("metadata") ?? []
        maximumLineBytes =
            object["max_line_bytes"].flatMap { $0.size(in: 1 << 10...16 << 20) }.map(Int.init) ?? Self.defaultMaximumLineBytes
        let lineBytes = maximumLineBytes
        multiline = object["multiline"]?.object { MultilineSettings(reading: $0, maximumLineBytes: lineBytes) } ?? nil
        if envelope == nil { object.misplaced("inner", "it is the format of what `docker` or `cri` lines hold; use `format`") }
        for key in ["pattern", "regex", "restart", "command", "address", "docker_labels"] { object.later(key) }

        warn(in: object)
    }

    private func warn(in object: ConfigurationObject) {
        if let node = object["labels"] {
            if node.value == .object([:]) { node.warn("`\(node.path)` is empty: Loki files such lines under \"unknown_service\".") }
            if labels.count > 15 { node.warn("`\(node.path)` has \(labels.count) names; Loki takes at most 15 unless told otherwise.") }
            for label in ["trace_id", "span_id", "request_id", "job_id", "user_id"] where labels.contains(where: { $0.name == label }) {
                node.warn(
                    "`\(node.path.appending(label))` makes one Loki stream for each value.",
                    hint: "Put it into `metadata`: it can be searched there too.")
            }
        }
        guard format == .text else { return }
        let templates = labels + metadata
        if let node = object["timestamp"] { node.warn("`\(node.path)`: a line of text has no fields, so its time is when it was read.") }
        if let label = templates.first(where: { if case .field = $0.template { true } else { false } }) {
            (object["labels"] ?? object.node).warn("`\(label.name)` takes a field, but a line of text has none: it will be missing.")
        }
    }
}
