import Metrics
import OTLP

/// Calls, latencies and sizes of spans, with the names, labels and buckets of Tempo's metrics-generator. Not Sendable: whoever uses it
/// holds a lock.
final class SpanMetrics {
    struct Settings: Equatable, Sendable {
        /// Attributes of the resource or the span that become labels.
        var dimensions: [String] = []
        /// Upper bounds in seconds, ascending.
        var buckets: [Double] = SpanMetrics.defaultBuckets
        /// Of each family.
        var maximumSeries = 2000
        var exemplars = true
    }

    /// 14, from 2 ms to 16 s.
    static let defaultBuckets = (0..<14).map { 0.002 * Double(1 << $0) }
    static let intrinsicLabels = ["service", "span_name", "span_kind", "status_code"]

    private let calls: MetricFamily
    private let latency: MetricFamily
    private let size: MetricFamily
    private let dimensions: [[UInt8]]
    private let exemplars: Bool
    private var key = SeriesKey()
    /// Of the present span, one for each dimension.
    private var dimensionValues: [TraceAttributes.Value?]
    private var resourceValues: [TraceAttributes.Value?]

    init(_ settings: Settings, in table: SeriesTable, now: UInt64) throws(MetricDeclarationError) {
        dimensions = settings.dimensions.map { Array($0.utf8) }
        exemplars = settings.exemplars
        dimensionValues = dimensions.map { _ in nil }
        resourceValues = dimensionValues
        let labels = Self.intrinsicLabels + settings.dimensions.map(Self.labelName)
        func family(_ name: String, _ help: String, _ kind: FamilyDefinition.Kind, exemplars: Bool) -> FamilyDefinition {
            FamilyDefinition(
                name: name, help: help, kind: kind, labelNames: labels, maximumSeries: settings.maximumSeries, keepsExemplars: exemplars)
        }
        calls = try table.declare(
            family("traces_spanmetrics_calls_total", "Spans", .counter, exemplars: settings.exemplars), now: now)
        latency = try table.declare(
            family(
                "traces_spanmetrics_latency", "Durations of spans, in seconds", .histogram(bounds: settings.buckets),
                exemplars: settings.exemplars), now: now)
        size = try table.declare(
            family("traces_spanmetrics_size_total", "Bytes of spans as protobuf", .counter, exemplars: false), now: now)
    }

    /// The label that an attribute becomes; one with the name of another label gets a prefix.
    static func labelName(of attribute: String) -> String {
        var name = String(attribute.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        if name.first?.isNumber == true || name.hasPrefix("__") { name = "dimension" + (name.hasPrefix("_") ? "" : "_") + name }
        return intrinsicLabels.contains(name) || name == "le" ? "dimension_" + name : name
    }

    /// `index` is of `message`; spans with faults don't count.
    func observe(_ index: TraceIndex, in message: UnsafeRawBufferPointer, now: UInt64) {
        var scope: Int32 = -1
        var resource: Int32 = -1
        var service = SpanLabels.unknownService.bytes
        for span in index.spans where span.fault == .none {
            if span.scope != scope {
                scope = span.scope
                let current = index.scopes[Int(scope)].resource
                if current != resource {
                    resource = current
                    let body = index.resources[Int(current)].body
                    service =
                        TraceAttributes.serviceName(ofResourceSpans: body, in: message)?.bytes(in: message)
                        ?? SpanLabels.unknownService.bytes
                    if !dimensions.isEmpty { findDimensions(ofResource: body, in: message) }
                }
            }
            key.removeAll()
            key.append(service)
            key.append(span.name.bytes(in: message))
            key.append(SpanLabels.kind(span.kind).bytes)
            key.append(SpanLabels.status(span.status).bytes)
            if !dimensions.isEmpty { appendDimensions(of: span, in: message) }
            let trace = exemplars ? ExemplarTrace(high: span.trace.high, low: span.trace.low) : nil
            _ = calls.add(1, to: key, now: now, trace: trace)
            _ = latency.observe(Double(span.durationNanoseconds) / 1e9, in: key, now: now, trace: trace)
            _ = size.add(Double(span.body.count), to: key, now: now)
        }
    }

    private func findDimensions(ofResource body: ByteRange, in message: UnsafeRawBufferPointer) {
        for place in resourceValues.indices { resourceValues[place] = nil }
        TraceAttributes.forEach(ofResourceSpans: body, in: message) { name, value in
            note(name, value, in: &resourceValues)
            return true
        }
    }

    private func appendDimensions(of span: SpanEntry, in message: UnsafeRawBufferPointer) {
        dimensionValues = resourceValues
        TraceAttributes.forEach(ofSpan: span.body, in: message) { name, value in
            note(name, value, in: &dimensionValues)
            return true
        }
        for value in dimensionValues {
            switch value {
            case .string(let range)?: key.append(range.bytes(in: message))
            case let other?: key.append(other.text(in: message))
            case nil: key.append("")
            }
        }
    }

    /// What the resource says stands before what the span says, as in Tempo.
    private func note(_ name: UnsafeRawBufferPointer, _ value: TraceAttributes.Value, in values: inout [TraceAttributes.Value?]) {
        for place in dimensions.indices where values[place] == nil {
            if dimensions[place].count == name.count, name.elementsEqual(dimensions[place]) { values[place] = value }
        }
    }
}
