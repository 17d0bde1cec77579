import JSONScanning
import OTLP

/// The body of a push to Loki's `/otlp/v1/logs`: one resource for each stream, its labels as the attributes.
///
/// Loki makes index labels of a few attributes with dots in their names; a label whose name is one of these with underscores goes
/// by that name. Without a `service_name`, the service is found as Loki finds it for its own format. Every other attribute, and the
/// metadata, becomes structured metadata in Loki. The same entries always give the same bytes.
enum OTLPBody {
    /// Loki's `default_resource_attributes_as_index_labels`.
    private static let indexedAttributes = [
        "service.name", "service.namespace", "service.instance.id", "deployment.environment", "deployment.environment.name",
        "cloud.region", "cloud.availability_zone", "container.name", "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name",
        "k8s.container.name", "k8s.replicaset.name", "k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name",
        "k8s.cronjob.name", "k8s.job.name",
    ]

    /// By the label's name.
    private static let attributeNames: [[UInt8]: [UInt8]] = Dictionary(
        uniqueKeysWithValues: indexedAttributes.map { name in
            (name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }, Array(name.utf8))
        })

    /// Labels that name the service, the best first: Loki's `discover_service_name`.
    private static let serviceLabels = [
        "service_name", "service", "app", "application", "app_name", "name", "app_kubernetes_io_name", "container", "container_name",
        "k8s_container_name", "component", "workload", "job", "k8s_job_name",
    ].map { Array($0.utf8) }

    private static let levelNames = ["level", "severity", "severity_text", "lvl"].map { Array($0.utf8) }
    private static let serviceName = Array("service.name".utf8)
    private static let traceID = Array("trace_id".utf8)
    private static let spanID = Array("span_id".utf8)

    private typealias Pair = (name: [UInt8], value: [UInt8])

    /// Appends the request for `part`.
    static func append(_ part: PushPart, of batches: [SealedBatch], to writer: inout ProtobufWriter) {
        for selection in part.selections {
            let batch = batches[selection.batch]
            let labels = batch.labels.withUnsafeBytes { pairs($0, in: 0..<$0.count) }
            let level = levelNames.lazy.compactMap { name in labels.first { $0.name == name }?.value }.first
            LogsRequest.appendResource(to: &writer) { resource in
                appendAttributes(labels, to: &resource)
            } records: { records in
                for entry in selection.entries.joined() {
                    record(batch.bytes(ofEntries: entry..<entry + 1), level: level)?.append(to: &records)
                }
            }
        }
    }

    private static func appendAttributes(_ labels: [Pair], to resource: inout ProtobufWriter) {
        for (name, value) in labels { ResourceAttributes.append(attributeNames[name] ?? name, value, to: &resource) }
        let service = serviceLabels.lazy.compactMap { name in labels.first { $0.name == name } }.first
        if let service, attributeNames[service.name] != serviceName { ResourceAttributes.append(serviceName, service.value, to: &resource) }
    }

    /// nil for bytes that are no entry, which ``OpenBatch`` does not write.
    private static func record(_ entry: UnsafeRawBufferPointer, level: [UInt8]?) -> LogRecord? {
        guard let text = EntryText(entry) else { return nil }
        var record = LogRecord()
        // 0 would mean "when it arrives".
        record.timeUnixNano = max(1, text.timestampNanoseconds)
        record.body.reserveCapacity(text.line.count)
        JSONStringDecoding.append(UnsafeRawBufferPointer(rebasing: entry[text.line]), to: &record.body)
        if let metadata = text.metadata { record.attributes = pairs(entry, in: metadata) }
        record.traceID = takeIdentifier(traceID, bytes: 16, from: &record.attributes)
        record.spanID = takeIdentifier(spanID, bytes: 8, from: &record.attributes)
        if let level = level ?? levelNames.lazy.compactMap({ name in record.attributes.first { $0.name == name }?.value }).first {
            record.severityNumber = Severity.number(of: level)
            // A name that means nothing stays what it is: a label or metadata.
            if record.severityNumber > 0 { record.severityText = level }
        }
        return record
    }

    /// The attribute's bytes, if it is as many in hexadecimal and not zero (W3C Trace Context §3.2.2); then it is taken out.
    private static func takeIdentifier(_ name: [UInt8], bytes count: Int, from attributes: inout [Pair]) -> [UInt8] {
        guard let index = attributes.firstIndex(where: { $0.name == name }), attributes[index].value.count == 2 * count else { return [] }
        let digits = attributes[index].value
        var bytes: [UInt8] = []
        for position in stride(from: 0, to: digits.count, by: 2) {
            guard let high = hexadecimal(digits[position]), let low = hexadecimal(digits[position + 1]) else { return [] }
            bytes.append(high << 4 | low)
        }
        guard bytes.contains(where: { $0 != 0 }) else { return [] }
        attributes.remove(at: index)
        return bytes
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func pairs(_ bytes: UnsafeRawBufferPointer, in object: Range<Int>) -> [Pair] {
        var pairs: [Pair] = []
        EntryText.forEachPair(bytes, in: object) { name, value in
            var pair: Pair = ([], [])
            JSONStringDecoding.append(UnsafeRawBufferPointer(rebasing: bytes[name]), to: &pair.name)
            JSONStringDecoding.append(UnsafeRawBufferPointer(rebasing: bytes[value]), to: &pair.value)
            pairs.append(pair)
        }
        return pairs
    }
}
