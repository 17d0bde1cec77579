import Configuration
import ConnectionSettings
import HTTP

/// A configuration that can be run, with what looked odd in it.
struct LoadedSettings {
    var settings: TraceCollectorSettings
    /// In the order of the file's lines.
    var warnings: [ConfigurationProblem]
    /// What was read.
    var content: ConfigurationDifference.Content

    var file: String { content.name }
}

extension TraceCollectorSettings {
    /// Reads the configuration file at `path`; the built-in configuration where that is nil. Throws every error at once.
    static func load(_ path: String?, environment: @escaping (String) -> String?) throws(ConfigurationError) -> LoadedSettings {
        let problems = ConfigurationProblems()
        let file =
            if let path {
                ConfigurationFile.read(path, problems: problems)
            } else {
                ConfigurationFile(EmbeddedConfiguration.text, name: EmbeddedConfiguration.name, problems: problems)
            }
        let root = file?.root(environment: environment, problems: problems)
        let settings = root?.object { TraceCollectorSettings(reading: $0) }
        guard let settings, let file, !problems.hasErrors else { throw ConfigurationError(problems.sorted) }
        return LoadedSettings(settings: settings, warnings: problems.sorted, content: file.content)
    }

    /// Parts with errors hold placeholders: the load fails then.
    private init(reading object: ConfigurationObject) {
        let root = object.node
        let data = root.environment("TAILSPAN_DATA").flatMap { $0.isEmpty ? nil : $0 } ?? "/var/lib/tailspan"
        // For editors.
        _ = object["$schema"]?.string()
        dataDirectory = object["data_dir"].map { $0.absolutePath() ?? "" } ?? data + "/trace-collector"
        if !data.hasPrefix("/") && (object["data_dir"] == nil || object["outputs"] == nil) {
            root.tell("The environment variable TAILSPAN_DATA is not an absolute path.")
        }
        let admin = ServerSettings(listen: Self.defaultListen)
        server =
            object["server"].map {
                $0.object { ServerSettings(reading: $0, defaultListen: Self.defaultListen, exposing: "read metrics and status") } ?? admin
            } ?? admin
        (otlpHTTP, files) = Self.receivers(object)
        sampling = object["sampling"]?.object(TailSampler.Settings.init(reading:))
        spanMetrics = object.isNull("span_metrics") ? nil : object["span_metrics"]?.object(SpanMetrics.Settings.init(reading:)) ?? .init()
        serviceGraph =
            object.isNull("service_graph") ? nil : object["service_graph"]?.object(ServiceGraphMetrics.Settings.init(reading:)) ?? .init()
        buffer = object["buffer"]?.object(BufferSettings.init(reading:)) ?? BufferSettings()
        if let node = object["buffer"], let request = otlpHTTP?.maximumRequestBytes, buffer.maximumBytes < 4 * UInt64(request) {
            node.tell(
                "`\(node.path).max_bytes` is \(SizeText.text(buffer.maximumBytes)), but requests may have "
                    + "\(SizeText.text(UInt64(request))); four must fit into it.",
                hint: "Raise it, or lower `receivers.otlp_http.max_request_bytes`.")
        }
        outputs = object["outputs"].map(OutputSettings.readAll) ?? [OutputSettings.local(path: data + "/traces")]
        tellSharedAddresses(object)
    }

    /// Two listeners can't have one address, and an output that sends to the receiver would never end.
    private func tellSharedAddresses(_ object: ConfigurationObject) {
        guard let listen = otlpHTTP?.server.listen, !listen.isEmpty, !listen.hasSuffix(":0") else { return }
        if listen == server.listen {
            object.node.tell("`receivers.otlp_http.listen` and `server.listen` are both \"\(listen)\"; give each an address of its own.")
        }
        for output in outputs {
            guard case .otlp(let otlp) = output.destination, let endpoint = try? HTTPEndpoint(url: otlp.url),
                case .tcp(let host, let port) = endpoint.location, "\(host):\(port)" == listen
            else { continue }
            object.node.tell(
                "`outputs.\(output.name).url` is the address of this collector's own receiver: spans would go round for ever.",
                hint: "Use the address of Tempo, or let `receivers.otlp_http.listen` be another.")
        }
    }

    static let defaultListen = "127.0.0.1:9145"

