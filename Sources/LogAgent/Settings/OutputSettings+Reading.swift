import Configuration
import ConnectionSettings

extension OutputSettings {
    /// What there is where no output is configured.
    static func local(path: String) -> OutputSettings {
        OutputSettings(
            name: "local",
            destination: .directory(
                DirectorySettings(
                    path: path, retentionNanoseconds: DirectorySettings.defaultRetentionNanoseconds,
                    maximumBytes: DirectorySettings.defaultMaximumBytes, compressionLevel: 1)),
            batch: .forDirectory, inFlight: defaultInFlight, retry: RetrySettings())
    }

    static let defaultInFlight = 2

    static func readAll(_ node: ConfigurationNode) -> [OutputSettings] {
        guard let elements = node.elements() else { return [] }
        if elements.isEmpty { node.warn("`\(node.path)` is empty: lines are counted, but shipped nowhere.") }
        let outputs = elements.map { ($0, $0.object(OutputSettings.init(reading:)) ?? nil) }
        node.tellRepeatedNames(outputs.map { ($0.0, $0.1?.name) }, of: "output")
        var stdout: ConfigurationNode?
        for case (let element, let output?) in outputs {
            guard case .stdout = output.destination else { continue }
            if let stdout {
                element.member("type").tell("`\(element.path)` writes to standard output, as `\(stdout.path)` does; keep one of them.")
            } else {
                stdout = element
            }
        }
        var paths: [String: ConfigurationNode] = [:]
        for case (let element, let output?) in outputs {
            guard case .directory(let directory) = output.destination, !directory.path.isEmpty else { continue }
            if let other = paths[directory.path] {
                element.member("path").tell("`\(element.path).path` is that of `\(other.path)`, too; give each its own directory.")
            } else {
                paths[directory.path] = element
            }
        }
        return outputs.compactMap(\.1)
    }

    private init?(reading object: ConfigurationObject) {
        name = object.required("name", "\"loki\"")?.identifier() ?? ""
        let type = object.required("type", "\"loki\"")?.choice(
            among: ["loki", "directory", "stdout"], later: ["otlp", "http", "file", "elasticsearch", "kafka", "s3"])
        let defaultBatch = type == "directory" ? BatchSettings.forDirectory : BatchSettings()
        batch = object["batch"]?.object { BatchSettings(reading: $0, default: defaultBatch, largestBytes: 64 << 20) } ?? defaultBatch
        // Two threads would write into each other's lines.
        inFlight = type == "stdout" ? 1 : object["in_flight"]?.integer(in: 1...64) ?? Self.defaultInFlight
        retry = object["retry"]?.object(RetrySettings.init(reading:)) ?? RetrySettings()
        switch type {
        case "loki": destination = .loki(LokiSettings(reading: object))
        case "directory": destination = .directory(DirectorySettings(reading: object))
        case "stdout": destination = .stdout(StdoutSettings(reading: object))
        default:
            object.acceptAny()
            return nil
        }
        if case .loki = destination, batch.maximumBytes > 6_000_000, let node = object["batch"] {
            node.warn(
                "`\(node.path).max_bytes` is above 6 MB: Loki can never take a push larger than its burst limit, by default 6 MB.",
                hint: "Lower it, unless `ingestion_burst_size_mb` of your Loki is larger.")
        }
    }
}

extension BatchSettings {
    init() { self.init(maximumBytes: 1 << 20, maximumWaitNanoseconds: 50_000_000) }
}
