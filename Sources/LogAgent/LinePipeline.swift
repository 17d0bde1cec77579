import JSONScanning
import SystemIO
import Tailing

/// One source's way for a line, in one pass over its bytes: parse → derive → transform → batch.
///
/// Used under the lock of ``AgentState``, by the reading thread.
final class LinePipeline {
    let source: SourceSettings
    let splitter: LineSplitter
    let parser: LineParser
    private let decoders: TextDecoders
    private let skipsEmptyLines: Bool
    private let dropsLongLines: Bool
    let scanner: JSONScanner
    let rules: MetricRules
    /// nil: lines are shipped as they are.
    let transforms: LineTransforms?
    let timestamp: (slot: Int, format: LineTimestamp)?
    @exclusivity(unchecked) private var recentSecond = RecentSecond()
    private let metadata: MetadataWriter
    private let streams: StreamTable
    let journals: FileJournals
    /// nil where every line is an entry.
    private(set) var assembler: EntryAssembler?
    /// nil where lines have no fields but their own.
    let envelopeFields: EnvelopeFields?
    // `@exclusivity(unchecked)`: nothing that is called while it changes can see it.
    @exclusivity(unchecked) var counts = LineCounts()

    /// What happened to lines, since the start of the process.
    struct LineCounts: Equatable {
        var lines: UInt64 = 0
        var bytes: UInt64 = 0
        var parseErrors: UInt64 = 0
        var timestampErrors: UInt64 = 0
        var cutLines: UInt64 = 0
        var cutBytes: UInt64 = 0
        var emptyLines: UInt64 = 0
        /// U+FFFD written in place of bytes that are no UTF-8.
        var replacedSequences: UInt64 = 0
        /// Longer than `max_line_bytes`, and dropped as the source asks for.
        var droppedLongLines: UInt64 = 0
        /// The time of a line could not be recorded before it was sent.
        var unrecordedTimes: UInt64 = 0
        /// Entries that were made of lines by an ``EntryAssembler``.
        var assembledEntries: UInt64 = 0
        /// Of those the ones that a limit ended.
        var splitEntries: UInt64 = 0
        /// That the clock ended an entry could not be recorded before it was sent.
        var unrecordedBreaks: UInt64 = 0
    }

    /// `journals`: where the times of lines without one are recorded, and where the clock ended entries.
    init(
        source: SourceSettings, scanner: JSONScanner, rules: MetricRules, transforms: LineTransforms?, journals: FileJournals
    ) throws(TimestampPatternError) {
        self.journals = journals
        self.source = source
        self.scanner = scanner
        parser = LineParser(source.format, fields: scanner)
        self.rules = rules
        self.transforms = transforms
        splitter = LineSplitter(maximumLineBytes: source.maximumLineBytes)
        decoders = TextDecoders(declared: source.files.encoding)
        skipsEmptyLines = source.files.emptyLines == .skip
        dropsLongLines = source.files.longLines == .drop
        if let settings = source.timestamp, let slot = scanner.paths.slot(of: settings.field) {
            timestamp = (slot, try LineTimestamp(settings.format, zone: settings.zone))
        } else {
            timestamp = nil
        }
        metadata = MetadataWriter(source.metadata, paths: scanner.paths, isOrigin: source.isOrigin)
        streams = StreamTable(labels: source.labels, paths: scanner.paths, isOrigin: source.isOrigin)
        assembler = source.assembling.map { EntryAssembler($0, attributePaths: EnvelopeFields.attributePaths(scanner.paths)) }
        envelopeFields = EnvelopeFields(of: source, fields: scanner)
    }

    /// The fields that are looked for; a field's position is its slot.
    var fieldPaths: [String] { scanner.paths.paths }

    /// Notes what metrics make of each line.
    func use(_ witness: MetricWitness) { rules.witness = witness }

    /// Notes what steps make of each line.
    func use(_ witness: TransformWitness) { transforms?.witness = witness }

    /// How `line` fits the format, by the parser that lines go through.
    func parseError(of line: UnsafeRawBufferPointer) -> LineParseError? { parser.parse(line).error }

    /// Counts on from what a pipeline of the same source has counted.
    func goOn(from previous: LineCounts) { counts = previous }

    var cutLabelValues: UInt64 { streams.cutValues }

    /// Every field that lines of this source are looked at for.
    static func fieldPaths(of source: SourceSettings) -> [String] {
        let templates = (source.labels + source.metadata).compactMap { named -> String? in
            if case .field(let path) = named.template, !source.isOrigin(path) { path } else { nil }
        }
        return templates + (source.timestamp.map { [$0.field] } ?? [])
    }

