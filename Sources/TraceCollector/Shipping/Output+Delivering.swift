import Delivery
import Gzip
import HTTP
import SystemIO

/// What one thread of an output sends with, made of the settings as they were at `generation`.
private struct SendingTools {
    let generation: Int
    let destination: any OutputDestination
    let body: RequestBody
}

// MARK: The threads

extension Output {
    /// A request waits for others at least so long.
    private static let minimumWaitNanoseconds: UInt64 = 5_000_000

    func run(_ thread: Int) {
        let batch = LogBatch()
        var tools = makeTools(thread)
        while let ticket = takeNext(into: batch, thread) {
            let start = SystemClock.monotonicNanoseconds()
            guard deliver(batch, ticket, by: thread, &tools) else { return }
            lastDelivery.store(SystemClock.monotonicNanoseconds() - start, ordering: .relaxed)
            // Whoever waits for a full batch may now take what there is.
            if batchesUnderWay == 0 { source.wake() }
            state.broadcast()
        }
    }

    private func makeTools(_ thread: Int) -> SendingTools {
        let (settings, generation) = state.withLock { ($0.settings, $0.generation) }
        let destination: any OutputDestination
        switch settings.destination {
        case .otlp(let otlp):
            guard let endpoint = try? HTTPEndpoint(url: otlp.url) else { preconditionFailure("the URL was checked before") }
            destination = OTLPDestination(
                otlp, endpoint: endpoint, compression: settings.compression, timeoutNanoseconds: settings.retry.timeoutNanoseconds
            ) { [self] cancellation in state.withLock { $0.cancellations[thread] = cancellation } }
        case .directory:
            guard let directory else { preconditionFailure("a directory output has its store") }
            destination = DirectoryDestination(directory)
        }
        return SendingTools(
            generation: generation, destination: destination,
            body: RequestBody(compression: settings.compression, level: settings.compressionLevel))
    }

    /// Waits for its turn and for records, and takes them; nil where it was stopped and there is nothing to deliver any more.
    private func takeNext(into batch: LogBatch, _ thread: Int) -> BatchesUnderWay.Ticket? {
        while true {
            let mayTake = state.wait { state -> Monitor<State>.Decision<Bool> in
                guard state.mayGoOn, !state.isStopped || thread < state.settings.requestsInFlight else { return .done(false) }
                // While requests fail, more of them help nobody.
                let isWanted =
                    thread < state.settings.requestsInFlight && (state.underWay.count == 0 || state.lastProblem == nil)
                guard !state.isTaking, isWanted else { return .wait(untilNanoseconds: state.isStopped ? state.deadline : nil) }
                state.isTaking = true
                return .done(true)
            }
            guard mayTake else { return nil }
            let wakening = source.waitForRecords(by: reader, drains: true) { [self] in readiness(of: thread) }
            var ticket: BatchesUnderWay.Ticket?
            var failure: SystemError?
            if wakening == .records {
                let maximumBytes = state.withLock { $0.settings.batch.maximumBytes }
                do throws(SystemError) {
                    if try source.take(into: batch, maximumBytes: maximumBytes, by: reader) {
                        ticket = state.withLock { $0.underWay.begin(from: batch.start, to: batch.end) }
                    }
                } catch { failure = error }
            }
            state.withLock { $0.isTaking = false }
            state.broadcast()
            if let ticket { return ticket }
            if wakening == .stopped { return nil }
            if let failure {
                log.bufferUnavailable(failure)
                pause(nanoseconds: 1_000_000_000)
            }
        }
    }

