import Configuration
import Glibc
import Metrics
import StructuredLogging
import SystemIO

/// Sends the dead letters of one output again, with its own sender, until each is decided.
///
/// Files are moved aside first, and how far they are decided is saved after each stretch of lines: a replay that was killed is gone
/// on with by the next one. Lines of the stretch that was on its way then are sent again, byte for byte as before, and Loki drops copies.
final class RefusedReplay {
    struct Counts: Encodable, Equatable {
        var output: String
        /// Stored by the output.
        var delivered = 0
        /// Refused again: they stand in the dead-letter file with the new reason.
        var refused = 0
        /// Not what the agent writes: kept in `unreadable.txt` beside the moved files.
        var unreadable = 0
        /// Left for the next replay.
        var left = 0
        /// Why the rest was left.
        var error: String?
    }

    /// Lines that are on their way together.
    private static let stretchLines = 2_000
    private static let stretchBytes = 2 << 20
    /// An output that answered nothing for so long is given up for now.
    private static let patienceNanoseconds: UInt64 = 30_000_000_000

    private let letters: DeadLetters
    private let settings: OutputSettings
    private let sender: OutputSender
    private let outcomes: OutcomeMailbox
    private let patience: UInt64
    private let reader = RefusedLineReader()
    private var sequence: UInt64 = 0
    private(set) var counts: Counts

    init(_ output: OutputSettings, dataDirectory: String, patienceNanoseconds: UInt64? = nil) throws(LogAgentError) {
        letters = DeadLetters(dataDirectory: dataDirectory, output: output.name)
        settings = output
        patience = patienceNanoseconds ?? Self.patienceNanoseconds
        counts = Counts(output: output.name)
        do {
            let control = try ReaderControl()
            outcomes = control.outcomes
            sender = try OutputSender(
                number: 0, settings: output, dataDirectory: dataDirectory, outcomes: control.outcomes,
                registry: MetricRegistry(startedAt: SystemClock.wallNanoseconds()), logger: AgentLog.silent.logger)
        } catch {
            throw .start("\(error)")
        }
    }

    deinit { sender.stop() }

    /// True when every line was decided.
    func run() throws(SystemError) -> Bool {
        try letters.moveAside()
        let files = try letters.moved()
        var isStuck = false
        for path in files {
            if isStuck {
                counts.left += try lineCount(of: path, from: 0)
            } else {
                isStuck = try !replay(path)
            }
        }
        if !isStuck { rmdir(letters.replayDirectory) }
        return !isStuck
    }

    private func replay(_ path: String) throws(SystemError) -> Bool {
        var file = try DeadLetterReader(path, at: try savedProgress(path))
        while true {
            let start = file.offset
            let (batches, lines, isAtEnd) = try nextStretch(&file)
            if lines > 0 {
                guard try deliver(batches) else {
                    counts.left += try lineCount(of: path, from: start)
                    return false
                }
                try AtomicFileReplacement.write(Array("\(file.offset)\n".utf8), to: path + ".done")
            }
            if isAtEnd { break }
        }
        // The file first: progress without its file is forgotten, a file without progress would be sent again.
        if unlink(path) < 0 { throw SystemError(call: "unlink", subject: path) }
        unlink(path + ".done")
        return true
    }

    private func savedProgress(_ path: String) throws(SystemError) -> UInt64 {
        do throws(SmallFileError) {
            let text = String(decoding: try SmallFile.read(path + ".done", maximumBytes: 64), as: UTF8.self)
            return UInt64(text.split(separator: "\n").first ?? "") ?? 0
        } catch {
            if case .unreadable(let error) = error, error.code != ENOENT { throw error }
            return 0
        }
    }

    /// Lines of the same stream, of the same tenant, in one batch, in their order.
    private func nextStretch(_ file: inout DeadLetterReader) throws(SystemError) -> (batches: [SealedBatch], lines: Int, isAtEnd: Bool) {
        var open: [[UInt8]: OpenBatch] = [:]
        var order: [OpenBatch] = []
        var lines = 0
        var bytes = 0
        var isAtEnd = false
        while lines < Self.stretchLines && bytes < min(Self.stretchBytes, settings.batch.maximumBytes) {
            guard let line = try file.next() else {
                isAtEnd = true
                break
            }
            lines += 1
            bytes += line.count
            guard let refused = line.withUnsafeBytes({ reader.read($0) }) else {
                try keepUnreadable(line)
                continue
            }
            let key = refused.streamKey
            let batch =
                open[key]
                ?? OpenBatch(
                    stream: Stream(labels: refused.stream, tenant: refused.tenant), buffer: EntryBuffer(capacity: OpenBatch.firstBytes),
                    openedAt: SystemClock.monotonicNanoseconds())
            if open.updateValue(batch, forKey: key) == nil { order.append(batch) }
            refused.line.withUnsafeBytes { text in
                refused.metadata.withUnsafeBytes { metadata in
                    _ = batch.append(
                        timestamp: refused.timestamp, line: text, fileBytes: text.count + 1, metadata: metadata,
                        from: SegmentReference(file: 0, segment: 0))
                }
            }
        }
        let batches = order.map { batch in
            sequence += 1
            return batch.seal(sequence: sequence)
        }
        return (batches, lines, isAtEnd)
    }

    /// False when the output did not answer in time.
    private func deliver(_ batches: [SealedBatch]) throws(SystemError) -> Bool {
        for batch in batches { sender.offer(batch) }
        var waiting = batches.count
        var lastProgress = SystemClock.monotonicNanoseconds()
        while waiting > 0 {
            let taken = outcomes.takeAll()
            for outcome in taken {
                waiting -= 1
                counts.refused += outcome.refused.count
                counts.delivered += outcome.batch.entries.count - outcome.refused.count
                lastProgress = SystemClock.monotonicNanoseconds()
            }
            if waiting == 0 { return true }
            if SystemClock.nanoseconds(from: lastProgress, to: SystemClock.monotonicNanoseconds()) > patience {
                counts.error = sender.lastError ?? "the output does not answer"
                return false
            }
            var poll = pollfd(fd: outcomes.event.rawValue, events: Int16(POLLIN), revents: 0)
            _ = Glibc.poll(&poll, 1, 100)
            outcomes.event.drain()
        }
        return true
    }

    private func keepUnreadable(_ line: [UInt8]) throws(SystemError) {
        counts.unreadable += 1
        let path = letters.directory + "/replay/\(settings.name).unreadable.txt"
        let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND, permissions: 0o600)
        try file.writeAll(line + [0x0a])
    }

    private func lineCount(of path: String, from offset: UInt64) throws(SystemError) -> Int {
        var file = try DeadLetterReader(path, at: max(offset, try savedProgress(path)))
        var count = 0
        while try file.next() != nil { count += 1 }
        return count
    }
}