    /// What a pass does beside parsing.
    struct Pass {
        /// The lines are new: they move the metrics.
        var counts: Bool
        /// The outputs that take the lines into their batches.
        var outputs: [OutputPort]
        /// One for each of `outputs`.
        var segments: [SegmentReference]
        /// Wall clock at the read, for lines without a time of their own.
        var now: UInt64
        /// The first line that is newer is not taken, nor what comes after it.
        var untilNanoseconds: UInt64 = .max
        /// Streams whose open entries have waited long enough for lines: they end where the pass does, unless it brings some.
        var idleStreams: LogStreamSet = []
        /// Where counting is, if the pass goes that far: what is not open there ends there.
        var countedEnd: FileCursor?
        /// What is remembered of earlier lines at the place of this pass, for steps that look back.
        var memory = TransformMemories.Place.counting
        /// Where a pass ends whose lines went their way before, and are only to be remembered.
        var replayEnd: FileCursor?
    }

    /// What became of a pass's lines at one output.
    struct Made {
        var entryCount = 0
        var filtered = Tally()
    }

    struct PassResult {
        var progress: LineSplitter.Progress
        var read: Tally
        /// The lines of entries that are complete, filtered ones included.
        var closed: Tally
        /// Entries that went to the outputs, where no step could keep them from one.
        var entryCount: Int
        /// At each of the pass's outputs; empty where there are no steps.
        var made: [Made]
        var newestLineNanoseconds: UInt64
        /// The time of the line that was too new to be taken.
        var heldBackNanoseconds: UInt64?
        var openEntries = OpenEntries.none
        /// Streams that had lines.
        var grown: LogStreamSet = []

        func made(at position: Int) -> Made { made.isEmpty ? Made(entryCount: entryCount) : made[position] }
    }

    /// Takes the complete lines of `piece`, which stands at `cursor` of `file`'s content, with the lines of open entries right before it.
    func take(
        _ piece: UnsafeRawBufferPointer, at cursor: FileCursor, isFinal: Bool, of file: FileState, pass: Pass
    ) -> PassResult {
        if let assembler { return takeAssembled(by: assembler, piece, at: cursor, isFinal: isFinal, of: file, pass: pass) }
        if !cursor.openEntries.isEmpty {
            // Other settings have left them open. From now on it makes entries of single lines, like no assembler at all.
            let assembler = EntryAssembler.ofLines(maximumBytes: source.maximumLineBytes)
            self.assembler = assembler
            return takeAssembled(by: assembler, piece, at: cursor, isFinal: isFinal, of: file, pass: pass)
        }
        return takeLines(of: piece, at: cursor.offset, isInsideCutLine: cursor.isInsideCutLine, isFinal: isFinal, of: file, pass: pass)
    }

    private func takeLines(
        of piece: UnsafeRawBufferPointer, at offset: UInt64, isInsideCutLine: Bool, isFinal: Bool, of file: FileState, pass: Pass
    ) -> PassResult {
        var made = noneMade(pass)
        var passedOver = Tally()
        var newest: UInt64 = 0
        var lineCount = 0
        var heldBack: (start: Int, time: UInt64)?
        envelopeFields?.begin(path: file.firstPath, origin: file.origin)
        let decoding = decoding(of: file)
        var progress = splitter(for: decoding).split(piece, isInsideCutLine: isInsideCutLine, isFinal: isFinal) { line in
            if heldBack != nil { return }
            let lineOffset = offset + UInt64(line.start)
            var line = line
            if let decoding { line = decode(line, at: lineOffset, by: decoding, counts: pass.counts) }
            if (line.isCut && dropsLongLines) || (line.bytes.isEmpty && skipsEmptyLines) {
                passOver(line, counts: pass.counts)
                lineCount += 1
                passedOver += Tally(lines: 1, bytes: UInt64(line.fileBytes))
                return
            }
            var parsed = parser.parse(line.bytes)
            if let envelopeFields { parsed.text = envelopeFields.add(to: parsed.text) }
            if pass.counts { count(line, parsed.error) }
            let time = self.time(of: parsed, at: lineOffset, readEnd: offset + UInt64(piece.count), in: file, pass: pass)
            if time > pass.untilNanoseconds {
                heldBack = (line.start, time)
                return
            }
            lineCount += 1
            newest = max(newest, time)
            if let transforms {
                let origin = EntryOrigin(
                    content: line.bytes, offset: lineOffset, tally: Tally(lines: 1, bytes: UInt64(line.fileBytes)), isCut: line.isCut)
                transform(origin, parsed, by: transforms, time: time, file: file, pass: pass, &made)
                return
            }
            if pass.counts { rules.apply(scanner.allFields, in: parsed.text, now: time) }
            if !pass.outputs.isEmpty { ship(line, parsed, time: time, file: file, pass: pass) }
        }
        if let heldBack {
            // A line begins there.
            progress.consumed = heldBack.start
            progress.isInsideCutLine = false
            progress.lineCount = lineCount
        }
        reached(offset + UInt64(progress.consumed), in: file, pass)
        if pass.counts {
            counts.lines += UInt64(progress.lineCount)
            counts.bytes += UInt64(progress.consumed)
            counts.cutBytes += UInt64(progress.droppedBytes)
        }
        let read = Tally(lines: UInt64(progress.lineCount), bytes: UInt64(progress.consumed))
        let entryCount = Int(read.lines - passedOver.lines)
        if passedOver.lines > 0 {
            if made.isEmpty { made = Array(repeating: Made(entryCount: entryCount), count: pass.outputs.count) }
            for position in made.indices { made[position].filtered += passedOver }
        }
        return PassResult(
            progress: progress, read: read, closed: read, entryCount: entryCount, made: made,
            newestLineNanoseconds: newest, heldBackNanoseconds: heldBack?.time)
    }

