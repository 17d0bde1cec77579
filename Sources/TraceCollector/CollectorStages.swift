import CommandLineInterface
import Metrics
import ProcessMetrics
import SystemIO

/// The parts of one collector, made of its settings.
struct CollectorStages: Sendable {
    let ledger: SpanLedger
    /// What receivers write; the same as ``delivery`` without sampling.
    let intake: SegmentLog
    /// What outputs read.
    let delivery: SegmentLog
    let deriving: SpanDeriving?
    /// The intake with what is counted of it.
    let counted: CountedLog
    let sampling: SamplingStage?
    let receiver: OTLPReceiver?
    let files: FileReceiver?
    let outputs: [Output]
    let routes: AdminRoutes
    let health: ListenerHealth

    /// Spans that an output has still to get, undecided ones included.
    func pendingSpans(_ output: Int) -> UInt64 {
        delivery.pendingSpans(of: output) + (intake === delivery ? 0 : intake.pendingSpans(of: 0))
    }
}

extension TraceCollectorService {
    func makeStages(_ registry: MetricRegistry) throws(CollectorError) -> CollectorStages {
        let made: Result<CollectorStages, CollectorError>
        do throws(MetricDeclarationError) { made = try stages(registry) } catch { throw .metrics(error) }
        return try made.get()
    }

    private func stages(_ registry: MetricRegistry) throws(MetricDeclarationError) -> Result<CollectorStages, CollectorError> {
        let ledger = SpanLedger(outputs: settings.outputs.map(\.name))
        let log = log
        let deriving =
            settings.spanMetrics == nil && settings.serviceGraph == nil
            ? nil : try SpanDeriving(metrics: settings.spanMetrics, graph: settings.serviceGraph)
        let intake: SegmentLog
        let delivery: SegmentLog
        let counted: CountedLog
        do throws(SystemError) {
            let start = try deriving.map { deriving throws(SystemError) in try restore(deriving) }
            let logs = try makeLogs(ledger, deriving, countedFrom: start)
            (intake, delivery) = (logs.intake, logs.delivery)
            counted = CountedLog(
                intake, deriving: deriving, number: intake === delivery ? settings.outputs.count : 1, path: derivedStatePath)
            log.caughtUp(spans: try counted.catchUp())
            // From now on there is a place to count from.
            try counted.save()
            if let leftover = logs.leftover { try Directory.removeTree(leftover.directory) }
        } catch { return .failure(.buffer(error)) }
        let sampling = settings.sampling.map { SamplingStage($0, from: intake, to: delivery, ledger: ledger, log: log) }
        let span = SpanIntake(log: counted, keepsGzip: intake === delivery, ledger: ledger)
        let receiver = try settings.otlpHTTP.map { settings throws(MetricDeclarationError) in
            OTLPReceiver(
                intake: span, maximumBytes: settings.maximumRequestBytes, bytesInFlight: BytesInFlight(maximum: settings.bytesInFlight),
                metrics: try ReceiverMetrics(registry, receiver: "otlp_http"), log: log)
        }
        let files: FileReceiver?
        if settings.files.isEmpty {
            files = nil
        } else {
            let fileMetrics = try FileReceiverMetrics(registry)
            do throws(SystemError) {
                files = try FileReceiver(
                    settings.files, dataDirectory: settings.dataDirectory, intake: span, metrics: fileMetrics, log: log)
            } catch { return .failure(.buffer(error)) }
        }
        var outputs: [Output] = []
        for (index, output) in settings.outputs.enumerated() {
            outputs.append(
                Output(
                    output, reader: index, of: delivery, ledger: ledger, metrics: try OutputMetrics(registry, output: output.name), log: log
                ))
        }
        let pending: @Sendable (Int) -> UInt64 = { output in
            delivery.pendingSpans(of: output) + (intake === delivery ? 0 : intake.pendingSpans(of: 0))
        }
        try CollectorMetrics.register(
            in: registry, ledger: ledger, pending: pending, intake: intake, delivery: delivery, sampling: sampling, deriving: deriving)
        try CollectorMetrics.register(outputs, in: registry)
        let started = SystemClock.monotonicNanoseconds()
        let made = outputs
        let bufferBytes = settings.buffer.maximumBytes
        let health = ListenerHealth()
        if receiver != nil { try ListenerMetrics.register(in: registry) { health.statistics } }
        let routes = AdminRoutes(
            registry: registry, deriving: deriving, ailment: { health.ailment }, unreadiness: { health.unreadiness },
            status: {
                StatusReport(
                    ledger, started: started, outputs: made, pending: pending,
                    usedBytes: delivery.usedBytes
                        + (intake === delivery ? 0 : intake.usedBytes), maximumBytes: bufferBytes, sampling: sampling?.report)
            },
            ledger: { LedgerReport(ledger, pending: pending) })
        return .success(
            CollectorStages(
                ledger: ledger, intake: intake, delivery: delivery, deriving: deriving, counted: counted, sampling: sampling,
                receiver: receiver,
                files: files, outputs: outputs, routes: routes, health: health))
    }

