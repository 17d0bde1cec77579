import ProcessMetrics
import CommandLineInterface
import SystemIO

/// `/api/v1/status`: what the agent is doing, for a person or a script.
struct StatusReport: Codable, Equatable, Sendable {
    struct Source: Codable, Equatable, Sendable {
        var name: String
        var files: Int
        var rotatedFiles: Int
        var linesRead: UInt64
        var bytesRead: UInt64
        var lagBytes: UInt64
        var parseErrors: UInt64
        /// nil for files.
        var capture: CaptureReport?
    }

    struct Output: Codable, Equatable, Sendable {
        var name: String
        var healthy: Bool
        /// What the last failure was; nil when the last push went well.
        var lastError: String?
        var heldBytes: Int
        var budgetBytes: Int
        var openBatches: Int
        var filesBehind: Int
        var pendingLines: UInt64
        var pendingBytes: UInt64
        var deliveredLines: UInt64
        var deliveredBytes: UInt64
        var filteredLines: UInt64
        var refusedLines: UInt64
        var lostLines: UInt64
        /// Pushes that had to be repeated.
        var retries: UInt64
    }

    struct Metric: Codable, Equatable, Sendable {
        var name: String
        var series: Int
        var maximumSeries: Int
        var matchedLines: UInt64
        var valueErrors: UInt64
        var overflowed: UInt64
        /// The label with the most values, where the family has overflowed.
        var overflowLabel: String?
    }

    var version: String
    var uptimeSeconds: Double
    var catchingUp: Bool
    var residentBytes: UInt64
    var cpuSeconds: Double
    var checkpointAgeSeconds: Double?
    var checkpointBytes: Int
    var checkpointError: String?
    /// Why the configuration that was last tried is not in use; nil where it is.
    var configurationError: String?
    var sources: [Source]
    var outputs: [Output]
    var metrics: [Metric]
}

extension StatusReport {
    init(_ state: AgentState) {
        let now = SystemClock.wallNanoseconds()
        version = Release.version
        uptimeSeconds = Self.seconds(from: state.startedAt, to: now)
        catchingUp = state.isCatchingUp
        let process = ProcessStatistics()
        residentBytes = process.residentBytes
        cpuSeconds = process.cpuSeconds
        checkpointAgeSeconds = state.checkpointWrittenAt == 0 ? nil : Self.seconds(from: state.checkpointWrittenAt, to: now)
        checkpointBytes = state.checkpointBytes
        checkpointError = state.lastCheckpointError
        configurationError = state.configuration.lastError
        sources = state.settings.sources.indices.map { index in
            let files = state.files.values.filter { $0.sourceIndex == index }
            let counts = state.pipelines[index].counts
            return Source(
                name: state.settings.sources[index].name, files: files.count { !$0.isRotatedAway },
                rotatedFiles: files.count { $0.isRotatedAway },
                linesRead: counts.lines, bytesRead: counts.bytes, lagBytes: files.reduce(0) { $0 + $1.unreadBytes },
                parseErrors: counts.parseErrors,
                capture: state.captures.first { $0.name == state.settings.sources[index].name }.map { CaptureReport($0, now: now) })
        }
        let totals = Dictionary(LedgerReport(state).totals.map { ($0.output, $0) }) { first, _ in first }
        outputs = state.outputs.map { output in
            let pending = state.pending(at: output)
            let total = totals[output.settings.name]
            return Output(
                name: output.settings.name, healthy: output.sender.isHealthy, lastError: output.sender.lastError,
                heldBytes: output.heldBytes, budgetBytes: output.budgetBytes, openBatches: output.openBatchCount,
                filesBehind: output.filesBehind, pendingLines: pending.lines, pendingBytes: pending.bytes,
                deliveredLines: total?.delivered.lines ?? 0, deliveredBytes: total?.delivered.bytes ?? 0,
                filteredLines: total?.filtered.lines ?? 0, refusedLines: total?.refused.lines ?? 0, lostLines: total?.lost.lines ?? 0,
                retries: output.sender.retryCount)
        }
        metrics = state.derived.status.map { status in
            Metric(
                name: status.name, series: status.series, maximumSeries: status.maximumSeries, matchedLines: status.matchedLines,
                valueErrors: status.valueErrors.reduce(0) { $0 + $1.count }, overflowed: status.overflowed,
                overflowLabel: status.overflowLabel)
        }
    }

    static func seconds(from start: UInt64, to end: UInt64) -> Double {
        Double(SystemClock.nanoseconds(from: start, to: end) / 1_000_000) / 1000
    }
}

extension FileState {
    /// Seen in the file, but not read; nothing of a file whose content is gone.
    var unreadBytes: UInt64 { !isGone && observedSize > counted.offset ? observedSize - counted.offset : 0 }
}

extension AgentState {
    /// Read, but neither acknowledged nor given up.
    func pending(at output: OutputPort) -> Tally {
        files.values.reduce(Tally()) { $0 + $1.deliveries[output.index].ledger.pending(of: $1.read) }
    }
}