    /// nil for UTF-8: its lines are taken as they stand.
    func decoding(of file: FileState) -> LineDecoding? { decoders.decoding(of: file.content) }

    func splitter(for decoding: LineDecoding?) -> LineSplitter {
        decoding.map { LineSplitter(maximumLineBytes: splitter.maximumLineBytes, unit: $0.unit) } ?? splitter
    }

    func decode(_ line: LineSplitter.Line, at offset: UInt64, by decoding: LineDecoding, counts: Bool) -> LineSplitter.Line {
        let before = decoding.replacedSequences
        let decoded = decoding.decode(line, at: offset)
        if counts { self.counts.replacedSequences += decoding.replacedSequences - before }
        return decoded
    }

    /// Neither counts `line` by metrics nor ships it: the source asks for that.
    private func passOver(_ line: LineSplitter.Line, counts: Bool) {
        guard counts else { return }
        count(line, nil)
        if line.isCut { self.counts.droppedLongLines += 1 }
    }

    private func count(_ line: LineSplitter.Line, _ error: LineParseError?) {
        if error != nil { counts.parseErrors += 1 }
        if line.isCut { counts.cutLines += 1 }
        if line.bytes.isEmpty { counts.emptyLines += 1 }
    }

    /// Of what begins at `offset`: its own, else that of its envelope, else when it was seen.
    func time(
        of parsed: ParsedLine, envelope: UInt64? = nil, at offset: UInt64, readEnd: UInt64, in file: FileState, pass: Pass
    ) -> UInt64 {
        if let timestamp {
            let field = scanner[timestamp.slot]
            if field.isThere {
                if let time = recentSecond.nanoseconds(of: field, in: parsed.text) { return time }
                let needsSight = timestamp.format.needsSight(field, in: parsed.text)
                let seenAt = needsSight ? envelope ?? firstSight(ofLineAt: offset, readEnd: readEnd, in: file, pass: pass) : 0
                if let time = timestamp.format.nanoseconds(of: field, in: parsed.text, seenAt: seenAt) {
                    if timestamp.format.readsRFC3339 { recentSecond.note(time, of: field, in: parsed.text) }
                    return time
                }
                if pass.counts { counts.timestampErrors += 1 }
            }
        }
        if let envelope { return envelope }
        return firstSight(ofLineAt: offset, readEnd: readEnd, in: file, pass: pass)
    }

    private func firstSight(ofLineAt offset: UInt64, readEnd: UInt64, in file: FileState, pass: Pass) -> UInt64 {
        // Without an output nothing is sent, so nothing needs to be remembered.
        if file.deliveries.isEmpty { return pass.now }
        do throws(SystemError) {
            if pass.replayEnd != nil { return try times(of: file).knownTime(ofLineAt: offset) ?? 0 }
            return try times(of: file).time(ofLineAt: offset, readEnd: readEnd, now: pass.now)
        } catch {
            counts.unrecordedTimes += 1
            return pass.now
        }
    }

    func times(of file: FileState) throws(SystemError) -> ObservedTimes {
        if let times = file.observedTimes { return times }
        let times = try ObservedTimes(path: journals.times.path(for: file.content))
        file.observedTimes = times
        return times
    }

    private func ship(
        _ line: LineSplitter.Line, _ parsed: ParsedLine, time: UInt64, file: FileState, pass: Pass
    ) {
        let extra = metadata.write(scanner, parsed, origin: file.origin, isCut: line.isCut)
        append(line.bytes, parsed, metadata: extra, time: time, fileBytes: line.fileBytes, fileLines: 1, file: file, pass: pass)
    }

    func ship(
        _ entry: AssembledEntry, _ parsed: ParsedLine, time: UInt64, file: FileState, pass: Pass
    ) {
        let extra = metadata.write(scanner, parsed, origin: file.origin, isCut: entry.isCut, isSplit: entry.isSplit)
        append(
            entry.content, parsed, metadata: extra, time: time, fileBytes: Int(entry.tally.bytes), fileLines: Int(entry.tally.lines),
            file: file, pass: pass)
    }

