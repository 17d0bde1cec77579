import OTLP

extension LokiPushRequest {
    /// What Loki makes of an `ExportLogsServiceRequest` of texts (`pkg/loghttp/push/otlp.go`): attributes of its list become labels with
    /// underscores, all others metadata of each entry, and so do severity and identifiers. nil for what is no such message.
    package init?(otlp bytes: [UInt8]) {
        var streams: [Stream] = []
        do {
            for resourceLogs in try Self.messages(1, in: bytes[...]) {
                var labels: [String: String] = [:]
                var common: [String: String] = [:]
                for resource in try Self.messages(1, in: resourceLogs) {
                    for (name, value) in try Self.attributes(1, in: resource) {
                        if Self.indexed.contains(name) { labels[Self.label(name)] = value } else { common[Self.label(name)] = value }
                    }
                }
                if labels["service_name"] == nil { labels["service_name"] = "unknown_service" }
                var entries: [LokiEntry] = []
                for scopeLogs in try Self.messages(2, in: resourceLogs) {
                    for record in try Self.messages(2, in: scopeLogs) { entries.append(try Self.entry(record, common)) }
                }
                streams.append(Stream(labels: labels, entries: entries))
            }
        } catch { return nil }
        self.init(streams: streams)
    }

    private static let indexed: Set<String> = [
        "service.name", "service.namespace", "service.instance.id", "deployment.environment", "deployment.environment.name",
        "cloud.region", "cloud.availability_zone", "container.name", "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name",
        "k8s.container.name", "k8s.replicaset.name", "k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name",
        "k8s.cronjob.name", "k8s.job.name",
    ]

    private struct Malformed: Error {}

    private static func entry(_ record: ArraySlice<UInt8>, _ common: [String: String]) throws -> LokiEntry {
        var entry = LokiEntry(timestamp: 0, line: "", metadata: common)
        for (name, value) in try attributes(6, in: record) { entry.metadata[label(name)] = value }
        var reader = ProtobufReader(record)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .fixed64(let time)): entry.timestamp = time
            case (2, .varint(let number)): entry.metadata["severity_number"] = "\(number)"
            case (3, .data(let text)): entry.metadata["severity_text"] = String(decoding: text, as: UTF8.self)
            case (5, .data(let body)): entry.line = try text(body)
            case (6, .data): break
            case (9, .data(let id)) where id.count == 16: entry.metadata["trace_id"] = hexadecimal(id)
            case (10, .data(let id)) where id.count == 8: entry.metadata["span_id"] = hexadecimal(id)
            default: throw Malformed()
            }
        }
        return entry
    }

    private static func label(_ name: String) -> String { String(name.map { $0 == "." ? "_" : $0 }) }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func messages(_ number: Int, in bytes: ArraySlice<UInt8>) throws -> [ArraySlice<UInt8>] {
        var reader = ProtobufReader(bytes)
        var found: [ArraySlice<UInt8>] = []
        while let field = try reader.next() {
            if field.number == number, case .data(let data) = field.value { found.append(data) }
        }
        return found
    }

    private static func attributes(_ number: Int, in bytes: ArraySlice<UInt8>) throws -> [(String, String)] {
        try messages(number, in: bytes).map { pair in
            guard let name = try messages(1, in: pair).first, let value = try messages(2, in: pair).first else { throw Malformed() }
            return (String(decoding: name, as: UTF8.self), try text(value))
        }
    }

    /// Of an `AnyValue` that holds one.
    private static func text(_ value: ArraySlice<UInt8>) throws -> String {
        guard let text = try messages(1, in: value).first else { throw Malformed() }
        return String(decoding: text, as: UTF8.self)
    }
}
