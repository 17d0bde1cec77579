import SystemIO
import Tailing

/// What the agent knows of one file generation beside where to read it: what was counted, what was delivered to whom.
///
/// Only touched under the lock of ``AgentState``, so that the admin endpoints see it whole.
final class FileState {
    let id: UInt64
    /// Only for the reading thread.
    let content: TailedFile
    var sourceIndex: Int
    /// Under which it was found.
    let firstPath: String
    /// What labels are made of.
    let origin: LineOrigin
    /// Where reading began.
    let startOffset: UInt64
    /// Read and counted since then.
    var read: Tally
    /// Bytes that went away before they were read.
    var lostUnreadBytes: UInt64
    /// One for each output, in the order of the settings.
    var deliveries: [FileDelivery]
    /// Of outputs that the configuration does not name at present: kept as they were.
    var otherOutputs: [Checkpoint.Output]

    // Copies of what the tailed file says, for the endpoints.
    var counted: FileCursor
    var observedSize: UInt64
    var path: String?
    var isRotatedAway = false
    var isGone = false

    /// Monotonic time of the last read that came to the file's end; 0 before the first.
    var lastAtEndNanoseconds: UInt64 = 0
    /// The newest time of a line that was read, in nanoseconds since 1970; 0 before the first.
    var newestLineNanoseconds: UInt64 = 0
    /// nil until a line without a time of its own is met.
    var observedTimes: ObservedTimes?
    /// nil until lines are assembled to entries.
    var observedBreaks: ObservedBreaks?
    /// Monotonic time of the last line of each stream that has an open entry.
    var lastLineNanoseconds = SIMD4<UInt64>.zero
    /// For steps that look back at earlier lines.
    var transformMemories = TransformMemories()
    /// Monotonic time at which it could last not be read for an output; 0 before the first.
    var deliveryFailedNanoseconds: UInt64 = 0
    /// In one of the outputs' queues of files that delivery has fallen behind in.
    var isQueuedForDelivery: [Bool]

    init(of file: TailedFile, origin: LineOrigin, outputCount: Int) {
        self.origin = origin
        id = file.id
        content = file
        sourceIndex = file.sourceIndex
        firstPath = file.firstPath
        startOffset = file.counted.offset
        read = Tally()
        lostUnreadBytes = 0
        deliveries = Array(repeating: FileDelivery(at: file.counted), count: outputCount)
        otherOutputs = []
        counted = file.counted
        observedSize = file.observedSize
        path = file.path
        isQueuedForDelivery = Array(repeating: false, count: outputCount)
    }

    /// As a checkpoint has it. An output that the checkpoint does not know begins where counting is.
    init(restoring saved: Checkpoint.File, of file: TailedFile, origin: LineOrigin, outputs: [String]) {
        self.origin = origin
        id = file.id
        content = file
        sourceIndex = file.sourceIndex
        firstPath = file.firstPath
        startOffset = saved.startOffset
        read = saved.read
        lostUnreadBytes = saved.lostUnreadBytes
        deliveries = outputs.map { Self.delivery(to: $0, saved.outputs, read: saved.read, counted: saved.saved.counted) }
        otherOutputs = saved.outputs.filter { !outputs.contains($0.name) }
        counted = file.counted
        observedSize = file.observedSize
        path = file.path
        isQueuedForDelivery = Array(repeating: false, count: outputs.count)
    }

    /// Goes on with other outputs: each is one that was there (`kept` with what is on its way, or begun again where it has settled),
    /// one that the file knows from before, or a new one, which begins where counting is.
    func use(_ outputs: [(name: String, kept: Bool)], insteadOf previous: [String]) {
        let saved = savedOutputs(previous)
        let kept = Dictionary(zip(previous, deliveries)) { first, _ in first }
        deliveries = outputs.map { output in
            if output.kept, let delivery = kept[output.name] { return delivery }
            return Self.delivery(to: output.name, saved, read: read, counted: counted)
        }
        let names = outputs.map(\.name)
        otherOutputs = saved.filter { !names.contains($0.name) }
        isQueuedForDelivery = Array(repeating: false, count: outputs.count)
    }

    /// Every output that the file knows, as a checkpoint has it; `names` are those of ``deliveries``.
    func savedOutputs(_ names: [String]) -> [Checkpoint.Output] {
        zip(names, deliveries).map { Checkpoint.Output(name: $0, delivered: $1.delivered, ledger: $1.ledger) } + otherOutputs
    }

    /// What was read before an output was there was not meant for it: its ledger has it as filtered.
    private static func delivery(
        to name: String, _ saved: [Checkpoint.Output], read: Tally, counted: FileCursor
    ) -> FileDelivery {
        if let output = saved.first(where: { $0.name == name }) { return FileDelivery(at: output.delivered, ledger: output.ledger) }
        return FileDelivery(at: counted, ledger: LedgerEntry(filtered: read))
    }

    /// Counted, but at this output neither in a batch nor settled.
    func isBehind(output: Int) -> Bool { deliveries[output].enqueued.isBehind(counted) }

    /// What was read but not put into batches for this output.
    func unqueued(output: Int) -> Tally {
        read - deliveries[output].ledger.settled - deliveries[output].inFlight
    }

    /// Every output has settled every line that was counted, and no entry may still go on.
    var isDelivered: Bool {
        counted.openEntries.isEmpty && deliveries.allSatisfy { $0.isSettled && !$0.enqueued.isBehind(counted) }
    }
}
