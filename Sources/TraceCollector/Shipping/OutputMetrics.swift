import Metrics

/// The metrics of one output. All series are there at 0 from the start.
final class OutputMetrics: Sendable {
    /// Statuses with a series of their own; 0 is "no answer".
    private static let statuses = [0, 200, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504]
    private static let durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    private static let spanBounds: [Double] = [1, 10, 100, 500, 1000, 2500, 5000, 10_000, 25_000]

    private let requests: StatusCounters
    private let durations: Histogram
    let retries: Counter
    /// From the arrival of a request's oldest spans to the output's acknowledgement.
    let freshness: Histogram
    let batchSpans: Histogram
    let sentBytes: Counter
    let up: Gauge

    init(_ registry: MetricRegistry, output: String) throws(MetricDeclarationError) {
        requests = try StatusCounters(Self.statuses) { status throws(MetricDeclarationError) in
            try registry.counter(
                "trace_collector_push_requests_total", help: "Requests to an output by the status of their answer; none: no answer",
                labels: ["output": output, "status": status])
        }
        durations = try registry.histogram(
            "trace_collector_push_duration_seconds", help: "Time from sending a request to its answer", bounds: Self.durationBounds,
            labels: ["output": output])
        retries = try registry.counter(
            "trace_collector_push_retries_total", help: "Requests that are to be repeated", labels: ["output": output])
        freshness = try registry.histogram(
            "trace_collector_freshness_seconds", help: "Time from the arrival of the oldest spans of a request to its acknowledgement",
            bounds: Self.durationBounds, labels: ["output": output])
        batchSpans = try registry.histogram(
            "trace_collector_batch_spans", help: "Spans of a request", bounds: Self.spanBounds, labels: ["output": output])
        sentBytes = try registry.counter(
            "trace_collector_push_sent_bytes_total", help: "Bytes of request bodies that were sent, repeats included",
            labels: ["output": output])
        up = try registry.gauge(
            "trace_collector_output_up", help: "1 while the output takes what it gets", labels: ["output": output])
        up.set(1)
    }

    /// `status` 0: no answer.
    func countRequest(status: Int, bytes: Int, nanoseconds: UInt64) {
        requests.increment(status)
        durations.observe(Double(nanoseconds) / 1e9)
        sentBytes.increment(by: UInt64(bytes))
    }
}
