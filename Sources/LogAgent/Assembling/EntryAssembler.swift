import Tailing

/// Makes entries of lines: takes the envelope off, joins the parts of a line, and the lines of an entry, for each stream on its own.
///
/// What an entry is depends on nothing but the file's bytes, and on the places where the clock ended one (``ObservedBreaks``). It does not
/// depend on where reads end: what is open at the end of one is only remembered as a place in the file (``OpenEntries``), and taken in
/// again by ``restore(_:_:at:)`` before the next.
final class EntryAssembler {
    struct Limits: Equatable {
        /// Of an entry's content.
        var maximumBytes: Int
        var maximumLines: Int
        /// An entry may not reach further than this many bytes of the file, other streams' lines between its own included: so much is
        /// read again at the most.
        var reachBytes: Int
    }

    let limits: Limits
    private let envelope: EnvelopeReader
    private let multiline: MultilinePattern?
    private let lanes = LogStream.allCases.map { _ in EntryLane() }
    /// Not after the oldest start of an open lane; `max` while none is open.
    private var oldestStart = UInt64.max

    init(envelope: EnvelopeReader, multiline: MultilinePattern?, limits: Limits) {
        self.envelope = envelope
        self.multiline = multiline
        self.limits = limits
    }

    /// `attributePaths`: fields of Docker's envelope that are wanted beside, such as `attrs.tag`.
    convenience init(_ settings: AssemblingSettings, attributePaths: [String]) {
        self.init(
            envelope: EnvelopeReader(settings.envelope, attributePaths: attributePaths),
            multiline: settings.multiline.map(MultilinePattern.init), limits: settings.limits)
    }

    /// Makes an entry of each line.
    static func ofLines(maximumBytes: Int) -> EntryAssembler {
        EntryAssembler(
            envelope: EnvelopeReader(nil), multiline: nil,
            limits: Limits(maximumBytes: maximumBytes, maximumLines: 1, reachBytes: maximumBytes + (1 << 20)))
    }

    /// Takes in what was open where a cursor stands. `lines` are those from the oldest open entry on up to the cursor at `offset`.
    /// False if they don't make what was open: they were read by other settings.
    func restore(
        _ open: OpenEntries, _ lines: UnsafeRawBufferPointer, at offset: UInt64, splitter: LineSplitter, decoding: LineDecoding? = nil
    ) -> Bool {
        clear()
        if open.isEmpty { return true }
        let first = offset - UInt64(lines.count)
        // The last line may be one that was cut, with a rest still to come.
        _ = splitter.split(lines, isInsideCutLine: false, isFinal: true) { line in
            let lineOffset = first + UInt64(line.start)
            guard let unwrapped = unwrap(decoding?.decode(line, at: lineOffset) ?? line) else { return }
            let distance = UInt64(open.distances[unwrapped.stream.rawValue])
            guard distance > 0, lineOffset >= offset - distance else { return }
            addAgain(unwrapped, part(of: line, unwrapped, at: lineOffset))
        }
        return openEntries(at: offset) == open
    }

    /// Whatever was open is none of its business any more.
    func clear() {
        for lane in lanes { lane.clear() }
        oldestStart = .max
    }

    /// What is open, as seen from `offset`.
    func openEntries(at offset: UInt64) -> OpenEntries {
        var open = OpenEntries.none
        if oldestStart == .max { return open }
        for stream in LogStream.allCases {
            let lane = lanes[stream.rawValue]
            guard let start = lane.start else { continue }
            open.distances[stream.rawValue] = UInt32(offset - start)
            open.lines += UInt32(lane.tally.lines)
            open.bytes += UInt32(lane.tally.bytes)
        }
        return open
    }

    /// Where the open entry of `stream` begins.
    func start(of stream: LogStream) -> UInt64? { lanes[stream.rawValue].start }

    /// Takes the line that begins at `offset`, and gives out every entry that it completes.
    /// The stream that the line is of; nil for one that lacks its envelope and is an entry as it stands.
    func add(_ line: LineSplitter.Line, at offset: UInt64, _ emit: (AssembledEntry) -> Void) -> LogStream? {
        let unwrapped: EnvelopedLine
        do throws(EnvelopeError) {
            unwrapped = try envelope.unwrap(line.bytes)
        } catch {
            emit(
                AssembledEntry(
                    content: line.bytes, offset: offset, tally: Tally(lines: 1, bytes: UInt64(line.fileBytes)), stream: .unnamed,
                    isCut: line.isCut, error: error))
            return nil
        }
        let lane = lanes[unwrapped.stream.rawValue]
        let part = part(of: line, unwrapped, at: offset)
        if isTooLong(lane, with: unwrapped.content) { finishPartialLine(of: unwrapped.stream, isSplit: true, emit) }
        if unwrapped.isPartial || lane.partialLine != nil {
            lane.addPartial(part, unwrapped.content, attributes: envelope.attributes)
            oldestStart = min(oldestStart, part.offset)
            if !unwrapped.isPartial { finishPartialLine(of: unwrapped.stream, isSplit: false, emit) }
        } else {
            add(part, unwrapped.content, attributes: envelope.attributes, to: unwrapped.stream, emit)
        }
        return unwrapped.stream
    }

