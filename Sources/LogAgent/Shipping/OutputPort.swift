import SystemIO

/// The reading thread's end of one output: its open batches, and what of the memory budget it holds.
///
/// Used under the lock of ``AgentState``.
final class OutputPort {
    let index: Int
    let settings: OutputSettings
    let sender: OutputSender
    /// Bytes of batches, open or on their way, that this output may hold.
    let budgetBytes: Int

    private(set) var heldBytes = 0
    /// In the order in which they were opened.
    private var openBatches: [OpenBatch] = []
    private var nextSequence: UInt64 = 0
    /// When the batches that are on their way were opened, by their sequence number.
    private var inFlight: [UInt64: UInt64] = [:]
    /// How many batches of each stream are on their way, by its labels.
    private var streamsUnderWay: [[UInt8]: Int] = [:]
    /// Monotonic time of the last acknowledgement, or of the moment when there was nothing to acknowledge.
    private(set) var lastProgressNanoseconds: UInt64
    /// Files that were counted further than they were put into batches, for each source that has any.
    private var behind: [Int: DeliveryQueue] = [:]
    /// The source whose turn was last.
    private var lastSourceBehind = -1

    /// An output that acknowledged nothing for this long is not waited for: counting goes on without it.
    static let patienceNanoseconds: UInt64 = 100_000_000

    init(index: Int, settings: OutputSettings, sender: OutputSender, budgetBytes: Int) {
        self.index = index
        self.settings = settings
        self.sender = sender
        self.budgetBytes = budgetBytes
        lastProgressNanoseconds = SystemClock.monotonicNanoseconds()
    }

    /// The same output in another configuration that has not changed it: what is on its way goes on. All batches must be sealed, and
    /// files that are behind are to be queued again.
    init(continuing previous: OutputPort, index: Int, budgetBytes: Int) {
        precondition(previous.openBatches.isEmpty, "open batches belong to streams of the old configuration")
        self.index = index
        settings = previous.settings
        sender = previous.sender
        self.budgetBytes = budgetBytes
        heldBytes = previous.heldBytes
        nextSequence = previous.nextSequence
        inFlight = previous.inFlight
        streamsUnderWay = previous.streamsUnderWay
        lastProgressNanoseconds = previous.lastProgressNanoseconds
    }

    /// How far apart in time two files of one source may be put into batches; a quarter of what Loki takes.
    static let backlogWindowNanoseconds: UInt64 = 900_000_000_000

    var openBatchCount: Int { openBatches.count }

    /// Monotonic time at which the oldest batch that is not acknowledged was opened.
    var oldestHeldNanoseconds: UInt64? {
        [inFlight.values.min(), openBatches.first?.openedAt].compactMap { $0 }.min()
    }

    /// There is room for the lines of another read.
    var hasRoom: Bool { heldBytes < budgetBytes }

    /// Without room, but room is about to come: better to read a little later than to read twice.
    func isWorthWaitingFor(now: UInt64) -> Bool {
        sender.isHealthy && now < lastProgressNanoseconds + Self.patienceNanoseconds
    }

    /// Adds one entry; gives how many sequences that are no UTF-8 were replaced in it.
    func append(
        _ stream: Stream, timestamp: UInt64, line: UnsafeRawBufferPointer, fileBytes: Int, fileLines: Int = 1,
        metadata: UnsafeRawBufferPointer, from source: SegmentReference
    ) -> Int {
        let estimate = line.count + line.count / 4 + metadata.count + 64
        if let open = stream.openBatch(ofOutput: index) {
            let added = open._withUnsafeGuaranteedRef { open -> (bytes: Int, replaced: Int)? in
                let before = open.byteCount
                guard before + estimate <= settings.batch.maximumBytes else { return nil }
                let replaced = open.append(
                    timestamp: timestamp, line: line, fileBytes: fileBytes, fileLines: fileLines, metadata: metadata, from: source)
                return (open.byteCount - before, replaced)
            }
            if let added {
                heldBytes += added.bytes
                return added.replaced
            }
            seal(open.takeUnretainedValue())
        }
        let open = openBatch(for: stream)
        let before = open.byteCount
        let replaced = open.append(
            timestamp: timestamp, line: line, fileBytes: fileBytes, fileLines: fileLines, metadata: metadata, from: source)
        heldBytes += open.byteCount - before
        return replaced
    }

