import JSONScanning
import SystemIO
import Tailing

/// All that the reading thread changes line by line and others look at: files and their ledgers, derived metrics, open batches.
///
/// One lock guards it (``SharedAgentState``); the reading thread holds it for one read's worth of lines at a time, so whoever looks sees
/// a state between two lines. It never waits for a disk or a network while it holds it.
final class AgentState {
    private(set) var settings: LogAgentSettings
    private(set) var pipelines: [LinePipeline]
    private(set) var derived: DerivedMetrics
    private(set) var transformCounts: TransformCounts
    private(set) var outputs: [OutputPort]
    /// Of the sources that are no files.
    var captures: [CaptureState] = []
    var files: [UInt64: FileState] = [:]
    /// Ledgers of files that are forgotten, by source name.
    var closed: [String: Checkpoint.ClosedFiles] = [:]
    /// Of files that no source takes any more: kept as they were, for when one does again.
    var setAside: [Checkpoint.File] = []
    var lostBytes: [TailedFile.LossCause: UInt64] = [:]

    /// Some files have not been read up to the size that they had at the start: derived metrics are withheld.
    var isCatchingUp = true
    var checkpointWrittenAt: UInt64 = 0
    var checkpointBytes = 0
    var checkpointFailures: UInt64 = 0
    var lastCheckpointError: String?
    var readErrors: UInt64 = 0
    /// Monotonic time of the reading thread's last turn.
    var lastTurnNanoseconds: UInt64 = 0
    let startedAt: UInt64
    var configuration: ConfigurationStatus

    init(settings: LogAgentSettings, outputs: [OutputPort], stages: Stages) {
        self.settings = settings
        self.outputs = outputs
        derived = stages.derived
        transformCounts = stages.transformCounts
        pipelines = stages.pipelines
        startedAt = SystemClock.wallNanoseconds()
        configuration = ConfigurationStatus(loadedAt: startedAt)
    }

    /// Takes a new configuration over: from the next line on it is the one. `kept` are the names of outputs that go on undisturbed.
    func adopt(_ stages: Stages, outputs newOutputs: [OutputPort], kept: Set<String>) {
        let names = outputs.map(\.settings.name)
        let ways = newOutputs.map { (name: $0.settings.name, kept: kept.contains($0.settings.name)) }
        for file in files.values {
            file.use(ways, insteadOf: names)
            // Of other steps.
            file.transformMemories.removeAll()
        }
        stages.transformCounts.goOn(from: transformCounts)
        for pipeline in stages.pipelines {
            if let previous = pipelines.first(where: { $0.source.name == pipeline.source.name }) { pipeline.goOn(from: previous.counts) }
        }
        settings = stages.settings
        derived = stages.derived
        transformCounts = stages.transformCounts
        pipelines = stages.pipelines
        outputs = newOutputs
    }

    /// Makes the state of a file that was found.
    func begin(_ file: TailedFile) -> FileState {
        let made = FileState(of: file, origin: origin(of: file), outputCount: outputs.count)
        files[file.id] = made
        return made
    }

    func origin(of file: TailedFile) -> LineOrigin {
        LineOrigin(ofFile: file.firstPath, source: settings.sources[file.sourceIndex])
    }

    /// Books what became of a batch's entries in the ledgers of the files that they came from.
    func settle(_ batch: SealedBatch, refused: [Int], at output: OutputPort) {
        batch.forEachSegment(refused: refused) { source, entryCount, refusedTally in
            files[source.file]?.deliveries[output.index].acknowledge(
                segment: source.segment, entryCount: entryCount, refused: refusedTally)
        }
        output.release(batch)
    }

    /// Adds a forgotten file's ledger to the sum of its source.
    func close(_ file: FileState) {
        let source = settings.sources[file.sourceIndex].name
        var sum = closed[source] ?? Checkpoint.ClosedFiles(sourceName: source, files: 0, read: Tally(), lostUnreadBytes: 0, outputs: [])
        sum.files += 1
        sum.read += file.read
        sum.lostUnreadBytes += file.lostUnreadBytes
        let entries = zip(outputs, file.deliveries).map { Checkpoint.ClosedOutput(name: $0.settings.name, ledger: $1.ledger) }
        for entry in entries + file.otherOutputs.map({ Checkpoint.ClosedOutput(name: $0.name, ledger: $0.ledger) }) {
            if let index = sum.outputs.firstIndex(where: { $0.name == entry.name }) {
                sum.outputs[index].ledger += entry.ledger
            } else {
                sum.outputs.append(entry)
            }
        }
        closed[source] = sum
        files[file.id] = nil
        file.observedTimes?.remove()
        file.observedBreaks?.remove()
        pipelines[file.sourceIndex].journals.forget(file.id)
    }
}
