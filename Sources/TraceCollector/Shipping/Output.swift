import Delivery
import HTTP
import Synchronization
import SystemIO

/// One output with its threads: takes records from the buffer, delivers them, each until it is decided, and moves its cursor over what
/// is delivered without a gap.
///
/// One request at a time is under way as long as that is enough: what comes meanwhile goes into the next one. Only where a full batch
/// waits does another thread send it, too.
final class Output: Sendable {
    struct State {
        var settings: OutputSettings
        /// Rises with each ``Output/adopt(_:)``.
        var generation = 0
        var underWay = BatchesUnderWay()
        var pace: RequestPace
        /// One thread at a time waits for records.
        var isTaking = false
        var isStopped = false
        /// Retries go on until then.
        var deadline: UInt64 = 0
        var cancellations: [Int: HTTPCancellation] = [:]
        var lastProblem: String?
        var threads: [WorkerThread] = []
        var generator = SeededGenerator(seed: SystemClock.wallNanoseconds())
    }

    private static let stackBytes = 512 << 10

    let name: String
    /// Of a directory output.
    let directory: DirectoryStore?
    let reader: Int
    let source: SegmentLog
    let ledger: SpanLedger.Output
    let metrics: OutputMetrics
    let log: CollectorLog
    let state: Monitor<State>
    /// How long the last batch took, in nanoseconds.
    let lastDelivery = Atomic<UInt64>(0)

    /// `reader` is its number among those of `source` and of the ledger.
    init(
        _ settings: OutputSettings, reader: Int, of source: SegmentLog, ledger: SpanLedger, metrics: OutputMetrics, log: CollectorLog
    ) {
        self.reader = reader
        self.source = source
        self.ledger = ledger.outputs[reader]
        self.metrics = metrics
        self.log = log
        name = settings.name
        state = Monitor(State(settings: settings, pace: RequestPace(settings.retry)))
        if case .directory(let directory) = settings.destination {
            self.directory = DirectoryStore(directory, compression: settings.compression)
        } else {
            directory = nil
        }
    }

    /// The last problem while it lasts.
    var lastProblem: String? { state.withLock { $0.lastProblem } }

    /// Requests that are under way.
    var batchesUnderWay: Int { state.withLock { $0.underWay.count } }

    func start() throws(OutputError) {
        try check(state.withLock { $0.settings })
        try startThreads()
    }

    private func check(_ settings: OutputSettings) throws(OutputError) {
        guard case .otlp(let otlp) = settings.destination else { return }
        do throws(HTTPEndpointError) { _ = try HTTPEndpoint(url: otlp.url) } catch { throw .badURL(output: name, error) }
    }

    /// As many as may have a request under way; those that are too many wait.
    private func startThreads() throws(OutputError) {
        let (running, wanted) = state.withLock { ($0.threads.count, $0.settings.requestsInFlight) }
        do throws(SystemError) {
            for number in running..<max(running, wanted) {
                let made = try WorkerThread("output \(name)", stackBytes: Self.stackBytes) { [self] in run(number) }
                state.withLock { $0.threads.append(made) }
            }
        } catch {
            throw .noThread(output: name, error)
        }
    }

    /// Takes new settings over, of the same type of destination, from the next request on. What is under way is not lost, and what
    /// waits for another try is tried at once.
    func adopt(_ settings: OutputSettings) throws(OutputError) {
        try check(settings)
        state.withLock { state in
            state.settings = settings
            state.generation += 1
            state.pace = RequestPace(settings.retry)
        }
        state.broadcast()
        source.wake()
        try startThreads()
    }

    /// Delivers what can be delivered until `deadline` on the monotonic clock; the rest stays in the buffer. The source must be stopped
    /// before. Returns when the threads have ended.
    func stop(deadline: UInt64) {
        let running = state.withLock { state in
            state.isStopped = true
            state.deadline = deadline
            return state.threads
        }
        state.broadcast()
        let timer = try? WorkerThread("output \(name) deadline", stackBytes: 64 << 10) { [self] in
            state.wait { state -> Monitor<State>.Decision<Void> in
                state.deadline == 0 || SystemClock.monotonicNanoseconds() >= deadline ? .done(()) : .wait(untilNanoseconds: deadline)
            }
            for cancellation in state.withLock({ Array($0.cancellations.values) }) { cancellation.cancel() }
        }
        for thread in running { thread.join() }
        state.withLock { $0.deadline = 0 }
        state.broadcast()
        timer?.join()
    }
}

extension OutputSettings {
    /// Files are written one after the other.
    var requestsInFlight: Int {
        switch destination {
        case .otlp(let settings): settings.inFlight
        case .directory: 1
        }
    }
}

extension Output.State {
    var mayGoOn: Bool { !isStopped || SystemClock.monotonicNanoseconds() < deadline }
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
