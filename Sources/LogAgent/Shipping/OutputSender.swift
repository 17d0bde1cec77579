import Delivery
import HTTP
import Metrics
import StructuredLogging
import Synchronization
import SystemIO

/// Why an output cannot be set up.
enum OutputSenderError: Error, Equatable, CustomStringConvertible {
    case badURL(output: String, HTTPEndpointError)
    case noThread(output: String, SystemError)
    case metrics(output: String, MetricDeclarationError)

    var description: String {
        switch self {
        case .badURL(let output, let error): "`outputs.\(output).url`: \(error)"
        case .noThread(let output, let error): "output `\(output)` got no thread: \(error)"
        case .metrics(let output, let error): "output `\(output)`: \(error)"
        }
    }
}

/// One output: takes sealed batches and delivers them with its own threads, each batch until it is decided.
///
/// The rules stand in ``DeliveryWindow``, what an answer means in ``LokiAnswer``, ``LokiRefusal`` and ``PushResolution``;
/// here they get threads, a clock and a connection.
final class OutputSender: Sendable {
    private typealias Window = DeliveryWindow<[UInt8], SealedBatch, PendingPush>

    private struct State {
        var window: Window
        var runningThreads = 0
        /// In a row, since a push or a part of one got through.
        var failures = 0
        /// The kind of problem that was logged last, while it lasts.
        var reported: OutputProblem.Kind?
        var lastProblem: OutputProblem?
    }

    /// An output counts as stuck with this failure in a row, so that one hiccup does not.
    private static let failuresBeforeStuck = 2
    private static let stackBytes = 512 << 10
    private static let maximumStreamsPerPush = 64

    /// In the life of the process: no two senders share it.
    let number: Int
    let name: String
    let deadLetters: DeadLetterFile
    /// Of a directory output.
    let directory: DirectoryStore?
    private let senders: Int
    private let outcomes: OutcomeMailbox
    private let metrics: OutputMetrics
    private let log: OutputLog
    private let makeDestination: @Sendable () -> any PushDestination
    private let cancellations = Cancellations()
    private let bodies: PushBodyPool
    private let monitor: Monitor<State>
    private let threads = Mutex<[WorkerThread]>([])
    private let healthy = Atomic(true)
    private let idle: Atomic<Int>
    private let wantsAnother = Atomic(false)

    /// Starts the threads. `number` stands in the outcomes. Refused lines go to `dead-letter/<name>.jsonl` in `dataDirectory`. The jitter follows from `seed`.
    init(
        number: Int, settings: OutputSettings, dataDirectory: String, outcomes: OutcomeMailbox, registry: MetricRegistry, logger: Logger,
        seed: UInt64 = SystemClock.wallNanoseconds()
    ) throws(OutputSenderError) {
        let metrics: OutputMetrics
        do throws(MetricDeclarationError) {
            metrics = try OutputMetrics(registry, output: settings.name)
        } catch { throw .metrics(output: settings.name, error) }
        var isJoining = false
        switch settings.destination {
        case .loki(let loki):
            let target: LokiTarget
            do throws(HTTPEndpointError) {
                target = try LokiTarget(loki, timeoutNanoseconds: settings.retry.timeoutNanoseconds)
            } catch { throw .badURL(output: settings.name, error) }
            isJoining = loki.streamsPerPush == .many
            makeDestination = { [cancellations] in LokiDestination(target, metrics: metrics, cancellations: cancellations) }
            directory = nil
        case .directory(let settings):
            let store = DirectoryStore(settings)
            makeDestination = { DirectoryDestination(store, compressionLevel: settings.compressionLevel, metrics: metrics) }
            directory = store
        case .stdout(let stdout):
            let stopped: EventDescriptor
            do throws(SystemError) { stopped = try EventDescriptor() } catch { throw .noThread(output: settings.name, error) }
            cancellations.add { stopped.signal() }
            makeDestination = { StdoutDestination(stdout, stopped: stopped, metrics: metrics) }
            directory = nil
        }
        let policy = RetryPolicy(
            minimumBackoffNanoseconds: settings.retry.minimumBackoffNanoseconds,
            maximumBackoffNanoseconds: settings.retry.maximumBackoffNanoseconds)
        senders = max(1, settings.inFlight)
        let window = Window(
            policy: policy, maximumPrepared: senders, maximumItemsPerPush: isJoining ? Self.maximumStreamsPerPush : 1,
            maximumBytesPerPush: settings.batch.maximumBytes, seed: seed, canJoin: { $0.tenant == $1.tenant })
        self.number = number
        name = settings.name
        self.metrics = metrics
        self.outcomes = outcomes
        log = OutputLog(logger: logger)
        deadLetters = DeadLetterFile(directory: dataDirectory + "/dead-letter", name: settings.name)
        bodies = PushBodyPool(maximumCount: 2 * senders)
        monitor = Monitor(State(window: window))
        idle = Atomic(senders)
        do throws(SystemError) {
            for number in 0..<senders { try startThread(number) }
        } catch {
            stop()
            throw .noThread(output: name, error)
        }
    }

