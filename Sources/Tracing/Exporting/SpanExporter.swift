import Delivery
import HTTP
import OTLP
import SystemIO

/// A bounded queue of spans, and a thread that takes batches of them to one destination. Offering a span never waits for the
/// destination: what it can't take is dropped, and counted.
final class SpanExporter: Sendable {
    private struct State {
        var queue: [SpanRecord] = []
        /// On their way.
        var sending = 0
        /// When the oldest of `queue` came.
        var oldestNanoseconds: UInt64 = 0
        var statistics = SpanExportStatistics()
        var stopNanoseconds: UInt64?
        var mustFlush = false
        var hasEnded = false
        var cancellation: HTTPCancellation?
    }

    private let name: String
    private let settings: SpanExporterSettings
    private let report: @Sendable (SpanExportEvent) -> Void
    private let monitor = Monitor(State())

    private init(name: String, settings: SpanExporterSettings, report: @escaping @Sendable (SpanExportEvent) -> Void) {
        self.name = name
        self.settings = settings
        self.report = report
    }

    /// `name` is what events call the destination. The thread ends with ``stop(atNanoseconds:)``, which must be called.
    static func start(
        to file: SpanFile, name: String, settings: SpanExporterSettings, report: @escaping @Sendable (SpanExportEvent) -> Void
    ) throws(SystemError) -> RunningSpanExporter {
        let exporter = SpanExporter(name: name, settings: settings, report: report)
        let thread = try WorkerThread("span file", stackBytes: 256 << 10) { exporter.run(file) }
        return RunningSpanExporter(exporter: exporter, thread: thread)
    }

    static func start(
        to endpoint: HTTPEndpoint, origin: SpanOrigin, settings: SpanExporterSettings,
        report: @escaping @Sendable (SpanExportEvent) -> Void
    ) throws(SystemError) -> RunningSpanExporter {
        let exporter = SpanExporter(name: endpoint.description, settings: settings, report: report)
        let thread = try WorkerThread("span exporter", stackBytes: 512 << 10) {
            exporter.runCollector(endpoint, origin)
        }
        return RunningSpanExporter(exporter: exporter, thread: thread)
    }

    var statistics: SpanExportStatistics {
        monitor.withLock { state in
            var statistics = state.statistics
            statistics.queued = state.queue.count + state.sending
            return statistics
        }
    }

    func offer(_ span: SpanRecord) {
        let isDue = monitor.withLock { state in
            if state.stopNanoseconds != nil {
                state.statistics.dropped[.stopped, default: 0] += 1
                return false
            }
            if state.queue.count >= settings.maximumQueuedSpans {
                state.statistics.dropped[.queueFull, default: 0] += 1
                return false
            }
            if state.queue.isEmpty { state.oldestNanoseconds = SystemClock.monotonicNanoseconds() }
            state.queue.append(span)
            // The thread sleeps without an end while there is nothing.
            return state.queue.count == 1 || state.queue.count == settings.maximumBatchSpans
        }
        if isDue { monitor.signal() }
    }

    /// Sends what there is soon.
    func flush() {
        monitor.withLock { $0.mustFlush = true }
        monitor.signal()
    }

    /// Sends what there is, until then on the monotonic clock; drops the rest.
    func stop(atNanoseconds deadline: UInt64) {
        monitor.withLock { $0.stopNanoseconds = deadline }
        monitor.broadcast()
        let cancellation: HTTPCancellation? = monitor.wait { state in
            if state.hasEnded { return .done(nil) }
            if SystemClock.monotonicNanoseconds() < deadline { return .wait(untilNanoseconds: deadline) }
            return .done(state.cancellation)
        }
        cancellation?.cancel()
    }

    private func runCollector(_ endpoint: HTTPEndpoint, _ origin: SpanOrigin) {
        while true {
            do throws(HTTPClientError) {
                let client = try HTTPClient(endpoint: endpoint)
                monitor.withLock { $0.cancellation = client.cancellation }
                return run(SpanCollector(client, origin: origin, timeoutNanoseconds: settings.timeoutNanoseconds))
            } catch {
                // No descriptors left, or no certificates yet.
                report(.failing(destination: name, reason: "\(error)"))
                if !pause(untilNanoseconds: SystemClock.monotonicNanoseconds() + settings.retry.maximumBackoffNanoseconds) { return end() }
            }
        }
    }

    private func run(_ destination: some SpanDestination) {
        var destination = destination
        var generator = SystemRandomNumberGenerator()
        var isFailing = false
        while let batch = next() { deliver(batch, to: &destination, &isFailing, &generator) }
        end()
    }