    private var derivedStatePath: String { settings.dataDirectory + "/metrics.state" }

    /// Gives the metrics the values that an earlier process has saved, and says from where on spans are not in them.
    private func restore(_ deriving: SpanDeriving) throws(SystemError) -> SegmentLog.Start {
        switch try DerivedState.load(derivedStatePath) {
        case .state(let state):
            for finding in deriving.restore(state.values) { log.metricsNotRestored(finding) }
            return .position(state.position)
        case .none: return .end
        case .damaged:
            log.metricsNotRestored("\(derivedStatePath) is damaged. All derived metrics start anew.")
            return .end
        }
    }

    private struct BufferLogs {
        let intake: SegmentLog
        let delivery: SegmentLog
        /// What an earlier process with sampling had not decided on, where this one has none: it is in ``delivery`` by now.
        let leftover: SegmentLog?
    }

    /// With sampling a quarter of the buffer is for what is not decided; without, everything is kept, also what was not decided before.
    /// `start`: where the intake is to be counted from; nil: nothing is.
    private func makeLogs(
        _ ledger: SpanLedger, _ deriving: SpanDeriving?, countedFrom start: SegmentLog.Start?
    ) throws(SystemError) -> BufferLogs {
        if settings.sampling != nil {
            let delivery = try openDelivery(ledger, isIntake: false, countedFrom: nil)
            let intake = try openUndecided(ledger, countedFrom: start)
            return BufferLogs(intake: intake, delivery: delivery, leftover: nil)
        }
        do throws(SystemError) { _ = try FileStatus(ofPath: undecidedPath) } catch {
            let delivery = try openDelivery(ledger, isIntake: true, countedFrom: start)
            return BufferLogs(intake: delivery, delivery: delivery, leftover: nil)
        }
        let leftover = try openUndecided(ledger, countedFrom: start)
        log.caughtUp(spans: try CountedLog(leftover, deriving: deriving, number: 1, path: derivedStatePath).catchUp())
        let delivery = try openDelivery(ledger, isIntake: true, countedFrom: start.map { _ in .end })
        try leftover.move(to: delivery)
        if start != nil { delivery.pass(to: delivery.end, by: ledger.outputs.count) }
        return BufferLogs(intake: delivery, delivery: delivery, leftover: leftover)
    }

    private var undecidedPath: String { settings.dataDirectory + "/undecided" }