    private func openBatch(for stream: Stream) -> OpenBatch {
        let batch = OpenBatch(
            stream: stream, buffer: EntryBuffer(capacity: OpenBatch.firstBytes), openedAt: SystemClock.monotonicNanoseconds())
        openBatches.append(batch)
        stream.setOpenBatch(batch, ofOutput: index)
        heldBytes += batch.byteCount
        if heldBytes == batch.byteCount { lastProgressNanoseconds = batch.openedAt }
        return batch
    }

    private func seal(_ batch: OpenBatch) {
        guard let position = openBatches.firstIndex(where: { $0 === batch }) else { return }
        openBatches.remove(at: position)
        batch.stream.setOpenBatch(nil, ofOutput: index)
        inFlight[nextSequence] = batch.openedAt
        streamsUnderWay[batch.stream.labels, default: 0] += 1
        sender.offer(batch.seal(sequence: nextSequence))
        nextSequence += 1
    }

    /// Sends what has waited long enough, if a sender has nothing else to do, and what must go to make room.
    /// Gives the monotonic time at which to look again; nil when only an acknowledgement can change anything.
    func sealDue(now: UInt64) -> UInt64? {
        var idle = sender.idleSenders
        while let oldest = openBatches.first {
            let due = oldest.openedAt + settings.batch.maximumWaitNanoseconds
            if now < due && hasRoom { return idle > 0 ? due : sealForAnotherTry(now: now) }
            guard idle > 0 || !hasRoom else { return sealForAnotherTry(now: now) }
            seal(oldest)
            idle -= 1
        }
        return nil
    }

    /// While all that is on its way fails, a stream that is not among it may be tried. Gives when one will have waited long enough.
    private func sealForAnotherTry(now: UInt64) -> UInt64? {
        guard sender.wantsAnotherStream, let batch = openBatches.first(where: { streamsUnderWay[$0.stream.labels] == nil }) else {
            return nil
        }
        let due = batch.openedAt + settings.batch.maximumWaitNanoseconds
        if now < due { return due }
        seal(batch)
        return nil
    }

    /// Takes out what would be sent, unsent: for explanations.
    func takeOpenBatches() -> [SealedBatch] {
        defer { openBatches.removeAll() }
        return openBatches.map { batch in
            batch.stream.setOpenBatch(nil, ofOutput: index)
            heldBytes -= batch.byteCount
            return batch.seal(sequence: 0)
        }
    }

    /// Sends everything: no more lines will come.
    func sealAll() {
        while let oldest = openBatches.first { seal(oldest) }
    }

    /// A batch was answered for: its memory is free.
    func release(_ batch: SealedBatch) {
        heldBytes -= batch.byteCount
        inFlight[batch.sequence] = nil
        let others = (streamsUnderWay[batch.labels] ?? 1) - 1
        streamsUnderWay[batch.labels] = others > 0 ? others : nil
        lastProgressNanoseconds = SystemClock.monotonicNanoseconds()
    }
}

// MARK: Files that it has fallen behind in

extension OutputPort {
    var filesBehind: Int { behind.values.reduce(0) { $0 + $1.count } }
    var isBehind: Bool { !behind.isEmpty }

    func fallBehind(_ entry: DeliveryQueue.Entry) {
        behind[entry.file.sourceIndex, default: DeliveryQueue()].insert(entry)
    }

    /// The next source in turn that has files behind.
    func nextSourceBehind() -> Int? {
        guard let source = behind.keys.filter({ $0 > lastSourceBehind }).min() ?? behind.keys.min() else { return nil }
        lastSourceBehind = source
        return source
    }

    func oldestBehind(ofSource source: Int) -> DeliveryQueue.Entry? { behind[source]?.oldest }

    /// Takes out `file`'s entry, until it is put back.
    func takeOutBehind(_ file: FileState) -> DeliveryQueue.Entry? {
        guard var queue = behind.removeValue(forKey: file.sourceIndex) else { return nil }
        let entry = queue.oldest?.file === file ? queue.removeOldest() : queue.remove(file)
        if !queue.isEmpty { behind[file.sourceIndex] = queue }
        return entry
    }

    /// Lines of now would make a source's older lines too old for their streams: better to send those first.
    func hasOldBacklog(ofSource source: Int, wallNow: UInt64) -> Bool {
        guard let oldest = behind[source]?.oldest else { return false }
        return oldest.nextLineNanoseconds < SystemClock.nanoseconds(from: Self.backlogWindowNanoseconds, to: wallNow)
    }
}
