import Delivery
import Gzip
import HTTP
import Synchronization
import SystemIO

/// One output with its thread: takes records from the buffer, delivers them in order, each until it is decided, and moves its cursor.
final class Output: Sendable {
    private struct State {
        var isStopped = false
        /// Retries go on until then.
        var deadline: UInt64 = 0
        var cancellation: HTTPCancellation?
        var lastProblem: String?
    }

    private static let stackBytes = 512 << 10
    /// A request waits for others at least so long.
    private static let minimumWaitNanoseconds: UInt64 = 5_000_000

    let name: String
    /// Of a directory output.
    let directory: DirectoryStore?
    private let reader: Int
    private let settings: OutputSettings
    private let source: SegmentLog
    private let ledger: SpanLedger.Output
    private let metrics: OutputMetrics
    private let log: CollectorLog
    private let policy: RetryPolicy
    private let state = Monitor(State())
    private let thread = Mutex<WorkerThread?>(nil)

    /// `reader` is its number among those of `source` and of the ledger.
    init(
        _ settings: OutputSettings, reader: Int, of source: SegmentLog, ledger: SpanLedger, metrics: OutputMetrics, log: CollectorLog
    ) {
        self.settings = settings
        self.reader = reader
        self.source = source
        self.ledger = ledger.outputs[reader]
        self.metrics = metrics
        self.log = log
        name = settings.name
        policy = RetryPolicy(
            minimumBackoffNanoseconds: settings.retry.minimumBackoffNanoseconds,
            maximumBackoffNanoseconds: settings.retry.maximumBackoffNanoseconds)
        if case .directory(let settings) = settings.destination {
            directory = DirectoryStore(settings, compression: self.settings.compression)
        } else {
            directory = nil
        }
    }

    /// The last problem while it lasts.
    var lastProblem: String? { state.withLock { $0.lastProblem } }

    func start() throws(OutputError) {
        let destination: @Sendable () -> any OutputDestination
        switch settings.destination {
        case .otlp(let otlp):
            let endpoint: HTTPEndpoint
            do throws(HTTPEndpointError) { endpoint = try HTTPEndpoint(url: otlp.url) } catch { throw .badURL(output: name, error) }
            destination = { [self] in
                OTLPDestination(
                    otlp, endpoint: endpoint, compression: settings.compression, timeoutNanoseconds: settings.retry.timeoutNanoseconds
                ) { [self] cancellation in state.withLock { $0.cancellation = cancellation } }
            }
        case .directory:
            guard let directory else { preconditionFailure("a directory output has its store") }
            destination = { DirectoryDestination(directory) }
        }
        do throws(SystemError) {
            let made = try WorkerThread("output \(name)", stackBytes: Self.stackBytes) { [self] in run(destination()) }
            thread.withLock { $0 = made }
        } catch {
            throw .noThread(output: name, error)
        }
    }

    /// Delivers what can be delivered until `deadline` on the monotonic clock; the rest stays in the buffer. The source must be stopped
    /// before. Returns when the thread has ended.
    func stop(deadline: UInt64) {
        state.withLock { state in
            state.isStopped = true
            state.deadline = deadline
        }
        state.broadcast()
        let running = thread.withLock { $0.take() }
        guard let running else { return }
        let timer = try? WorkerThread("output \(name) deadline", stackBytes: 64 << 10) { [self] in
            state.wait { state -> Monitor<State>.Decision<Void> in
                state.deadline == 0 || SystemClock.monotonicNanoseconds() >= deadline ? .done(()) : .wait(untilNanoseconds: deadline)
            }
            state.withLock { $0.cancellation }?.cancel()
        }
        running.join()
        state.withLock { $0.deadline = 0 }
        state.broadcast()
        timer?.join()
    }

    private var mayGoOn: Bool {
        state.withLock { !$0.isStopped || SystemClock.monotonicNanoseconds() < $0.deadline }
    }
}

/// Why an output cannot start.
enum OutputError: Error, Equatable, CustomStringConvertible {
    case badURL(output: String, HTTPEndpointError)
    case noThread(output: String, SystemError)

    var description: String {
        switch self {
        case .badURL(let output, let error): "`outputs.\(output).url`: \(error)"
        case .noThread(let output, let error): "output `\(output)` got no thread: \(error)"
        }
    }
}

// MARK: The thread

extension Output {
    private func run(_ destination: any OutputDestination) {
        let batch = LogBatch()
        let body = RequestBody(compression: settings.compression, level: settings.compressionLevel)
        var generator = SeededGenerator(seed: SystemClock.wallNanoseconds())
        // An output that answers quickly is asked often: what comes together goes together only as long as that costs little time.
        var wait = Self.minimumWaitNanoseconds
        while mayGoOn {
            let readiness = SegmentLog.Readiness(
                fullBytes: UInt64(settings.batch.maximumBytes), waitNanoseconds: min(settings.batch.maximumWaitNanoseconds, wait))
            guard source.waitForRecords(readiness, by: reader, drains: true) == .records else { return }
            do throws(SystemError) {
                guard try source.take(into: batch, maximumBytes: settings.batch.maximumBytes, by: reader) else { continue }
            } catch {
                log.bufferUnavailable(error)
                pause(nanoseconds: 1_000_000_000)
                continue
            }
            let start = SystemClock.monotonicNanoseconds()
            guard deliver(batch, body, to: destination, using: &generator) else { return }
            wait = max(Self.minimumWaitNanoseconds, 2 * (SystemClock.monotonicNanoseconds() - start))
        }
    }