    /// nil: it is time to end.
    private func next() -> [SpanRecord]? {
        monitor.wait { state in
            let now = SystemClock.monotonicNanoseconds()
            if let stop = state.stopNanoseconds, state.queue.isEmpty || now >= stop { return .done(nil) }
            if state.queue.isEmpty {
                state.mustFlush = false
                return .wait(untilNanoseconds: nil)
            }
            let due = state.oldestNanoseconds + settings.maximumDelayNanoseconds
            if state.queue.count < settings.maximumBatchSpans && now < due && !state.mustFlush && state.stopNanoseconds == nil {
                return .wait(untilNanoseconds: due)
            }
            let count = min(state.queue.count, settings.maximumBatchSpans)
            let batch = Array(state.queue[..<count])
            state.queue.removeSubrange(..<count)
            state.oldestNanoseconds = now
            state.sending = count
            return .done(batch)
        }
    }

    private func deliver(
        _ batch: [SpanRecord], to destination: inout some SpanDestination, _ isFailing: inout Bool,
        _ generator: inout some RandomNumberGenerator
    ) {
        let first = SystemClock.monotonicNanoseconds()
        var failures = 0
        while true {
            switch destination.export(batch) {
            case .delivered(let rejected, let message):
                if isFailing { report(.recovered(destination: name)) }
                isFailing = false
                let rejected = min(rejected, UInt64(batch.count))
                if rejected > 0 || !message.isEmpty { report(.refused(destination: name, spans: rejected, reason: message)) }
                return settle { statistics in
                    statistics.exported += UInt64(batch.count) - rejected
                    if rejected > 0 { statistics.dropped[.rejected, default: 0] += rejected }
                }
            case .dropped(let reason, let text):
                if reason != .stopped && !isFailing { report(.refused(destination: name, spans: UInt64(batch.count), reason: text)) }
                isFailing = reason == .unwritable
                return settle { $0.dropped[reason, default: 0] += UInt64(batch.count) }
            case .retry(let asked, let text):
                if !isFailing { report(.failing(destination: name, reason: text)) }
                isFailing = true
                failures += 1
                let now = SystemClock.monotonicNanoseconds()
                if now - first >= settings.maximumRetryNanoseconds {
                    return settle { $0.dropped[.retriesExhausted, default: 0] += UInt64(batch.count) }
                }
                let delay =
                    if let asked { settings.retry.delay(askedNanoseconds: asked, using: &generator) } else {
                        settings.retry.delay(afterFailures: failures, using: &generator)
                    }
                monitor.withLock { $0.statistics.retries += 1 }
                if !pause(untilNanoseconds: now + delay) { return settle { $0.dropped[.stopped, default: 0] += UInt64(batch.count) } }
            }
        }
    }

    private func settle(_ count: (inout SpanExportStatistics) -> Void) {
        monitor.withLock { state in
            state.sending = 0
            count(&state.statistics)
        }
    }

    /// False: the time to end comes first.
    private func pause(untilNanoseconds time: UInt64) -> Bool {
        monitor.wait { state in
            let now = SystemClock.monotonicNanoseconds()
            if let stop = state.stopNanoseconds {
                // A last try before the end.
                if now >= stop { return .done(false) }
                return now >= time ? .done(true) : .wait(untilNanoseconds: min(time, stop))
            }
            return now >= time ? .done(true) : .wait(untilNanoseconds: time)
        }
    }

    private func end() {
        monitor.withLock { state in
            state.statistics.dropped[.stopped, default: 0] += UInt64(state.queue.count)
            if state.statistics.dropped[.stopped] == 0 { state.statistics.dropped[.stopped] = nil }
            state.queue = []
            state.hasEnded = true
        }
        monitor.broadcast()
    }
}

/// An exporter and the thread that works for it.
struct RunningSpanExporter: Sendable {
    let exporter: SpanExporter
    let thread: WorkerThread
}

/// How many spans wait, how they are sent, and when they are given up.
package struct SpanExporterSettings: Equatable, Sendable {
    package var maximumQueuedSpans = 4096
    package var maximumBatchSpans = 512
    /// The longest that a span waits for others to go with it.
    package var maximumDelayNanoseconds: UInt64 = 1_000_000_000
    /// Of one request.
    package var timeoutNanoseconds: UInt64 = 10_000_000_000
    /// A batch that a collector has not taken for so long is dropped.
    package var maximumRetryNanoseconds: UInt64 = 300_000_000_000
    package var retry = RetryPolicy(minimumBackoffNanoseconds: 1_000_000_000, maximumBackoffNanoseconds: 30_000_000_000)

    package init() {}
}
