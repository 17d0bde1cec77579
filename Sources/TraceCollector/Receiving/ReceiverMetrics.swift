import Metrics

/// What a receiver has taken. Every series is there at 0 from the start.
final class ReceiverMetrics: Sendable {
    private static let statuses = [200, 400, 401, 404, 405, 408, 413, 415, 429, 431, 503]

    private let requests: [Int: Counter]
    private let other: Counter
    let receivedBytes: Counter
    let receivedSpans: Counter

    init(_ registry: MetricRegistry, receiver: String) throws(MetricDeclarationError) {
        func request(_ status: String) throws(MetricDeclarationError) -> Counter {
            try registry.counter(
                "trace_collector_received_requests_total", help: "Requests by the status of their answer",
                labels: ["receiver": receiver, "status": status])
        }
        var requests: [Int: Counter] = [:]
        for status in Self.statuses { requests[status] = try request(String(status)) }
        self.requests = requests
        other = try request("other")
        receivedBytes = try registry.counter(
            "trace_collector_received_bytes_total", help: "Bytes of requests as they came, compressed or not",
            labels: ["receiver": receiver])
        receivedSpans = try registry.counter(
            "trace_collector_received_spans_total", help: "Spans of accepted requests, rejected ones included",
            labels: ["receiver": receiver])
    }

    func countRequest(status: Int) { (requests[status] ?? other).increment() }
}
