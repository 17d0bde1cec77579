import Configuration
import ConnectionSettings
import HTTP

extension OutputSettings {
    /// What there is where no output is configured.
    static func local(path: String) -> OutputSettings {
        OutputSettings(
            name: "local",
            destination: .directory(
                DirectorySettings(
                    path: path, retentionNanoseconds: DirectorySettings.defaultRetentionNanoseconds,
                    maximumBytes: DirectorySettings.defaultMaximumBytes)),
            compression: .gzip, compressionLevel: 1, batch: .forDirectory, retry: RetrySettings())
    }

    static func readAll(_ node: ConfigurationNode) -> [OutputSettings] {
        guard let elements = node.elements() else { return [] }
        if elements.isEmpty { node.tell("`\(node.path)` is empty: spans would go nowhere.") }
        let outputs = elements.map { ($0, $0.object(OutputSettings.init(reading:)) ?? nil) }
        node.tellRepeatedNames(outputs.map { ($0.0, $0.1?.name) }, of: "output")
        tellSharedPaths(outputs)
        return outputs.compactMap(\.1)
    }

    /// Each numbers its files by itself.
    private static func tellSharedPaths(_ outputs: [(node: ConfigurationNode, settings: OutputSettings?)]) {
        var owners: [String: String] = [:]
        for (node, settings) in outputs {
            guard let settings, case .directory(let directory) = settings.destination, !directory.path.isEmpty else { continue }
            if let owner = owners[directory.path] {
                node.tell("`\(node.path).path` is \"\(directory.path)\", as is that of the output `\(owner)`; give each its own directory.")
            }
            owners[directory.path] = settings.name
        }
    }

    private init?(reading object: ConfigurationObject) {
        name = object.required("name", "\"tempo\"")?.identifier() ?? ""
        let type = object.required("type", "\"otlp_http\"")?.choice(
            among: ["otlp_http", "directory"], later: ["otlp_grpc", "kafka", "stdout", "file", "zipkin", "jaeger"])
        compression = object["compression"]?.choice() ?? .gzip
        compressionLevel = object["compression_level"]?.integer(in: 1...9) ?? 1
        if compression == .none, let level = object["compression_level"] {
            level.warn("`\(level.path)` has no use: compression is \"none\".")
        }
        let defaults = type == "directory" ? BatchSettings.forDirectory : BatchSettings.forOTLP
        batch = object["batch"]?.object { BatchSettings(reading: $0, default: defaults, largestBytes: 16 << 20) } ?? defaults
        retry = object["retry"]?.object(RetrySettings.init(reading:)) ?? RetrySettings()
        switch type {
        case "otlp_http": destination = .otlp(OTLPSettings(reading: object))
        case "directory": destination = .directory(DirectorySettings(reading: object))
        default:
            object.acceptAny()
            return nil
        }
    }
}

extension OTLPSettings {
    private static let exampleURL = "http://127.0.0.1:14318/v1/traces"

    fileprivate init(reading object: ConfigurationObject) {
        self.init(
            url: object.required("url", "\"\(Self.exampleURL)\"")?.endpointURL(
                example: Self.exampleURL, expectedPath: OTLPReceiver.path, of: "Tempo") ?? "")
        headers =
            object["headers"]?.headers(ours: ["content-type", "content-encoding", "authorization", "x-scope-orgid"]) { name in
                switch name.lowercased() {
                case "authorization": "Use `bearer_token_file`."
                case "x-scope-orgid": "Use `tenant_id`."
                default: nil
                }
            } ?? []
        bearerToken = object["bearer_token_file"]?.secretFromFile().map(Secret.init)
        object.misplaced("bearer_token", "a secret stands in a file of its own; use `bearer_token_file`", hidingLine: true)
        tenantID = object["tenant_id"]?.string()
        if let tenantID, tenantID.isEmpty || tenantID.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) {
            object["tenant_id"]?.refuse("use letters, digits and signs of ASCII")
        }
        if let count = object["in_flight"]?.integer(in: 1...64) { inFlight = count }
        for key in ["path", "retention", "max_bytes"] { object.misplaced(key, "it is a setting of outputs of type \"directory\"") }
        // nil where the url was told already.
        let endpoint = url.isEmpty ? nil : try? HTTPEndpoint(url: url)
        tls = object["tls"]?.object(TLSClientSettings.init(reading:)) ?? TLSClientSettings()
        if let node = object["tls"], endpoint?.isSecure == false { node.warn("`\(node.path)` has no use: the url is not one of https.") }
        proxy = HTTPProxy.read(object, for: endpoint)
        if bearerToken != nil, let endpoint, !endpoint.isSecure, case .tcp(let host, _) = endpoint.location, !ProxyBypass.isLoopback(host),
            let node = object["url"]
        {
            node.warn("`\(node.path)` is not one of https: whoever is on the way can read the token.")
        }
    }
}

extension DirectorySettings {
    static let defaultRetentionNanoseconds: UInt64 = 86_400_000_000_000
    static let defaultMaximumBytes: UInt64 = 1 << 30

    fileprivate init(reading object: ConfigurationObject) {
        path = object.required("path", "\"/var/lib/tailspan/traces\"")?.absolutePath() ?? ""
        let retention = object["retention"]?.duration(in: 1_000_000_000...3_153_600_000_000_000_000)
        retentionNanoseconds = object.isNull("retention") ? nil : retention ?? Self.defaultRetentionNanoseconds
        maximumBytes = object["max_bytes"]?.size(in: 1 << 20...1 << 50) ?? Self.defaultMaximumBytes
        for key in ["url", "headers", "bearer_token_file", "tls", "proxy", "tenant_id", "in_flight"] {
            object.misplaced(key, "it is a setting of outputs of type \"otlp_http\"")
        }
    }
}

extension BatchSettings {
    static let forOTLP = BatchSettings(maximumBytes: 1 << 20, maximumWaitNanoseconds: 200_000_000)
}
