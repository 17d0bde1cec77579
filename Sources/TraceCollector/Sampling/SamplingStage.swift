import OTLP
import Synchronization
import SystemIO

/// The thread between two logs: takes requests from the one that receivers write, and puts the spans of kept traces into the one that
/// outputs read. Everything before the oldest undecided trace is settled in the first, so what waits survives the end of the process.
///
/// `@unchecked Sendable`: `sampler` and the scratch are the thread's alone; ``report`` is behind its lock.
final class SamplingStage: @unchecked Sendable {
    struct Report: Equatable, Sendable {
        var counts = TailSampler.Counts()
        var openTraces = 0
        var usedBytes = 0
    }

    private static let batchBytes = 512 << 10
    private static let keptBytes = 1 << 20
    private static let retryNanoseconds: UInt64 = 1_000_000_000

    private let intake: SegmentLog
    private let delivery: SegmentLog
    private let ledger: SpanLedger
    private let log: CollectorLog
    private var sampler: TailSampler
    private var index = TraceIndex()
    private var request: [UInt8] = []
    private let shared = Mutex(Report())
    /// To be taken over by the thread.
    private let newSettings = Mutex<TailSampler.Settings?>(nil)
    private let isStopped = Atomic(false)
    private let thread = Mutex<WorkerThread?>(nil)

    init(_ settings: TailSampler.Settings, from intake: SegmentLog, to delivery: SegmentLog, ledger: SpanLedger, log: CollectorLog) {
        sampler = TailSampler(settings)
        self.intake = intake
        self.delivery = delivery
        self.ledger = ledger
        self.log = log
    }

    var report: Report { shared.withLock { $0 } }

    /// Traces that wait go on waiting, by the new settings.
    func adopt(_ settings: TailSampler.Settings) {
        newSettings.withLock { $0 = settings }
        intake.wake()
    }

    func start() throws(SystemError) {
        let made = try WorkerThread("sampling", stackBytes: 512 << 10) { [self] in run() }
        thread.withLock { $0 = made }
    }

    /// Returns when the thread has ended. Traces that wait stay in the log.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        intake.stop()
        thread.withLock { $0.take() }?.join()
    }

    private func run() {
        let batch = LogBatch()
        let readiness = SegmentLog.Readiness(fullBytes: UInt64(Self.batchBytes), waitNanoseconds: 10_000_000)
        while true {
            let wakening = intake.waitForRecords(by: 0, deadline: sampler.nextDecision, drains: false) {
                newSettings.withLock { $0 == nil } ? readiness : nil
            }
            if wakening == .stopped { return }
            if let settings = newSettings.withLock({ $0.take() }) { sampler.adopt(settings) }
            var end: LogPosition?
            if wakening == .records { end = take(batch) }
            sampler.decide(now: SystemClock.monotonicNanoseconds())
            guard flush() else { return }
            settle(upTo: end)
        }
    }

    /// Gives where the records end that were taken; nil where none was.
    private func take(_ batch: LogBatch) -> LogPosition? {
        do throws(SystemError) {
            guard try intake.take(into: batch, maximumBytes: Self.batchBytes, by: 0) else { return nil }
        } catch {
            log.bufferUnavailable(error)
            pause()
            return nil
        }
        let now = SystemClock.monotonicNanoseconds()
        var position = batch.start
        for record in batch.records {
            batch.withBytes(of: record) { message in
                // It was checked before it came into the log.
                guard (try? index.read(message)) != nil else { return }
                sampler.take(index, of: message, from: position, now: now)
            }
            position = record.end
        }
        index.shrink(toSpans: 8192)
        return batch.end
    }

    /// Puts what is kept into the other log. False where the stage was stopped before that was possible.
    private func flush() -> Bool {
        while !sampler.output.isEmpty {
            if !flushFirst() { return false }
        }
        return true
    }

    private func flushFirst() -> Bool {
        request.removeAll(keepingCapacity: request.capacity <= Self.keptBytes)
        let spans = sampler.writeFirstOutput(to: &request)
        while !isStopped.load(ordering: .relaxed) {
            do throws(SystemError) {
                let request = request
                try request.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in
                    try delivery.append(raw, content: .protobuf, spans: spans, messageBytes: raw.count)
                }
                sampler.removeFirstOutput()
                return true
            } catch {
                log.bufferUnavailable(error)
                pause()
            }
        }
        return false
    }

    private var settledSpans: UInt64 = 0
    private var takenEnd: LogPosition?
    private var droppedSpans: UInt64 = 0

    private func settle(upTo end: LogPosition?) {
        if let end { takenEnd = end }
        let counts = sampler.counts
        ledger.sampledAway.add(counts.droppedSpans - droppedSpans)
        droppedSpans = counts.droppedSpans
        let decided = counts.keptSpans + counts.droppedSpans
        if let position = sampler.undecidedFrom ?? takenEnd {
            intake.commit(position, spans: decided - settledSpans, by: 0)
            settledSpans = decided
        }
        let report = Report(counts: counts, openTraces: sampler.openTraces, usedBytes: sampler.usedBytes)
        shared.withLock { $0 = report }
    }

    private func pause() {
        _ = intake.waitForRecords(
            .init(fullBytes: .max, waitNanoseconds: .max / 4), by: 0, deadline: SystemClock.monotonicNanoseconds() + Self.retryNanoseconds)
    }
}
