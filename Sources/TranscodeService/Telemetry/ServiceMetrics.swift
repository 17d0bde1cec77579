import CommandLineInterface
import HTTP
import JobStore
import Metrics
import ProcessMetrics
import StructuredLogging
import Synchronization
import SystemIO
import Tracing

/// What `/metrics` shows: state that no line of the log carries. What happens is derived from the log.
struct ServiceMetrics: Sendable {
    /// Of the label `api_key`: those that hold the most have series of their own, all others share one.
    static let maximumKeySeries = 1000
    /// The name of that one; no key can have it.
    static let otherKeys = "(other)"

    let store: StoreSnapshot
    let inProgress: RequestsInProgress
    let workers: @Sendable () -> WorkerPool.Counts
    let server: @Sendable () -> HTTPServerStatistics
    let log: @Sendable () -> LogStatistics
    let spans: @Sendable () -> [(destination: String, statistics: SpanExportStatistics)]

    func register(in registry: MetricRegistry) throws(MetricDeclarationError) {
        try registry.collectGauge(
            "transcode_service_build_info", help: "Version of transcode-service, as labels of a constant 1", labels: ["version"]
        ) { $0.append(1, Release.version) }
        try registerStore(registry)
        try registerWork(registry)
        try registerServer(registry)
        try registerTelemetry(registry)
        try registry.registerProcess()
    }

    private func registerStore(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        let store = store
        try registry.collectGauge("transcode_service_store_up", help: "1 while the job store answers") { samples in
            samples.append(store.current.error == nil ? 1 : 0)
        }
        try registry.collectGauge("jobs_queued", help: "Number of jobs in queue") { samples in
            if let counts = store.current.counts { samples.append(Double(counts.queued)) }
        }
        try registry.collectGauge("jobs_processing", help: "Number of jobs currently processing") { samples in
            if let counts = store.current.counts { samples.append(Double(counts.processing)) }
        }
        try registry.collectGauge("storage_used_bytes", help: "Storage used in bytes", labels: ["api_key"]) { samples in
            for usage in Self.limited(store.current.usages) { samples.append(Double(usage.usedBytes), usage.keyName) }
        }
        try registry.collectGauge("storage_quota_bytes", help: "Storage quota in bytes", labels: ["api_key"]) { samples in
            for usage in Self.limited(store.current.usages) {
                if let quota = usage.quotaBytes { samples.append(Double(quota), usage.keyName) }
            }
        }
    }

    /// At most ``maximumKeySeries``: what the others hold is added up, without a quota.
    static func limited(_ usages: [StorageUsage], maximum: Int = maximumKeySeries) -> [StorageUsage] {
        guard usages.count > maximum else { return usages }
        let byUse = usages.sorted { ($1.usedBytes, $0.keyName) < ($0.usedBytes, $1.keyName) }
        let rest = byUse[(maximum - 1)...].reduce(into: StorageUsage(keyName: otherKeys, jobs: 0, usedBytes: 0, quotaBytes: nil)) {
            $0.jobs += $1.jobs
            $0.usedBytes += $1.usedBytes
        }
        return Array(byUse[..<(maximum - 1)]) + [rest]
    }

    private func registerWork(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        let (workers, inProgress) = (workers, inProgress)
        try registry.collectGauge("workers_active", help: "Workers that take jobs") { $0.append(Double(workers().workers)) }
        try registry.collectGauge("worker_tasks_active", help: "Jobs that workers process now") { $0.append(Double(workers().jobs)) }
        try registry.collectGauge(
            "api_requests_in_progress", help: "Number of API requests in progress", labels: ["method", "endpoint"]
        ) { samples in
            for (place, count) in inProgress.all { samples.append(Double(count), place.method, place.endpoint) }
        }
    }

    private func registerServer(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        let server = server
        func count(
            _ name: String, _ help: String, _ value: @escaping @Sendable (HTTPServerStatistics) -> Int
        ) throws(MetricDeclarationError) {
            try registry.collectCounter("transcode_service_http_\(name)_total", help: help) { $0.append(Double(value(server()))) }
        }
        try registry.collectGauge("transcode_service_http_connections", help: "Open connections") {
            $0.append(Double(server().openConnections))
        }
        for known in HTTPServerStatistics.counts { try count(known.name, known.help, known.value) }
        try count("uploads", "Uploads that began") { $0.streamedBodies }
        try count("interrupted_uploads", "Uploads that did not come to their end") { $0.interruptedBodies }
        try count("broken_responses", "Downloads that were broken off because their file could not be read") { $0.brokenResponses }
    }

    private func registerTelemetry(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        let (log, spans) = (log, spans)
        try registry.collectCounter("transcode_service_log_lines_total", help: "Log lines written, for each place where they go") {
            $0.append(Double(log().written))
        }
        try registry.collectCounter(
            "transcode_service_dropped_log_lines_total", help: "Log lines that could not be written", labels: ["reason"]
        ) { samples in
            let statistics = log()
            samples.append(Double(statistics.droppedUnwritable), "unwritable")
            samples.append(Double(statistics.droppedReaderGone), "reader_gone")
            samples.append(Double(statistics.droppedStopping), "stopping")
        }
        try registry.collectCounter(
            "transcode_service_exported_spans_total", help: "Spans that a destination took", labels: ["destination"]
        ) { samples in
            for (destination, statistics) in spans() { samples.append(Double(statistics.exported), destination) }
        }
        try registry.collectCounter(
            "transcode_service_dropped_spans_total", help: "Spans that a destination did not get", labels: ["destination", "reason"]
        ) { samples in
            for (destination, statistics) in spans() {
                for reason in SpanDropReason.allCases {
                    samples.append(Double(statistics.dropped[reason] ?? 0), destination, reason.rawValue)
                }
            }
        }
        try registry.collectGauge("transcode_service_queued_spans", help: "Spans that wait for a destination", labels: ["destination"]) {
            for (destination, statistics) in spans() { $0.append(Double(statistics.queued), destination) }
        }
    }
}

/// The job store's state for one scrape: the families of a scrape ask for it one after the other, and get the same.
final class StoreSnapshot: Sendable {
    struct State: Sendable {
        var counts: JobCounts?
        var usages: [StorageUsage] = []
        /// Why there is nothing.
        var error: JobStoreError?
    }

    /// A scrape takes less; two scrapes are further apart.
    private static let validNanoseconds: UInt64 = 500_000_000

    private let store: any JobStoring
    private let failed: @Sendable (JobStoreError) -> Void
    private let kept = Mutex<(state: State, atNanoseconds: UInt64)?>(nil)

    /// `failed` gets to know what went wrong.
    init(_ store: any JobStoring, failed: @escaping @Sendable (JobStoreError) -> Void) {
        self.store = store
        self.failed = failed
    }

    var current: State {
        kept.withLock { kept in
            let now = SystemClock.monotonicNanoseconds()
            if let kept, SystemClock.nanoseconds(from: kept.atNanoseconds, to: now) < Self.validNanoseconds { return kept.state }
            var state = State()
            do throws(JobStoreError) {
                state.counts = try store.counts()
                state.usages = try store.usages()
            } catch {
                state = State(error: error)
                failed(error)
            }
            kept = (state, SystemClock.monotonicNanoseconds())
            return state
        }
    }
}
