import Metrics

/// The metrics of one output, `log_agent_push_…{output="loki"}`. All series are there at 0 from the start.
final class OutputMetrics: Sendable {
    /// Statuses with a series of their own; 0 is "no answer".
    private static let statuses = [0, 200, 204, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504]
    private static let durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    private static let byteBounds: [Double] = [1024, 4096, 16_384, 65_536, 262_144, 524_288, 1_048_576, 2_097_152]
    private static let entryBounds: [Double] = [1, 10, 50, 100, 500, 1000, 2500, 5000, 10_000]

    enum RetryReason: String, Hashable, Sendable, CaseIterable {
        case unreachable
        case rateLimited = "rate_limited"
        case serverError = "server_error"
        case configuration
        case storage
    }

    private let requests: StatusCounters
    private let durations: Histogram
    private let retries: [RetryReason: Counter]
    private let refused: [RefusalReason.Kind: Counter]
    /// From the first sight of a batch's oldest bytes to its acknowledgement.
    let freshness: Histogram
    let batchEntries: Histogram
    /// Push bodies before compression.
    let batchBytes: Histogram
    /// Push bodies after compression, each counted once, however often it was sent.
    let compressedBytes: Counter
    /// What went over the wire or onto the disk, repeats included.
    let sentBytes: Counter
    let inFlight: Gauge
    let queued: Gauge

    init(_ registry: MetricRegistry, output: String) throws(MetricDeclarationError) {
        requests = try StatusCounters(Self.statuses) { status throws(MetricDeclarationError) in
            try registry.counter(
                "log_agent_push_requests_total", help: "Pushes by HTTP status; none: no answer",
                labels: ["output": output, "status": status])
        }
        durations = try registry.histogram(
            "log_agent_push_duration_seconds", help: "Time from sending a push to its answer", bounds: Self.durationBounds,
            labels: ["output": output])
        freshness = try registry.histogram(
            "log_agent_freshness_seconds", help: "Time from the first sight of a batch's oldest line to the output's acknowledgement",
            bounds: Self.durationBounds, labels: ["output": output])
        var retries: [RetryReason: Counter] = [:]
        for reason in RetryReason.allCases {
            retries[reason] = try registry.counter(
                "log_agent_push_retries_total", help: "Pushes that are to be repeated",
                labels: ["output": output, "reason": reason.rawValue])
        }
        self.retries = retries
        var refused: [RefusalReason.Kind: Counter] = [:]
        for kind in RefusalReason.Kind.allCases {
            refused[kind] = try registry.counter(
                "log_agent_refused_entries_total", help: "Entries that the output will never take, in the dead-letter file",
                labels: ["output": output, "reason": kind.rawValue])
        }
        self.refused = refused
        batchEntries = try registry.histogram(
            "log_agent_batch_entries", help: "Entries of a push", bounds: Self.entryBounds, labels: ["output": output])
        batchBytes = try registry.histogram(
            "log_agent_batch_bytes", help: "Uncompressed bytes of a push", bounds: Self.byteBounds, labels: ["output": output])
        compressedBytes = try registry.counter(
            "log_agent_batch_compressed_bytes_total", help: "Bytes of pushes after compression, each counted once",
            labels: ["output": output])
        sentBytes = try registry.counter(
            "log_agent_push_sent_bytes_total", help: "Bytes of answered pushes, repeats included", labels: ["output": output])
        inFlight = try registry.gauge("log_agent_pushes_in_flight", help: "Pushes being sent", labels: ["output": output])
        queued = try registry.gauge("log_agent_batches_queued", help: "Sealed batches that wait for a sender", labels: ["output": output])
    }

    /// `status` 0: no answer.
    func countRequest(status: Int, sentBytes count: Int, nanoseconds: UInt64) {
        requests.increment(status)
        durations.observe(Double(nanoseconds) / 1e9)
        sentBytes.increment(by: UInt64(count))
    }

    var retryCount: UInt64 { retries.values.reduce(0) { $0 + $1.value } }

    func countRetry(_ problem: OutputProblem) {
        retries[RetryReason(problem)]?.increment()
    }

    func countRefused(_ entries: [RefusedEntry]) {
        for entry in entries { refused[entry.reason.kind]?.increment() }
    }
}

extension OutputMetrics.RetryReason {
    init(_ problem: OutputProblem) {
        self =
            switch problem.kind {
            case .unreachable: .unreachable
            case .storage: .storage
            case .answered(429): .rateLimited
            case .answered(500...599), .answered(408), .answered(425): .serverError
            case .answered, .blocked, .misconfigured, .insecure: .configuration
            }
    }
}