    @inline(__always)
    private func append(
        _ content: UnsafeRawBufferPointer, _ parsed: ParsedLine, metadata: UnsafeRawBufferPointer, time: UInt64, fileBytes: Int,
        fileLines: Int, file: FileState, pass: Pass
    ) {
        let stream = streams.stream(of: parsed.text, scanner: scanner, origin: file.origin)
        var position = 0
        while position < pass.outputs.count {
            let replaced = stream._withUnsafeGuaranteedRef {
                pass.outputs[position].append(
                    $0, timestamp: time, line: content, fileBytes: fileBytes, fileLines: fileLines, metadata: metadata,
                    from: pass.segments[position])
            }
            if pass.counts { counts.replacedSequences += UInt64(replaced) }
            position += 1
        }
    }
}

// MARK: With transforms

extension LinePipeline {
    /// What is to become an entry: a line, or what was assembled of some.
    struct EntryOrigin {
        var content: UnsafeRawBufferPointer
        var offset: UInt64
        var tally: Tally
        var isCut: Bool
        var isSplit = false
    }

    /// For each output of a pass, where there are steps that could leave lines out.
    func noneMade(_ pass: Pass) -> [Made] { transforms == nil ? [] : Array(repeating: Made(), count: pass.outputs.count) }

    /// Every line before `offset` went its way, in a pass from the one before.
    func reached(_ offset: UInt64, in file: FileState, _ pass: Pass) {
        guard let transforms, transforms.tableCount > 0 else { return }
        file.transformMemories[pass.memory, transforms.tableCount].reach(offset)
    }

    /// Takes an entry through the steps, to the metrics between them, and into batches.
    func transform(
        _ origin: EntryOrigin, _ parsed: ParsedLine, by transforms: LineTransforms, time: UInt64, file: FileState, pass: Pass,
        _ made: inout [Made]
    ) {
        let line = transforms.line
        line.begin(origin.content, parsed, form: form(of: origin.content, parsed.error), path: file.origin.path, time: time)
        let isShipped = !pass.outputs.isEmpty
        let dropped = file.transformMemories.use(pass.memory, transforms.tableCount) { memory -> Int? in
            memory.enter(lineAt: origin.offset)
            if let step = transforms.run(.beforeMetrics, isCounted: isShipped, memory: &memory) { return step }
            if pass.counts { rules.apply(scanner.allFields, in: line.bytes, now: time) }
            // What steps remember has to be the same, shipped or not.
            guard isShipped || transforms.tableCount > 0 else { return nil }
            return transforms.run(.afterMetrics, isCounted: isShipped, memory: &memory)
        }
        guard isShipped else { return }
        if let dropped {
            for (position, output) in pass.outputs.enumerated() {
                made[position].filtered += origin.tally
                transforms.counts.countFiltered(by: dropped, atOutput: output.index)
            }
            return
        }
        ship(origin, parsed, transforms, time: time, file: file, pass: pass, &made)
    }

    private func form(of line: UnsafeRawBufferPointer, _ error: LineParseError?) -> TransformedLine.Form {
        switch source.format {
        case .json where !line.isEmpty: error == nil ? .json : .escaped
        case .logfmt: .escaped
        case .json, .text, .syslog, .pattern, .regex: .text
        }
    }

    private func ship(
        _ origin: EntryOrigin, _ parsed: ParsedLine, _ transforms: LineTransforms, time: UInt64, file: FileState, pass: Pass,
        _ made: inout [Made]
    ) {
        let line = transforms.line
        let shipped = line.shipped
        let isCut = origin.isCut || line.isCut || line.isShortened
        line.addWeight()
        var stream: Unmanaged<Stream>?
        var extra = UnsafeRawBufferPointer(start: nil, count: 0)
        for (position, output) in pass.outputs.enumerated() {
            guard line.isFor(output: output.index) else {
                made[position].filtered += origin.tally
                transforms.counts.countFiltered(by: line.routedBy, atOutput: output.index)
                continue
            }
            if stream == nil {
                extra = metadata.write(
                    scanner, ParsedLine(text: line.bytes, error: parsed.error), origin: file.origin, isCut: isCut, isSplit: origin.isSplit,
                    more: line.metadata.bytes)
            }
            let found = stream ?? streams.stream(of: line.bytes, scanner: scanner, origin: file.origin, tenant: line.tenant)
            stream = found
            let replaced = found._withUnsafeGuaranteedRef {
                output.append(
                    $0, timestamp: time, line: shipped, fileBytes: Int(origin.tally.bytes), fileLines: Int(origin.tally.lines),
                    metadata: extra, from: pass.segments[position])
            }
            made[position].entryCount += 1
            if pass.counts { counts.replacedSequences += UInt64(replaced) }
        }
    }
}
