import Configuration

extension SourceSettings {
    static let defaultPollNanoseconds: UInt64 = 1_000_000_000
    static let defaultMaximumLineBytes = 256 << 10

    private static func defaultFormat(of kind: Kind) -> LineFormat {
        if case .syslog = kind { .syslog } else { .json }
    }

    /// Many peers may send syslog messages at a time, each with a buffer of its own.
    private static func defaultMaximumLineBytes(of kind: Kind) -> Int {
        if case .syslog = kind { 64 << 10 } else { defaultMaximumLineBytes }
    }

    static func readAll(_ node: ConfigurationNode) -> [SourceSettings] {
        guard let elements = node.elements() else { return [] }
        if elements.isEmpty { node.refuse("name at least one source") }
        let sources = elements.map { ($0, $0.object(SourceSettings.init(reading:))) }
        node.tellRepeatedNames(sources.map { ($0.0, $0.1?.name) }, of: "source")
        tellRivals(sources.compactMap { node, source in source.map { (node, $0) } })
        return sources.compactMap(\.1)
    }

    /// There is one standard input, and one service to end with.
    private static func tellRivals(_ sources: [(node: ConfigurationNode, source: SourceSettings)]) {
        let inputs = sources.filter { $0.source.kind == .stdin }
        for other in inputs.dropFirst() {
            other.node.member("type").tell(
                "`\(other.node.path)` reads standard input, as does `\(inputs[0].node.path)`; only one source can.")
        }
        let mains = sources.filter { if case .exec(let settings) = $0.source.kind { settings.isMain == true } else { false } }
        for other in mains.dropFirst() {
            other.node.member("main").tell(
                "`\(other.node.path)` is the main service, as is `\(mains[0].node.path)`; the agent can end with one only.")
        }
    }

    private init(reading object: ConfigurationObject) {
        name = object.required("name", "\"app\"")?.identifier() ?? ""
        kind = Kind.read(object)
        let isCaptured = kind != .file
        if isCaptured { capture = object["capture"]?.object(CaptureSettings.init(reading:)) ?? CaptureSettings() }
        let hasFiles = object["type"].map { $0.value == .string("file") } ?? true
        include = (hasFiles ? object.required("include", "[\"/var/log/app/*.log\"]") : nil)?.globs(allowingNames: false) ?? []
        exclude = (isCaptured ? nil : object["exclude"])?.globs(allowingNames: true) ?? []
        pathPattern = (isCaptured ? nil : object["path_pattern"])?.pathPattern(ofFilesIn: include)
        startAt = (isCaptured ? nil : object["start_at"])?.choice() ?? .beginning
        watch = (isCaptured ? nil : object["watch"])?.choice() ?? .auto
        pollNanoseconds =
            (isCaptured ? nil : object["poll_interval"])?.duration(in: 10_000_000...3_600_000_000_000) ?? Self.defaultPollNanoseconds
        if !isCaptured && hasFiles { object.misplaced("capture", "a file is its own queue; it is for sources that are no files") }
        envelope = LineEnvelope.read(object)
        format = envelope == nil ? LineFormat.read(object) ?? Self.defaultFormat(of: kind) : LineFormat.read(object, "inner") ?? .text
        let ownTime = format == .syslog ? TimestampSettings(field: SyslogReader.timestampField, format: .syslog) : nil
        timestamp = object["timestamp"].map { $0.object { TimestampSettings(reading: $0, default: ownTime) } ?? nil } ?? ownTime
        LineFormat.tellMisplaced(object, formatKeys: envelope == nil ? ["format"] : ["inner"])
        if envelope == nil {
            object.misplaced("inner", "it is the format of what lines of the formats `docker` and `cri` hold")
            object.misplaced("partial_timeout", "it is for the formats `docker` and `cri`; `multiline` has a `timeout` of its own")
        } else if object["multiline"] != nil {
            object.misplaced("partial_timeout", "with `multiline` its `timeout` is that of parts, too")
        } else {
            partialTimeoutNanoseconds =
                object["partial_timeout"]?.duration(in: MultilineSettings.timeouts) ?? MultilineSettings.defaultTimeoutNanoseconds
        }
        labels =
            object["labels"]?.namedTemplates("label") ?? [NamedTemplate(name: "job", template: .constant(name))]
        metadata = object["metadata"]?.namedTemplates("metadata") ?? []
        maximumLineBytes =
            object["max_line_bytes"].flatMap { $0.size(in: 1 << 10...16 << 20) }.map(Int.init) ?? Self.defaultMaximumLineBytes(of: kind)
        files = isCaptured ? FileReadingSettings(readingCaptured: object) : FileReadingSettings(reading: object)
        let lineBytes = maximumLineBytes
        multiline = object["multiline"]?.object { MultilineSettings(reading: $0, maximumLineBytes: lineBytes) } ?? nil
        for key in ["docker_labels"] { object.later(key) }
        tellWhatAssembledLinesLack(in: object)

        warn(in: object)
    }

    /// What is done to lines before they are parsed is not done to those that are put together first.
    private func tellWhatAssembledLinesLack(in object: ConfigurationObject) {
        guard multiline != nil || envelope != nil else { return }
        let usual = FileReadingSettings()
        let asked = [
            ("empty_lines", files.emptyLines != usual.emptyLines), ("long_lines", files.longLines != usual.longLines),
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
        if let node = object["timestamp"], let timestamp, !format.canHave(timestamp.field), !isInPath(timestamp.field) {
            let instead = envelope == nil ? "when it was read" : "that of its envelope"
            node.warn(
                format == .text
                    ? "`\(node.path)`: a line of text has no fields, so its time is \(instead)."
                    : "`\(node.path)`: the \(format.name) gives no field `\(timestamp.field)`, so a line's time is \(instead).")
        }
        for (list, key) in [(labels, "labels"), (metadata, "metadata")] {
            for template in list {
                guard case .field(let field) = template.template, !mayHave(field) else { continue }
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

    /// Whether a line can have the field, from itself or from where it stands.
    func mayHave(_ field: String) -> Bool {
        isOrigin(field) || isInPath(field) || format.canHave(field) || EnvelopeFields.canHave(field, envelope)
    }

    private func isInPath(_ field: String) -> Bool { pathPattern?.names.contains(field) ?? false }

    /// Whether the field is known of every line, whatever its format: where it comes from.
    func isOrigin(_ path: String) -> Bool {
        if case .exec = kind, path == LineOrigin.streamField { return true }
        return path == LineOrigin.pathField
    }
}