    private func startThread(_ number: Int) throws(SystemError) {
        monitor.withLock { $0.runningThreads += 1 }
        do throws(SystemError) {
            let thread = try WorkerThread("\(name)-\(number)", stackBytes: Self.stackBytes) { [self] in run() }
            threads.withLock { $0.append(thread) }
        } catch {
            monitor.withLock { $0.runningThreads -= 1 }
            throw error
        }
    }

    /// False while pushes fail and nobody should wait for this output.
    var isHealthy: Bool { healthy.load(ordering: .relaxed) }

    /// Senders that would begin with a new batch at once; 0 while something is queued or fails.
    var idleSenders: Int { idle.load(ordering: .relaxed) }

    /// Every push fails, and one of a stream that has none under way may fare better: whether the fault lies with the push or with the
    /// server is not known.
    var wantsAnotherStream: Bool { wantsAnother.load(ordering: .relaxed) }

    /// Pushes that had to be repeated, since the start of the process.
    var retryCount: UInt64 { metrics.retryCount }

    /// The last problem while it lasts.
    var lastError: String? { monitor.withLock { $0.lastProblem?.description } }

    /// Takes a batch. How many are taken at once is up to the caller: each comes back in the mailbox, or never after ``stop``.
    func offer(_ batch: SealedBatch) {
        monitor.withLock { state in
            state.window.offer(batch, stream: batch.streamKey, bytes: PushBody.overhead(labels: batch.labels) + batch.entryBytes.count)
            publish(state)
        }
        monitor.broadcast()
    }

    /// Delivers what can be delivered until `deadline` on the monotonic clock (now, unless told), then breaks off: batches that
    /// are left have no outcome. Returns when all threads have ended; no outcome comes after that.
    func stop(deadline: UInt64 = 0) {
        monitor.withLock { $0.window.drain() }
        monitor.broadcast()
        monitor.wait { state in
            if state.runningThreads == 0 { return .done(()) }
            return SystemClock.monotonicNanoseconds() < deadline ? .wait(untilNanoseconds: deadline) : .done(())
        }
        monitor.withLock { $0.window.abandon() }
        monitor.broadcast()
        cancellations.cancelAll()
        let ended = threads.withLock { threads in
            let all = threads
            threads = []
            return all
        }
        for thread in ended { thread.join() }
    }
}

// MARK: One sender thread

extension OutputSender {
    private func run() {
        let destination = makeDestination()
        while true {
            let step = monitor.wait { state -> Monitor<State>.Decision<Window.Step> in
                let step = state.window.next(nowNanoseconds: SystemClock.monotonicNanoseconds())
                if case .wait(let time) = step { return .wait(untilNanoseconds: time) }
                publish(state)
                return .done(step)
            }
            switch step {
            case .prepare(let ticket, let batches): prepare(ticket, batches, for: destination)
            case .send(let ticket, let push): attempt(ticket, push, to: destination)
            case .finished, .wait:
                monitor.withLock { $0.runningThreads -= 1 }
                monitor.broadcast()
                return
            }
        }
    }

