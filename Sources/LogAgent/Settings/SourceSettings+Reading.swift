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
        let ownTime = format == .syslog ? TimestampSettings(field: SyslogReader.timestampField, format: .syslog) : nil
        timestamp = object["timestamp"].map { $0.object { TimestampSettings(reading: $0, default: ownTime) } ?? nil } ?? ownTime
        LineFormat.tellMisplaced(object, formatKeys: envelope == nil ? ["format"] : ["inner"])
        if envelope == nil { object.misplaced("inner", "it is the format of what lines of the formats `docker` and `cri` hold") }
        labels =
            object["labels"]?.namedTemplates("label") ?? [NamedTemplate(name: "job", template: .constant(name))]
        metadata = object["metadata"]?.namedTemplates("metadata") ?? []
        maximumLineBytes =
            object["max_line_bytes"].flatMap { $0.size(in: 1 << 10...16 << 20) }.map(Int.init) ?? Self.defaultMaximumLineBytes
        files = FileReadingSettings(reading: object)
        let lineBytes = maximumLineBytes
        multiline = object["multiline"]?.object { MultilineSettings(reading: $0, maximumLineBytes: lineBytes) } ?? nil
        for key in ["restart", "command", "address", "docker_labels"] { object.later(key) }
        tellWhatAssembledLinesLack(in: object)

        warn(in: object)
    }

    /// What is done to lines before they are parsed is not done to those that are put together first.
    private func tellWhatAssembledLinesLack(in object: ConfigurationObject) {
        guard multiline != nil || envelope != nil else { return }
        let usual = FileReadingSettings()
        let asked = [
            ("encoding", files.encoding != usual.encoding), ("empty_lines", files.emptyLines != usual.emptyLines),
            ("long_lines", files.longLines != usual.longLines),
        ]
        for (key, isAsked) in asked where isAsked {
            object[key]?.tell("`\(key)` is not supported yet together with `multiline` or the formats `docker` and `cri`.")
        }
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
        warnOfMissingFields(in: object)
    }

    /// What is asked of a line that its format never has.
    private func warnOfMissingFields(in object: ConfigurationObject) {
        let isText = format == .text && envelope == nil
        if let node = object["timestamp"], let timestamp, !format.canHave(timestamp.field) {
            let instead = envelope == nil ? "when it was read" : "that of its envelope"
            node.warn(
                format == .text
                    ? "`\(node.path)`: a line of text has no fields, so its time is \(instead)."
                    : "`\(node.path)`: the \(format.name) gives no field `\(timestamp.field)`, so a line's time is \(instead).")
        }
        for (list, key) in [(labels, "labels"), (metadata, "metadata")] {
            for template in list {
                guard case .field(let field) = template.template, field != LinePipeline.pathField, !format.canHave(field),
                    !EnvelopeFields.canHave(field, envelope)
                else { continue }
                let what = format == .text ? "a line of text" : "the \(format.name)"
                (object[key] ?? object.node).warn(
                    isText
                        ? "`\(template.name)` takes a field, but a line of text has none: it will be missing."
                        : "`\(template.name)` takes the field `\(field)`, which "
                            + (envelope.map { "neither the \($0.rawValue) envelope nor \(what) gives" } ?? "\(what) does not give")
                            + ": it will be missing.")
                // One of them is enough to see what is meant.
                if isText { return }
            }
        }
    }
}