    private static func receivers(_ object: ConfigurationObject) -> (OTLPReceiverSettings?, [FileReceiverSettings]) {
        guard let node = object["receivers"] else { return (OTLPReceiverSettings(), []) }
        let read: (OTLPReceiverSettings?, [FileReceiverSettings])? = node.object { receivers in
            let http: OTLPReceiverSettings? =
                receivers.isNull("otlp_http")
                ? nil : receivers["otlp_http"]?.object(OTLPReceiverSettings.init(reading:)) ?? OTLPReceiverSettings()
            let files = receivers["files"]?.elements()?.compactMap(FileReceiverSettings.read) ?? []
            receivers.misplaced("otlp", "the receiver is called `otlp_http`: { listen: \"\(OTLPReceiverSettings.defaultListen)\" }")
            receivers.later("otlp_grpc", "Let clients use OTLP/HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.")
            return (http, files)
        }
        guard let (http, files) = read else { return (nil, []) }
        if http == nil && files.isEmpty { node.tell("`\(node.path)` has neither `otlp_http` nor `files`: no span would ever come.") }
        return (http, files)
    }
}

extension OTLPReceiverSettings {
    static let defaultListen = "127.0.0.1:4318"
    /// What Tempo's receiver takes, so that nothing is accepted that can't be delivered.
    static let defaultMaximumRequestBytes = 20 << 20
    static let defaultMaximumConnections = 2048

    init() {
        self.init(
            server: ServerSettings(listen: Self.defaultListen), maximumRequestBytes: Self.defaultMaximumRequestBytes,
            maximumConnections: Self.defaultMaximumConnections)
    }

    fileprivate init(reading object: ConfigurationObject) {
        server = ServerSettings(reading: object, defaultListen: Self.defaultListen, exposing: "send spans")
        maximumRequestBytes = object["max_request_bytes"]?.size(in: 64 << 10...128 << 20).map(Int.init) ?? Self.defaultMaximumRequestBytes
        maximumConnections = object["max_connections"]?.integer(in: 1...65_536) ?? Self.defaultMaximumConnections
    }
}

extension FileReceiverSettings {
    fileprivate static func read(_ node: ConfigurationNode) -> FileReceiverSettings? {
        if case .string = node.value {
            node.refuse("use an object: { include: [\"/data/traces/*.jsonl\"] }")
            return nil
        }
        return node.object(FileReceiverSettings.init(reading:))
    }

    fileprivate init(reading object: ConfigurationObject) {
        include = object.required("include", "[\"/data/traces/*.jsonl\"]")?.globs(allowingNames: false) ?? []
        exclude = object["exclude"]?.globs(allowingNames: true) ?? []
        maximumLineBytes = object["max_line_bytes"]?.size(in: 1 << 10...16 << 20).map(Int.init) ?? 4 << 20
    }
}

extension TailSampler.Settings {
    fileprivate init(reading object: ConfigurationObject) {
        self.init()
        if let wait = object["decision_wait"]?.duration(in: 100_000_000...3_600_000_000_000) { waitNanoseconds = wait }
        rootWaitNanoseconds = min(rootWaitNanoseconds, waitNanoseconds)
        if let wait = object["root_wait"]?.duration(in: 0...3_600_000_000_000) { rootWaitNanoseconds = wait }
        if let bytes = object["memory"]?.size(in: 1 << 20...16 << 30) { memoryBytes = Int(bytes) }
        let elements = object.required("policies", "[{ type: \"errors\" }]")?.elements()
        policies = elements?.compactMap { SamplingPolicy.read($0, depth: 1) } ?? []
        if elements?.isEmpty == true {
            object["policies"]?.warn("`\(object.node.path).policies` is empty: every trace is dropped.")
        }
        if rules(policies) > SamplingRules.maximumAttributes {
            object["policies"]?.tell(
                "`\(object.node.path).policies` asks for more than \(SamplingRules.maximumAttributes) attributes; name several values in one policy."
            )
        }
    }

    private func rules(_ policies: [SamplingPolicy]) -> Int {
        policies.reduce(0) { sum, policy in
            switch policy {
            case .attribute: sum + 1
            case .and(let inner), .or(let inner): sum + rules(inner)
            default: sum
            }
        }
    }
}

