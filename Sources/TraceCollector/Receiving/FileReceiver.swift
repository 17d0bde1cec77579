import Metrics
import OTLP
import Synchronization
import SystemIO
import Tailing

/// Tails files of OTLP in JSON, a request a line (OpenTelemetry Protocol File Exporter), with a thread of its own.
///
/// A line is in the buffer before its file's position moves over it, so none is lost; what was read within the last second before the
/// process was killed comes again. While the buffer is nearly full, files wait.
///
/// `@unchecked Sendable`: tails, buffers and positions are the thread's alone.
final class FileReceiver: @unchecked Sendable {
    private static let chunkBytes = 256 << 10
    private static let saveNanoseconds: UInt64 = 1_000_000_000
    private static let pollNanoseconds: UInt64 = 250_000_000
    private static let idleDescriptorNanoseconds: UInt64 = 30_000_000_000

    private let sources: [FileReceiverSettings]
    private let positions: FilePositions
    private let intake: SpanIntake
    private let metrics: FileReceiverMetrics
    private let log: CollectorLog
    private let stopped: EventDescriptor
    private let isStopped = Atomic(false)
    private let thread = Mutex<WorkerThread?>(nil)

    init(
        _ sources: [FileReceiverSettings], dataDirectory: String, intake: SpanIntake, metrics: FileReceiverMetrics, log: CollectorLog
    ) throws(SystemError) {
        self.sources = sources
        positions = FilePositions(dataDirectory: dataDirectory)
        self.intake = intake
        self.metrics = metrics
        self.log = log
        stopped = try EventDescriptor()
    }

    func start() throws(SystemError) {
        let found = try positions.load()
        if found == nil { log.positionsLost(positions.path) }
        let saved = found ?? (files: [], writtenAt: nil, nextID: 1)
        let made = try WorkerThread("files", stackBytes: 512 << 10) { [self] in run(saved) }
        thread.withLock { $0 = made }
    }

    /// Returns when the thread has ended and the positions are saved.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        stopped.signal()
        thread.withLock { $0.take() }?.join()
    }

    private func run(_ saved: (files: [SavedFile], writtenAt: UInt64?, nextID: UInt64)) {
        let names = sources.indices.map { "files-\($0)" }
        let tails = TailSet(
            sources: zip(sources, names).map { settings, name in
                TailSource(name: name, include: settings.include, exclude: settings.exclude, startPosition: .beginning, alwaysPolls: false)
            },
            restored: saved.files, savedNanoseconds: saved.writtenAt, nextID: saved.nextID, pollNanoseconds: 1_000_000_000
        ) { [log] in log.tailed($0) }
        let reading = FileReading(
            lineBytes: sources.map(\.maximumLineBytes), intake: intake, metrics: metrics, log: log, chunkBytes: Self.chunkBytes)
        tails.start()
        var savedAt: UInt64 = 0
        var lookedAfterAt: UInt64 = 0
        var hasChanged = true
        while !isStopped.load(ordering: .relaxed) {
            tails.handleWatchEvents()
            tails.tick()
            var mayRead = intake.hasRoom
            var remaining = tails.readableCount
            while mayRead, remaining > 0, !isStopped.load(ordering: .relaxed), let file = tails.nextReadable() {
                remaining -= 1
                switch reading.read(file, of: tails) {
                case .read: hasChanged = true
                case .nothing: break
                case .blocked:
                    tails.markReadable(file)
                    mayRead = false
                }
            }
            let now = SystemClock.monotonicNanoseconds()
            if now >= lookedAfterAt + Self.saveNanoseconds {
                for file in Array(tails.files.values) { lookAfter(file, of: tails, now: now) }
                lookedAfterAt = now
            }
            if hasChanged, now >= savedAt + Self.saveNanoseconds {
                hasChanged = !save(tails, names)
                savedAt = now
            }
            if !mayRead || !tails.hasReadable {
                let descriptors = [stopped.rawValue, tails.watchDescriptor ?? -1]
                // Without room only the clock says when to look again.
                _ = Poll.readable(mayRead ? descriptors : [stopped.rawValue], milliseconds: Int(Self.pollNanoseconds / 1_000_000))
            }
        }
        _ = save(tails, names)
    }

    /// Lets go of files that are over, and of the descriptors of those that rest.
    private func lookAfter(_ file: TailedFile, of tails: TailSet, now: UInt64) {
        let isRead = file.counted.offset >= file.observedSize
        if let predecessor = file.predecessor, predecessor.isGone || predecessor.counted.offset >= predecessor.observedSize {
            file.predecessor = nil
        }
        if file.isGone {
            tails.forget(file)
        } else if file.isDeleted, isRead, tails.isSettled(file) {
            if !tails.continuesCompressed(file) { tails.forget(file) }
        } else if file.isOpen, isRead, file.path != nil,
            SystemClock.nanoseconds(from: file.lastActivityNanoseconds, to: now) > Self.idleDescriptorNanoseconds
        {
            file.closeDescriptor()
        }
    }

    private func save(_ tails: TailSet, _ names: [String]) -> Bool {
        let files = tails.files.values.map { SavedFile($0, sourceName: names[$0.sourceIndex]) } + tails.setAside
        do throws(SystemError) {
            try positions.save(files.sorted { $0.id < $1.id }, nextID: tails.upcomingID)
            return true
        } catch {
            log.bufferNotMaintained(error)
            return false
        }
    }
}

