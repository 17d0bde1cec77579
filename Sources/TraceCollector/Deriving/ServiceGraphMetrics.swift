import Metrics
import OTLP

/// The calls between services, with the names and buckets of Tempo's metrics-generator. Not Sendable: whoever uses it holds a lock.
final class ServiceGraphMetrics {
    struct Settings: Equatable, Sendable {
        var waitNanoseconds: UInt64 = 10_000_000_000
        var maximumItems = 10_000
    }

    /// 8, from 0.1 s to 12.8 s.
    static let buckets = (0..<8).map { 0.1 * Double(1 << $0) }
    private static let maximumSeries = 2000

    private(set) var graph: ServiceGraph
    private let requests: MetricFamily
    private let failures: MetricFamily
    private let serverLatency: MetricFamily
    private let clientLatency: MetricFamily
    private var key = SeriesKey()

    init(_ settings: Settings, in table: SeriesTable, now: UInt64) throws(MetricDeclarationError) {
        graph = ServiceGraph(waitNanoseconds: settings.waitNanoseconds, maximumItems: settings.maximumItems)
        func family(_ name: String, _ help: String, _ kind: FamilyDefinition.Kind) throws(MetricDeclarationError) -> MetricFamily {
            try table.declare(
                FamilyDefinition(
                    name: "traces_service_graph_\(name)", help: help, kind: kind, labelNames: ["client", "server", "connection_type"],
                    maximumSeries: Self.maximumSeries, keepsExemplars: true), now: now)
        }
        requests = try family("request_total", "Calls between two services", .counter)
        failures = try family("request_failed_total", "Calls that failed on either side", .counter)
        serverLatency = try family("request_server_seconds", "Durations as the server saw them", .histogram(bounds: Self.buckets))
        clientLatency = try family("request_client_seconds", "Durations as the client saw them", .histogram(bounds: Self.buckets))
    }

    /// `monotonic` and `now` are the same moment on the two clocks.
    func observe(_ index: TraceIndex, in message: UnsafeRawBufferPointer, monotonic: UInt64, now: UInt64) {
        var scope: Int32 = -1
        var service: String?
        for span in index.spans where span.fault == .none && span.kind >= 2 {
            if span.scope != scope {
                let previous = scope < 0 ? -1 : index.scopes[Int(scope)].resource
                scope = span.scope
                if index.scopes[Int(scope)].resource != previous { service = nil }
            }
            let name = service ?? Self.serviceName(index.scopes[Int(scope)].resource, index, message)
            service = name
            let edge = graph.observe(span, service: name, peer: { ServiceGraph.Peer(of: span, in: message) }, now: monotonic)
            if let edge { count(edge, now: now) }
        }
        expire(monotonic: monotonic, now: now)
    }

    /// For times without spans. Whether there was something to count.
    @discardableResult
    func expire(monotonic: UInt64, now: UInt64) -> Bool {
        let edges = graph.expire(now: monotonic)
        for edge in edges { count(edge, now: now) }
        return !edges.isEmpty
    }

    private static func serviceName(_ resource: Int32, _ index: TraceIndex, _ message: UnsafeRawBufferPointer) -> String {
        let name = TraceAttributes.serviceName(ofResourceSpans: index.resources[Int(resource)].body, in: message)?.bytes(in: message)
        return String(decoding: name ?? SpanLabels.unknownService.bytes, as: UTF8.self)
    }

    private func count(_ edge: ServiceGraph.Edge, now: UInt64) {
        key.removeAll()
        key.append(edge.client ?? "")
        key.append(edge.server ?? "")
        key.append(edge.type.rawValue)
        let trace = ExemplarTrace(high: edge.trace.high, low: edge.trace.low)
        _ = requests.add(1, to: key, now: now, trace: trace)
        if edge.isFailed { _ = failures.add(1, to: key, now: now, trace: trace) }
        if let duration = edge.serverNanoseconds { _ = serverLatency.observe(Double(duration) / 1e9, in: key, now: now, trace: trace) }
        if let duration = edge.clientNanoseconds { _ = clientLatency.observe(Double(duration) / 1e9, in: key, now: now, trace: trace) }
    }
}