    private func prepare(_ ticket: Window.Ticket, _ batches: [SealedBatch], for destination: any PushDestination) {
        var body = bodies.take()
        let count = destination.encode(batches, into: &body)
        metrics.batchBytes.observe(Double(count))
        metrics.batchEntries.observe(Double(batches.reduce(0) { $0 + $1.entries.count }))
        metrics.compressedBytes.increment(by: UInt64(body.count))
        let push = PendingPush(batches, body: body, bodyBytes: count)
        monitor.withLock { state in
            state.window.prepared(ticket, push)
            publish(state)
        }
        monitor.broadcast()
    }

    private func attempt(_ ticket: Window.Ticket, _ push: PendingPush, to destination: any PushDestination) {
        if !push.isDecided {
            push.attempts += 1
            switch destination.attempt(push) {
            case .again: return goOn(ticket, push)
            case .retry(let problem, let failure): return holdBack(ticket, push, problem, failure)
            case .finished: push.isDecided = true
            }
        }
        do throws(SystemError) {
            try putAside(push)
        } catch {
            let problem = OutputProblem(.storage, "cannot write the dead-letter file: \(error)")
            return holdBack(ticket, push, problem, DeliveryFailure(scope: .output, pace: .backoff))
        }
        finish(ticket, push)
    }

    /// Before the outcome is told: a cursor may then move past the refused lines.
    private func putAside(_ push: PendingPush) throws(SystemError) {
        while push.batchesPutAside < push.batches.count {
            let index = push.batchesPutAside
            try deadLetters.append(
                push.resolution.refused(ofBatch: index), of: push.batches[index], output: name,
                wallNanoseconds: SystemClock.wallNanoseconds())
            push.batchesPutAside += 1
        }
    }

    private func goOn(_ ticket: Window.Ticket, _ push: PendingPush) {
        monitor.withLock { state in
            state.window.again(ticket, push)
            noteProgress(&state)
        }
        monitor.broadcast()
    }

    private func holdBack(_ ticket: Window.Ticket, _ push: PendingPush, _ problem: OutputProblem, _ failure: DeliveryFailure) {
        metrics.countRetry(problem)
        monitor.withLock { state in
            let delay = state.window.failed(ticket, push, failure, nowNanoseconds: SystemClock.monotonicNanoseconds())
            state.failures += 1
            state.lastProblem = problem
            let isGrave = failure.pace == .slow || state.failures >= Self.failuresBeforeStuck
            if isGrave && state.reported != problem.kind {
                state.reported = problem.kind
                log.stuck(problem, retryNanoseconds: delay)
                healthy.store(false, ordering: .relaxed)
                // Who waits for this output should not any more.
                outcomes.event.signal()
            }
            publish(state)
        }
        monitor.broadcast()
    }

    private func finish(_ ticket: Window.Ticket, _ push: PendingPush) {
        let now = SystemClock.monotonicNanoseconds()
        let decided = push.batches.indices.map { position in
            BatchOutcome(
                output: number, batch: push.batches[position], refused: push.resolution.refused(ofBatch: position), attempts: push.attempts,
                decidedAt: now)
        }
        for outcome in decided where !outcome.refused.isEmpty {
            metrics.countRefused(outcome.refused)
            metrics.freshness.observe(Double(SystemClock.nanoseconds(from: outcome.batch.openedAt, to: outcome.decidedAt)) / 1e9)
            log.refused(outcome.refused, of: outcome.batch.entries.count, deadLetterFile: deadLetters.path)
        }
        bodies.giveBack(push.takeBody())
        monitor.withLock { state in
            state.window.delivered(ticket)
            noteProgress(&state)
            // Under the lock, so that outcomes of one stream are told in its order.
            outcomes.post(decided)
        }
        monitor.broadcast()
    }

    private func noteProgress(_ state: inout State) {
        state.failures = 0
        state.lastProblem = nil
        if state.reported != nil {
            state.reported = nil
            log.recovered()
            healthy.store(true, ordering: .relaxed)
        }
        publish(state)
    }

    private func publish(_ state: State) {
        let window = state.window
        let isBehind = window.waitingCount > 0 || window.pushCount > window.sendingCount || state.failures > 0
        idle.store(isBehind ? 0 : max(0, senders - window.sendingCount), ordering: .relaxed)
        wantsAnother.store(window.wantsAnotherStream, ordering: .relaxed)
        metrics.inFlight.set(Double(window.sendingCount))
        metrics.queued.set(Double(window.waitingCount))
    }
}