    /// Ends entries that would reach too far if a line began at `offset`, the oldest first: a look in between would have met that first.
    func closeOutOfReach(at offset: UInt64, _ emit: (AssembledEntry) -> Void) {
        while oldestStart != .max, offset - oldestStart > UInt64(limits.reachBytes) {
            if let oldest = LogStream.allCases.first(where: { start(of: $0) == oldestStart }) { close(oldest, isSplit: true, emit) }
            oldestStart = lanes.compactMap(\.start).min() ?? .max
        }
    }

    /// Ends what is open of `stream`: no line will be added to it.
    func close(_ stream: LogStream, isSplit: Bool = false, _ emit: (AssembledEntry) -> Void) {
        finishPartialLine(of: stream, isSplit: isSplit, emit)
        closeEntry(of: stream, isSplit: isSplit, emit)
    }
}

extension EntryAssembler {
    private func unwrap(_ line: LineSplitter.Line) -> EnvelopedLine? {
        do throws(EnvelopeError) { return try envelope.unwrap(line.bytes) } catch { return nil }
    }

    private func part(of line: LineSplitter.Line, _ unwrapped: EnvelopedLine, at offset: UInt64) -> EntryLane.Part {
        EntryLane.Part(
            offset: offset, time: unwrapped.time, tally: Tally(lines: 1, bytes: UInt64(line.fileBytes)), isCut: line.isCut, lineCount: 1)
    }

    /// A line that was open is open again: it was decided before that it belongs to what is open.
    private func addAgain(_ line: EnvelopedLine, _ part: EntryLane.Part) {
        let lane = lanes[line.stream.rawValue]
        func movePartialLine(isSplit: Bool) {
            guard var whole = lane.takePartialLine() else { return }
            whole.lineCount = 1
            whole.isSplit = isSplit
            lane.addToEntry(whole, lane.partialBytes, attributes: lane.partialAttributes)
        }
        if isTooLong(lane, with: line.content) { movePartialLine(isSplit: true) }
        if line.isPartial || lane.partialLine != nil {
            lane.addPartial(part, line.content, attributes: envelope.attributes)
            if !line.isPartial { movePartialLine(isSplit: false) }
        } else {
            lane.addToEntry(part, line.content, attributes: envelope.attributes)
        }
        oldestStart = min(oldestStart, part.offset)
    }

    /// A line of which there are parts would grow longer than an entry may be.
    private func isTooLong(_ lane: EntryLane, with more: UnsafeRawBufferPointer) -> Bool {
        lane.partialLine != nil && lane.partialBytes.count + more.count > limits.maximumBytes
    }

    private func finishPartialLine(of stream: LogStream, isSplit: Bool, _ emit: (AssembledEntry) -> Void) {
        let lane = lanes[stream.rawValue]
        guard var line = lane.takePartialLine() else { return }
        line.lineCount = 1
        line.isSplit = isSplit
        add(line, lane.partialBytes, attributes: lane.partialAttributes, to: stream, emit)
    }

    /// Takes a whole line.
    private func add(
        _ line: EntryLane.Part, _ text: UnsafeRawBufferPointer, attributes: UnsafeRawBufferPointer, to stream: LogStream,
        _ emit: (AssembledEntry) -> Void
    ) {
        guard let multiline else {
            return emit(entry(line, text, attributes: attributes, of: stream))
        }
        let lane = lanes[stream.rawValue]
        if let open = lane.entry {
            if multiline.begins(text) {
                closeEntry(of: stream, isSplit: false, emit)
            } else if open.lineCount >= limits.maximumLines || lane.entryBytes.count + 1 + text.count > limits.maximumBytes {
                closeEntry(of: stream, isSplit: true, emit)
            }
        }
        lane.addToEntry(line, text, attributes: attributes)
        oldestStart = min(oldestStart, line.offset)
    }

    private func closeEntry(of stream: LogStream, isSplit: Bool, _ emit: (AssembledEntry) -> Void) {
        let lane = lanes[stream.rawValue]
        guard var open = lane.takeEntry() else { return }
        open.isSplit = open.isSplit || isSplit
        emit(entry(open, lane.entryBytes, attributes: lane.entryAttributes, of: stream))
    }

    private func entry(
        _ part: EntryLane.Part, _ text: UnsafeRawBufferPointer, attributes: UnsafeRawBufferPointer, of stream: LogStream
    ) -> AssembledEntry {
        AssembledEntry(
            content: text, offset: part.offset, tally: part.tally, stream: stream, time: part.time, isCut: part.isCut,
            isSplit: part.isSplit, attributes: attributes)
    }
}