/// Reads chunks of files, and turns their lines into requests.
private final class FileReading {
    enum Result { case read, nothing, blocked }

    private let splitters: [LineSplitter]
    private let intake: SpanIntake
    private let metrics: FileReceiverMetrics
    private let log: CollectorLog
    private let buffer: UnsafeMutableRawBufferPointer
    private let scratch = IntakeScratch()

    init(lineBytes: [Int], intake: SpanIntake, metrics: FileReceiverMetrics, log: CollectorLog, chunkBytes: Int) {
        splitters = lineBytes.map { LineSplitter(maximumLineBytes: $0) }
        self.intake = intake
        self.metrics = metrics
        self.log = log
        // A line that is just not too long, its end, and the bytes that guard the cursor must fit together.
        let bytes = max(chunkBytes, (lineBytes.max() ?? 0) + 64) + TailedFile.readOverhead
        buffer = .allocate(byteCount: bytes, alignment: 64)
    }

    deinit { buffer.deallocate() }

    func read(_ file: TailedFile, of tails: TailSet) -> Result {
        if file.isGone { return .nothing }
        // Older content of the same name comes first.
        if let predecessor = file.predecessor, !predecessor.isGone, predecessor.isQueued,
            predecessor.counted.offset < predecessor.observedSize
        {
            tails.markReadable(predecessor)
            tails.markReadable(file)
            return .nothing
        }
        switch file.read(at: file.counted, into: buffer) {
        case .bytes(let bytes, let reachesEnd):
            tails.keepInflating(file)
            let isFinal = reachesEnd && (file.isRotatedAway || file.isCompressed) && tails.isSettled(file)
            return take(bytes, of: file, tails, reachesEnd: reachesEnd, isFinal: isFinal)
        case .replaced:
            tails.replacedInPlace(file)
            return .read
        case .unavailable(let error):
            if let error { log.unreadable(path: file.path ?? file.firstPath, error) }
            return .nothing
        }
    }

    private func take(
        _ bytes: UnsafeRawBufferPointer, of file: TailedFile, _ tails: TailSet, reachesEnd: Bool, isFinal: Bool
    ) -> Result {
        scratch.writer.removeAll(keepingCapacityUpTo: 4 << 20)
        var lines: UInt64 = 0
        var bad: UInt64 = 0
        let progress = splitters[file.sourceIndex].split(bytes, isInsideCutLine: file.counted.isInsideCutLine, isFinal: isFinal) { line in
            if line.bytes.isEmpty { return }
            lines += 1
            if line.isCut || !transcode(line.bytes, of: file, at: line.start) { bad += 1 }
        }
        let request = scratch.writer.bytes
        let outcome = request.withUnsafeBytes { intake.take($0, compressed: nil, scratch: scratch) }
        switch outcome {
        case .unavailable(let error):
            log.bufferUnavailable(error)
            return .blocked
        case .malformed(let error):
            // Too many spans in one chunk, of lines that are fine each: never seen, and never fatal.
            log.badLine(path: file.firstPath, offset: file.counted.offset, problem: error.description)
        case .taken(let spans, let rejected, let example):
            metrics.spans.increment(by: UInt64(spans))
            if rejected > 0, let example { log.rejected(spans: rejected, of: spans, example: example) }
        }
        metrics.lines.increment(by: lines)
        metrics.badLines.increment(by: bad)
        file.counted = TailedFile.advance(file.counted, over: bytes, by: progress.consumed, isInsideCutLine: progress.isInsideCutLine)
        if progress.consumed > 0 { file.lastActivityNanoseconds = SystemClock.monotonicNanoseconds() }
        if !reachesEnd { tails.markReadable(file) }
        return progress.consumed > 0 ? .read : .nothing
    }

    /// Appends the line's request to the chunk's. False where it is none.
    private func transcode(_ line: UnsafeRawBufferPointer, of file: TailedFile, at start: Int) -> Bool {
        var writer = ProtobufWriter()
        do throws(TraceJSONError) {
            try scratch.transcoder.transcode(line, to: &writer)
        } catch {
            log.badLine(path: file.firstPath, offset: file.counted.offset + UInt64(start), problem: error.description)
            return false
        }
        scratch.writer.append(message: writer.bytes)
        return true
    }
}

/// What file receivers have taken.
final class FileReceiverMetrics: Sendable {
    let lines: Counter
    let badLines: Counter
    let spans: Counter

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        lines = try registry.counter("trace_collector_file_lines_total", help: "Lines of files that were read")
        badLines = try registry.counter("trace_collector_file_bad_lines_total", help: "Lines that are no request of spans, or too long")
        spans = try registry.counter(
            "trace_collector_received_spans_total", help: "Spans of accepted requests, rejected ones included",
            labels: ["receiver": "files"])
    }
}