extension SamplingPolicy {
    private static let maximumDepth = 8

    fileprivate static func read(_ node: ConfigurationNode, depth: Int) -> SamplingPolicy? {
        if case .string = node.value {
            node.refuse("use an object such as { type: \"errors\" }")
            return nil
        }
        return node.object { object -> SamplingPolicy? in
            let type = object.required("type", "\"errors\"")?.choice(
                among: ["always", "errors", "latency", "attribute", "probabilistic", "rate_limit", "and", "or"])
            switch type {
            case "always": return .always
            case "errors": return .errors
            case "latency":
                return object.required("threshold", "\"2s\"")?.duration(in: 1_000_000...86_400_000_000_000)
                    .map { .latency(thresholdNanoseconds: $0) }
            case "attribute":
                let key = object.required("key", "\"tenant\"")?.string() ?? ""
                if key.isEmpty { object["key"]?.refuse("use the name of an attribute") }
                let values = object["values"]?.elementsOrSelf().compactMap { value -> String? in
                    switch value.value {
                    case .bool(let flag): return flag ? "true" : "false"
                    case .number(let number): return ConfigurationValue.text(of: number)
                    default: return value.string()
                    }
                }
                return .attribute(key: key, values: values ?? [])
            case "probabilistic":
                return object.required("ratio", "0.1")?.number(in: 0...1).map { .probabilistic(ratio: $0) }
            case "rate_limit":
                return object.required("traces_per_second", "50")?.number(in: 0.001...1_000_000).map { .rateLimit(tracesPerSecond: $0) }
            case "and", "or":
                guard let list = object.required("policies", "[{ type: \"errors\" }, { type: \"probabilistic\", ratio: 0.5 }]") else {
                    return nil
                }
                guard depth < maximumDepth else {
                    list.tell("`\(list.path)` is nested deeper than \(maximumDepth).")
                    return nil
                }
                let policies = list.elements()?.compactMap { read($0, depth: depth + 1) } ?? []
                if policies.isEmpty { list.warn("`\(list.path)` is empty: this policy keeps nothing.") }
                return type == "and" ? .and(policies) : .or(policies)
            default:
                object.acceptAny()
                return nil
            }
        } ?? nil
    }
}

extension SpanMetrics.Settings {
    fileprivate init(reading object: ConfigurationObject) {
        self.init()
        for node in object["dimensions"]?.elements() ?? [] {
            guard let name = node.string() else { continue }
            if name.isEmpty || name.utf8.count > 256 {
                node.refuse(found: name, "use the name of an attribute")
            } else if dimensions.contains(where: { SpanMetrics.labelName(of: $0) == SpanMetrics.labelName(of: name) }) {
                node.tell("`\(node.path)` becomes the label `\(SpanMetrics.labelName(of: name))`, as another dimension does; keep one.")
            } else {
                dimensions.append(name)
            }
        }
        if let count = object["max_series"]?.integer(in: 1...1_000_000) { maximumSeries = count }
        if let keeps = object["exemplars"]?.bool() { exemplars = keeps }
        if dimensions.count > 16 { object["dimensions"]?.refuse("use at most 16 dimensions") }
        if let node = object["buckets"], let elements = node.elements() {
            let bounds = elements.compactMap { $0.number(in: 0...1e9) }
            // What is no number was told.
            if bounds.count < elements.count { return }
            if bounds.isEmpty || bounds.count > 100 || zip(bounds, bounds.dropFirst()).contains(where: { $0 >= $1 }) {
                node.refuse("use 1 to 100 ascending numbers of seconds")
            } else {
                buckets = bounds
            }
        }
    }
}

extension ServiceGraphMetrics.Settings {
    fileprivate init(reading object: ConfigurationObject) {
        self.init()
        if let wait = object["wait"]?.duration(in: 100_000_000...3_600_000_000_000) { waitNanoseconds = wait }
        if let count = object["max_items"]?.integer(in: 1...10_000_000) { maximumItems = count }
    }
}

extension BufferSettings {
    fileprivate init(reading object: ConfigurationObject) {
        self.init()
        if let bytes = object["max_bytes"]?.size(in: 8 << 20...1 << 50) { maximumBytes = bytes }
        synchronization = object["fsync"]?.choice() ?? .never
    }
}
