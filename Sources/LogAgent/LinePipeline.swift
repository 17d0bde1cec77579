import JSONScanning
import SystemIO
import Tailing

/// One source's way for a line, in one pass over its bytes: parse → derive → filter → batch.
///
/// Used under the lock of ``AgentState``, by the reading thread.
final class LinePipeline {
    /// Resolves to the path under which the line's file was found.
    static let pathField = "__path__"

    let source: SourceSettings
    let splitter: LineSplitter
    private let parser: LineParser
    private let scanner: JSONScanner
    private let rules: MetricRules
    private let filter: LineFilter
    private let timestamp: (slot: Int, format: LineTimestamp)?
    private let metadata: MetadataWriter
    private let streams: StreamTable
    let recordedTimes: RecordedTimes
    // `@exclusivity(unchecked)`: nothing that is called while it changes can see it.
    @exclusivity(unchecked) private(set) var counts = LineCounts()

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
        /// The time of a line could not be recorded before it was sent.
        var unrecordedTimes: UInt64 = 0
    }

    /// `recordedTimes`: where the times of lines without one are recorded.
    init(
        source: SourceSettings, scanner: JSONScanner, rules: MetricRules, filter: LineFilter, recordedTimes: RecordedTimes
    ) throws(TimestampPatternError) {
        self.recordedTimes = recordedTimes
        self.source = source
        self.scanner = scanner
        parser = LineParser(source.format, fields: scanner)
        self.rules = rules
        self.filter = filter
        splitter = LineSplitter(maximumLineBytes: source.maximumLineBytes)
        if let settings = source.timestamp, let slot = scanner.paths.slot(of: settings.field) {
            timestamp = (slot, try LineTimestamp(settings.format))
        } else {
            timestamp = nil
        }
        metadata = MetadataWriter(source.metadata, paths: scanner.paths)
        streams = StreamTable(labels: source.labels, paths: scanner.paths)
    }

    var cutLabelValues: UInt64 { streams.cutValues }

    /// Every field that lines of this source are looked at for.
    static func fieldPaths(of source: SourceSettings) -> [String] {
        let templates = (source.labels + source.metadata).compactMap { named -> String? in
            if case .field(let path) = named.template, path != pathField { path } else { nil }
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
    }

    struct PassResult {
        var progress: LineSplitter.Progress
        var read: Tally
        var filtered: Tally
        var newestLineNanoseconds: UInt64
        /// The time of the line that was too new to be taken.
        var heldBackNanoseconds: UInt64?
    }

    /// Takes the complete lines of `piece`, which stands at `offset` of `file`'s content.
    func take(
        _ piece: UnsafeRawBufferPointer, at offset: UInt64, isInsideCutLine: Bool, isFinal: Bool, of file: FileState, pass: Pass
    ) -> PassResult {
        var filtered = Tally()
        var newest: UInt64 = 0
        var lineCount = 0
        var heldBack: (start: Int, time: UInt64)?
        var progress = splitter.split(piece, isInsideCutLine: isInsideCutLine, isFinal: isFinal) { line in
            if heldBack != nil { return }
            let lineOffset = offset + UInt64(line.start)
            let parsed = parser.parse(line.bytes)
            if pass.counts { count(line, parsed.error) }
            let time = self.time(of: parsed, at: lineOffset, readEnd: offset + UInt64(piece.count), in: file, pass: pass)
            if time > pass.untilNanoseconds {
                heldBack = (line.start, time)
                return
            }
            lineCount += 1
            newest = max(newest, time)
            if pass.counts { rules.apply(scanner.allFields, in: parsed.text, now: time) }
            guard !pass.outputs.isEmpty else { return }
            if filter.drops(scanner.allFields, in: parsed.text) {
                filtered += Tally(lines: 1, bytes: UInt64(line.fileBytes))
                return
            }
            ship(line, parsed, time: time, file: file, pass: pass)
        }
        if let heldBack {
            // A line begins there.
            progress.consumed = heldBack.start
            progress.isInsideCutLine = false
            progress.lineCount = lineCount
        }
        if pass.counts {
            counts.lines += UInt64(progress.lineCount)
            counts.bytes += UInt64(progress.consumed)
            counts.cutBytes += UInt64(progress.droppedBytes)
        }
        let read = Tally(lines: UInt64(progress.lineCount), bytes: UInt64(progress.consumed))
        return PassResult(
            progress: progress, read: read, filtered: filtered, newestLineNanoseconds: newest, heldBackNanoseconds: heldBack?.time)
    }

    private func count(_ line: LineSplitter.Line, _ error: LineParseError?) {
        if error != nil { counts.parseErrors += 1 }
        if line.isCut { counts.cutLines += 1 }
        if line.bytes.isEmpty { counts.emptyLines += 1 }
    }

    private func time(
        of parsed: ParsedLine, at offset: UInt64, readEnd: UInt64, in file: FileState, pass: Pass
    ) -> UInt64 {
        if let timestamp {
            let field = scanner[timestamp.slot]
            if field.kind != .missing {
                if let time = timestamp.format.nanoseconds(of: field, in: parsed.text) { return time }
                if pass.counts { counts.timestampErrors += 1 }
            }
        }
        // Without an output nothing is sent, so nothing needs to be remembered.
        if file.deliveries.isEmpty { return pass.now }
        do throws(SystemError) {
            return try times(of: file).time(ofLineAt: offset, readEnd: readEnd, now: pass.now)
        } catch {
            counts.unrecordedTimes += 1
            return pass.now
        }
    }

    private func times(of file: FileState) throws(SystemError) -> ObservedTimes {
        if let times = file.observedTimes { return times }
        let times = try recordedTimes.open(for: file.content)
        file.observedTimes = times
        return times
    }

    private func ship(
        _ line: LineSplitter.Line, _ parsed: ParsedLine, time: UInt64, file: FileState, pass: Pass
    ) {
        let stream = streams.stream(of: parsed.text, scanner: scanner, path: file.firstPath)
        let extra = metadata.write(scanner, parsed, path: file.firstPath, isCut: line.isCut)
        var position = 0
        while position < pass.outputs.count {
            let replaced = stream._withUnsafeGuaranteedRef {
                pass.outputs[position].append(
                    $0, timestamp: time, line: line.bytes, fileBytes: line.fileBytes, metadata: extra, from: pass.segments[position])
            }
            if pass.counts { counts.replacedSequences += UInt64(replaced) }
            position += 1
        }
    }
}