    /// False where it was stopped before everything was decided.
    private func deliver(
        _ batch: LogBatch, _ body: RequestBody, to destination: any OutputDestination, using generator: inout SeededGenerator
    ) -> Bool {
        var parts = DeliveryParts(count: batch.records.count)
        var failures = 0
        var made: Range<Int>?
        while let part = parts.current {
            guard mayGoOn else { return false }
            if made != part {
                do throws(GzipError) { try body.make(of: part, in: batch) } catch {
                    // The checksum of the record was right, and it was inflated once: this is memory, or a bug.
                    settle(part, of: batch, .failed(status: 0, reason: "\(error)"))
                    parts.settleCurrent()
                    continue
                }
                made = part
            }
            let start = SystemClock.monotonicNanoseconds()
            let answer = destination.send(body.bytes, of: part, in: batch)
            metrics.countRequest(
                status: answer.status, bytes: body.bytes.count, nanoseconds: SystemClock.monotonicNanoseconds() - start)
            switch answer {
            case .taken, .failed:
                failures = 0
                settle(part, of: batch, answer)
                parts.settleCurrent()
            case .refused:
                failures = 0
                if parts.splitCurrent() { continue }
                settle(part, of: batch, answer)
                parts.settleCurrent()
            case .retry(_, let reason, let pace):
                failures += 1
                metrics.retries.increment()
                let delay: UInt64 =
                    switch pace {
                    case .backoff: policy.delay(afterFailures: failures, using: &generator)
                    case .asked(let nanoseconds): policy.delay(askedNanoseconds: nanoseconds, using: &generator)
                    case .slow: policy.slowDelay(using: &generator)
                    }
                tell(problem: reason, retryNanoseconds: delay)
                pause(nanoseconds: delay)
            }
        }
        return true
    }

    private func settle(_ part: Range<Int>, of batch: LogBatch, _ answer: OTLPAnswer) {
        let items = batch.records[part]
        let spans = items.reduce(UInt64(0)) { $0 + UInt64($1.record.spans) }
        metrics.batchSpans.observe(Double(spans))
        let now = SystemClock.wallNanoseconds()
        if let oldest = items.first?.record.receivedAt {
            metrics.freshness.observe(Double(SystemClock.nanoseconds(from: oldest, to: now)) / 1e9)
        }
        switch answer {
        case .taken(let rejected, let message):
            tellRecovery()
            let lost = min(rejected, spans)
            ledger.deliver(spans - lost)
            if lost > 0 {
                ledger.drop(lost, .refused)
                log.refused(output: name, spans: lost, status: 200, reason: message ?? "")
            } else if let message {
                log.warned(output: name, message: message)
            }
        case .refused(let status, let reason):
            tellRecovery()
            ledger.drop(spans, .refused)
            log.refused(output: name, spans: spans, status: status, reason: reason)
        case .failed(let status, let reason), .retry(let status, let reason, _):
            ledger.drop(spans, .serverError)
            log.refused(output: name, spans: spans, status: status, reason: reason)
        }
        if let end = items.last?.end { source.commit(end, spans: spans, by: reader) }
    }

    private func tell(problem: String, retryNanoseconds: UInt64) {
        let isNew = state.withLock { state in
            defer { state.lastProblem = problem }
            return state.lastProblem == nil
        }
        metrics.up.set(0)
        if isNew { log.stuck(output: name, problem: problem, retryNanoseconds: retryNanoseconds) }
    }

    private func tellRecovery() {
        let had = state.withLock { state in
            defer { state.lastProblem = nil }
            return state.lastProblem != nil
        }
        metrics.up.set(1)
        if had { log.recovered(output: name) }
    }

    /// Ends early when the output is stopped.
    private func pause(nanoseconds: UInt64) {
        let until = SystemClock.monotonicNanoseconds() + nanoseconds
        state.wait { state -> Monitor<State>.Decision<Void> in
            let end = state.isStopped ? min(until, state.deadline) : until
            return SystemClock.monotonicNanoseconds() >= end ? .done(()) : .wait(untilNanoseconds: end)
        }
    }
}

extension OTLPAnswer {
    /// 0: there was none. A body that says why stands for a request that was taken.
    var status: Int {
        switch self {
        case .taken: 200
        case .retry(let status, _, _), .refused(let status, _), .failed(let status, _): status
        }
    }
}
