import Metrics
import OTLP
import Synchronization
import SystemIO

/// Everything that is derived from spans before any is sampled away. Any thread may use it.
///
/// `@unchecked Sendable`: `capture` is touched only by who holds `scraping`, the rest only by who holds `lock`.
final class SpanDeriving: @unchecked Sendable {
    private let lock = Mutex<Void>(())
    /// Held by one scrape at a time; taken before ``lock``.
    private let scraping = Mutex<Void>(())
    private let table = SeriesTable()
    private let metrics: SpanMetrics?
    private let graph: ServiceGraphMetrics?
    private var capture = SeriesCapture()
    private var changes: UInt64 = 0

    init(metrics: SpanMetrics.Settings?, graph: ServiceGraphMetrics.Settings?) throws(MetricDeclarationError) {
        let now = SystemClock.wallNanoseconds()
        let table = table
        self.metrics = try metrics.map { settings throws(MetricDeclarationError) in try SpanMetrics(settings, in: table, now: now) }
        self.graph = try graph.map { settings throws(MetricDeclarationError) in try ServiceGraphMetrics(settings, in: table, now: now) }
    }

    func observe(_ index: TraceIndex, in message: UnsafeRawBufferPointer) {
        let now = SystemClock.wallNanoseconds()
        let monotonic = SystemClock.monotonicNanoseconds()
        lock.withLock { _ in
            changes += 1
            metrics?.observe(index, in: message, now: now)
            graph?.observe(index, in: message, monotonic: monotonic, now: now)
        }
    }

    /// To be called now and then, so that calls whose other half never comes are counted when no span comes either.
    func expire() {
        lock.withLock { _ in
            let counted = graph?.expire(monotonic: SystemClock.monotonicNanoseconds(), now: SystemClock.wallNanoseconds())
            if counted == true { changes += 1 }
        }
    }

    /// Families that have filled up since the last call.
    func takeOverflowReports() -> [OverflowReport] { lock.withLock { _ in table.takeOverflowReports() } }

    /// Calls that were not paired.
    var unpaired: (expired: UInt64, dropped: UInt64, waiting: Int) {
        lock.withLock { _ in
            guard let graph = graph?.graph else { return (0, 0, 0) }
            return (graph.expired, graph.dropped, graph.waitingCount)
        }
    }

    /// Rises when values change.
    var revision: UInt64 { lock.withLock { _ in changes } }

    struct FamilyStatus: Equatable {
        let name: String
        let series: Int
        /// Updates that went to the series for what is above the limit.
        let overflowedUpdates: UInt64
    }

    /// Of each derived metric.
    var families: [FamilyStatus] {
        lock.withLock { _ in
            table.families.map {
                FamilyStatus(name: $0.definition.name, series: $0.seriesCount, overflowedUpdates: $0.overflowedUpdates)
            }
        }
    }

    /// All values, for ``restore(_:)``. `before` is called when nothing else reads them, `after` as soon as they are copied: in between no
    /// span must be observed.
    func encode(before: () -> Void, after: () -> Void) -> [UInt8] {
        scraping._unsafeLock()
        defer { scraping._unsafeUnlock() }
        before()
        lock.withLock { _ in table.capture(into: &capture) }
        after()
        var values: [UInt8] = []
        capture.encode(into: &values)
        return values
    }

    /// To be called once, before any span. Gives what has no place in the present settings.
    func restore(_ values: [UInt8]) -> [String] {
        lock.withLock { _ in
            do throws(SnapshotError) {
                return try values.span.bytes.withUnsafeBytes { (bytes) throws(SnapshotError) in
                    try table.restore(from: bytes, now: SystemClock.wallNanoseconds()).map(\.description)
                }
            } catch {
                return ["\(error.description) All derived metrics start anew."]
            }
        }
    }

    func write(to writer: inout ExpositionWriter) {
        scraping._unsafeLock()
        defer { scraping._unsafeUnlock() }
        lock.withLock { _ in table.capture(into: &capture) }
        writer.append(capture)
    }
}