    private func openDelivery(
        _ ledger: SpanLedger, isIntake: Bool, countedFrom start: SegmentLog.Start?
    ) throws(SystemError) -> SegmentLog {
        let log = log
        let buffer = settings.buffer
        let counting = start.map { [CountedLog.reader: $0] } ?? [:]
        let delivery = try SegmentLog(
            directory: settings.dataDirectory + "/buffer", readers: settings.outputs.map(\.name) + Array(counting.keys), starts: counting,
            maximumBytes: isIntake ? buffer.maximumBytes : buffer.maximumBytes / 4 * 3, synchronization: buffer.synchronization
        ) { reader, spans, cause in
            // What metrics have counted is theirs already.
            guard reader < ledger.outputs.count else { return }
            ledger.outputs[reader].drop(spans, SpanLedger.DropReason(cause))
            log.lost(spans, output: ledger.outputs[reader].name, cause: cause.rawValue)
        }
        let recoveredSpans = delivery.recoveredSpans.prefix(ledger.outputs.count)
        let mostRecovered = recoveredSpans.max() ?? 0
        ledger.recovered.add(mostRecovered)
        for (output, recovered) in zip(ledger.outputs, recoveredSpans) {
            // An output that had delivered more than another before.
            output.deliver(mostRecovered - recovered)
        }
        log.buffered(recoveredSpans: mostRecovered, tornBytes: delivery.tornBytes, damagedBytes: delivery.damagedBytes)
        return delivery
    }

    private func openUndecided(_ ledger: SpanLedger, countedFrom start: SegmentLog.Start?) throws(SystemError) -> SegmentLog {
        let log = log
        let counting = start.map { [CountedLog.reader: $0] } ?? [:]
        let undecided = try SegmentLog(
            directory: undecidedPath, readers: ["sampling"] + Array(counting.keys), starts: counting,
            maximumBytes: settings.buffer.maximumBytes / 4, synchronization: settings.buffer.synchronization
        ) { reader, spans, cause in
            guard reader == 0 else { return }
            for output in ledger.outputs { output.drop(spans, SpanLedger.DropReason(cause)) }
            log.lost(spans, output: "sampling", cause: cause.rawValue)
        }
        ledger.recovered.add(undecided.recoveredSpans[0])
        log.buffered(recoveredSpans: undecided.recoveredSpans[0], tornBytes: undecided.tornBytes, damagedBytes: undecided.damagedBytes)
        return undecided
    }
}

extension SegmentLog {
    /// Appends everything that the first reader of this log has not settled to `other`, and settles it.
    fileprivate func move(to other: SegmentLog) throws(SystemError) {
        let batch = LogBatch()
        while try take(into: batch, maximumBytes: 1 << 20, by: 0) {
            for item in batch.records {
                let body = Array(batch.bytes[item.range])
                try body.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in
                    try other.append(
                        raw, content: item.record.content, spans: Int(item.record.spans), messageBytes: Int(item.record.messageBytes))
                }
            }
            commit(batch.end, spans: batch.contents.spans, by: 0)
        }
    }
}

extension SpanLedger.DropReason {
    init(_ loss: SegmentLog.Loss) {
        self =
            switch loss {
            case .bufferFull: .bufferFull
            case .damaged: .damaged
            }
    }
}

extension StatusReport {
    init(
        _ ledger: SpanLedger, started: UInt64, outputs: [TraceCollector.Output], pending: (Int) -> UInt64, usedBytes: UInt64,
        maximumBytes: UInt64, sampling: SamplingStage.Report?
    ) {
        let process = ProcessStatistics()
        version = Release.version
        uptimeSeconds = Double(SystemClock.nanoseconds(from: started, to: SystemClock.monotonicNanoseconds())) / 1e9
        cpuSeconds = process.cpuSeconds
        residentBytes = process.residentBytes
        receivedSpans = ledger.received.value
        buffer = Buffer(usedBytes: usedBytes, maximumBytes: maximumBytes)
        self.sampling = sampling.map {
            Sampling(
                keptTraces: $0.counts.keptTraces, droppedTraces: $0.counts.droppedTraces, earlyDecisions: $0.counts.earlyTraces,
                openTraces: $0.openTraces, memoryBytes: $0.usedBytes)
        }
        self.outputs = outputs.enumerated().map { index, output in
            let problem = output.lastProblem
            return Output(
                name: output.name, isUp: problem == nil, lastError: problem, deliveredSpans: ledger.outputs[index].deliveredSpans,
                pendingSpans: pending(index))
        }
    }
}