    /// What is worth a request now; nil: this thread is not to take any. Called under the lock of the source.
    private func readiness(of thread: Int) -> SegmentLog.Readiness? {
        state.withLock { state in
            guard thread < state.settings.requestsInFlight else { return nil }
            let isAlone = state.underWay.count == 0
            if !isAlone, state.lastProblem != nil { return nil }
            // An output that answers quickly is asked often: what comes together goes together only as long as that costs little time.
            let wait = max(Self.minimumWaitNanoseconds, 2 * lastDelivery.load(ordering: .relaxed))
            return SegmentLog.Readiness(
                fullBytes: UInt64(state.settings.batch.maximumBytes),
                waitNanoseconds: isAlone ? min(state.settings.batch.maximumWaitNanoseconds, wait) : nil)
        }
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

// MARK: One batch

extension Output {
    /// False where it was stopped before everything was decided.
    private func deliver(_ batch: LogBatch, _ ticket: BatchesUnderWay.Ticket, by thread: Int, _ tools: inout SendingTools) -> Bool {
        var parts = DeliveryParts(count: batch.records.count)
        var made: Range<Int>?
        while let part = parts.current {
            guard let generation = waitForTurn() else { return false }
            if generation != tools.generation {
                tools = makeTools(thread)
                made = nil
            }
            let answer = send(part, of: batch, tools, isMade: made == part)
            made = part
            switch answer {
            case .retry(_, let reason, let pace):
                metrics.retries.increment()
                failed(reason, pace, generation: generation)
                continue
            case .refused where parts.splitCurrent(): state.withLock { $0.pace.succeeded() }
            case .taken, .refused, .failed:
                state.withLock { $0.pace.succeeded() }
                settle(part, of: batch, ticket, answer)
                parts.settleCurrent()
            }
            state.broadcast()
        }
        return true
    }

    /// Gives the generation of the settings to send with; nil where it was stopped before its turn came.
    private func waitForTurn() -> Int? {
        state.wait { state in
            guard state.mayGoOn else { return .done(nil) }
            switch state.pace.next(now: SystemClock.monotonicNanoseconds()) {
            case .send: return .done(state.generation)
            case .wait(let time):
                let latest = state.isStopped ? state.deadline : UInt64.max
                return .wait(untilNanoseconds: time.map { min($0, latest) } ?? (state.isStopped ? latest : nil))
            }
        }
    }

    private func send(_ part: Range<Int>, of batch: LogBatch, _ tools: SendingTools, isMade: Bool) -> OTLPAnswer {
        if !isMade {
            // The checksum of the record was right, and it was inflated once: this is memory, or a bug.
            do throws(GzipError) { try tools.body.make(of: part, in: batch) } catch { return .failed(status: 0, reason: "\(error)") }
        }
        let bytes = tools.body.bytes
        let start = SystemClock.monotonicNanoseconds()
        let answer = tools.destination.send(bytes, of: part, in: batch)
        metrics.countRequest(status: answer.status, bytes: bytes.count, nanoseconds: SystemClock.monotonicNanoseconds() - start)
        return answer
    }

    private func failed(_ reason: String, _ pace: DeliveryFailure.Pace, generation: Int) {
        let (isNew, delay) = state.withLock { state in
            let isNew = state.lastProblem == nil
            state.lastProblem = reason
            // With other settings it may do better at once.
            guard state.generation == generation else { return (isNew, UInt64(0)) }
            return (isNew, state.pace.failed(pace, now: SystemClock.monotonicNanoseconds(), using: &state.generator))
        }
        metrics.up.set(0)
        state.broadcast()
        if isNew { log.stuck(output: name, problem: reason, retryNanoseconds: delay) }
    }

    private func settle(_ part: Range<Int>, of batch: LogBatch, _ ticket: BatchesUnderWay.Ticket, _ answer: OTLPAnswer) {
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
        guard let end = items.last?.end else { return }
        let position = state.withLock { $0.underWay.settle(ticket, through: end) }
        source.commit(position, spans: spans, by: reader)
    }

    private func tellRecovery() {
        let had = state.withLock { state in
            defer { state.lastProblem = nil }
            return state.lastProblem != nil
        }
        metrics.up.set(1)
        if had { log.recovered(output: name) }
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
