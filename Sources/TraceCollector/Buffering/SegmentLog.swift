import Delivery
import Glibc
import SystemIO

/// A queue on the disk: requests of spans in append-only segment files, with a cursor for each reader.
///
/// What was appended survives the end of the process, however it ends; what `synchronization` says survives the machine's. A torn
/// record at the end is cut off at the next start. Beyond `maximumBytes` the oldest segment goes, and what a reader had not taken of it
/// is counted. Any thread may append; one thread at a time takes records of a reader, and any thread settles them.
final class SegmentLog: Sendable {
    enum Synchronization: String, Equatable, Sendable, CaseIterable {
        /// The kernel writes when it likes.
        case never
        /// Once a second.
        case interval
        /// Before ``append(_:content:spans:messageBytes:)`` returns. Threads that wait share one call.
        case always
    }

    private final class OpenFile: Sendable {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    private struct State {
        var log: SegmentLogState
        var file: OpenFile?
        var isStopped = false
        var synchronized: LogPosition
        var isSynchronizing = false
        var savedCursors: [LogPosition] = []
    }

    /// Told of spans that a reader lost.
    typealias LossReport = @Sendable (_ reader: Int, _ spans: UInt64, _ cause: Loss) -> Void

    enum Loss: String, Sendable, CaseIterable {
        /// The log had come to its maximum.
        case bufferFull = "buffer_full"
        /// The file is damaged.
        case damaged
    }

    let directory: String
    let maximumBytes: UInt64
    private let segmentBytes: UInt64
    private let synchronization: Synchronization
    /// One for each reader.
    private let cursors: [CursorFile]
    private let monitor: Monitor<State>
    private let report: LossReport
    /// Bytes of a record that was torn by the end of an earlier process, and cut off.
    let tornBytes: UInt64
    /// Bytes behind a damaged record of earlier segments, which can't be read.
    let damagedBytes: UInt64
    /// Spans that an earlier process has left, for each reader.
    let recoveredSpans: [UInt64]

    /// Where a reader begins.
    enum Start: Equatable, Sendable {
        /// Where its cursor stood.
        case saved
        /// Where somebody else knows that it has settled everything before.
        case position(LogPosition)
        case end
    }

    /// Opens the log in `directory`, which is made if it is missing. Readers that `starts` does not name begin at their cursors.
    init(
        directory: String, readers: [String], starts: [String: Start] = [:], maximumBytes: UInt64, synchronization: Synchronization,
        report: @escaping LossReport
    ) throws(SystemError) {
        self.directory = directory
        self.maximumBytes = maximumBytes
        self.synchronization = synchronization
        self.report = report
        segmentBytes = min(64 << 20, max(64 << 10, maximumBytes / 16))
        try Directory.create(directory)
        let (segments, torn, damaged) = try Self.openSegments(in: directory)
        tornBytes = torn
        damagedBytes = damaged
        var log = SegmentLogState(segments: segments)
        let now = SystemClock.monotonicNanoseconds()
        var cursors: [CursorFile] = []
        for reader in readers {
            let cursor = try CursorFile(directory: directory, reader: reader)
            cursors.append(cursor)
            var position: LogPosition? =
                switch starts[reader] ?? .saved {
                case .saved: try cursor.load()
                case .position(let position): position
                case .end: log.end
                }
            var taken = LogSegment.Contents()
            if let found = position {
                if let contents = try Self.contents(before: found, in: directory) {
                    taken = contents
                } else {
                    // No record begins there. When its segment comes again, nothing is lost.
                    position = LogSegment.start(found.segment)
                }
            }
            log.addReader(reader, committed: position, takenOfSegment: taken, now: now)
        }
        self.cursors = cursors
        recoveredSpans = log.readers.map(\.pendingSpans)
        let end = log.end
        monitor = Monitor(State(log: log, synchronized: end))
    }

    /// The segments by number, the last one without its torn tail.
    private static func openSegments(in directory: String) throws(SystemError) -> ([LogSegment], torn: UInt64, damaged: UInt64) {
        let numbers = try Directory.entries(of: directory).compactMap { LogSegment.number(ofFile: $0.name) }.sorted()
        var segments: [LogSegment] = []
        var torn: UInt64 = 0
        var damaged: UInt64 = 0
        for number in numbers {
            let path = directory + "/" + LogSegment.fileName(number)
            let isLast = number == numbers.last
            let (segment, tail) = try LogSegment.scan(path, number: number, checksums: isLast)
            segments.append(segment)
            guard isLast else {
                damaged += tail
                continue
            }
            torn = tail
            if tail > 0, truncate(path, off_t(segment.bytes)) < 0 { throw SystemError(call: "truncate", subject: path) }
        }
        // A new process writes a file of its own: one whose mark is torn is never gone on with.
        if let last = segments.last { segments.append(LogSegment(number: last.number + 1, bytes: UInt64(LogSegment.mark.count))) }
        return (segments, torn, damaged)
    }

    /// nil where `position` is not where a record begins, or the next one will.
    private static func contents(before position: LogPosition, in directory: String) throws(SystemError) -> LogSegment.Contents? {
        let path = directory + "/" + LogSegment.fileName(position.segment)
        var contents = LogSegment.Contents()
        var offset = UInt64(LogSegment.mark.count)
        guard let file = try? FileDescriptor(opening: path) else { return offset == position.offset ? contents : nil }
        var header = [UInt8](repeating: 0, count: BufferRecord.headerBytes)
        while offset < position.offset {
            guard try file.readAll(into: &header, at: offset), let record = header.withUnsafeBytes({ BufferRecord(header: $0) }) else {
                return nil
            }
            offset += record.recordBytes
            contents.add(record)
        }
        return offset == position.offset ? contents : nil
    }

    // MARK: Looking

    /// A copy, for reports.
    var state: SegmentLogState { monitor.withLock { $0.log } }

    var usedBytes: UInt64 { monitor.withLock { $0.log.totalBytes } }

    /// The end of the log as it is at a moment.
    struct End: Equatable, Sendable {
        let position: LogPosition
        fileprivate let contents: LogSegment.Contents
    }

    var end: End { monitor.withLock { End(position: $0.log.end, contents: $0.log.current.contents) } }

    func pendingSpans(of reader: Int) -> UInt64 { monitor.withLock { $0.log.readers[reader].pendingSpans } }
}

// MARK: Appending

extension SegmentLog {
    /// Appends one request, whole or not at all. `body` is borrowed.
    func append(
        _ body: UnsafeRawBufferPointer, content: BufferRecord.Content, spans: Int, messageBytes: Int
    ) throws(SystemError) {
        let record = BufferRecord(
            content: content, spans: spans, messageBytes: messageBytes, storedBytes: body.count, receivedAt: SystemClock.wallNanoseconds())
        let header = record.header(for: body)
        var losses: [(Int, UInt64)] = []
        let result = monitor.withLock { state -> Result<(wakes: Bool, end: LogPosition), SystemError> in
            do throws(SystemError) {
                try makeRoom(for: record, &state, &losses)
                try write(header, body, &state)
                let wakes = state.log.append(record, now: SystemClock.monotonicNanoseconds())
                return .success((wakes, state.log.end))
            } catch {
                return .failure(error)
            }
        }
        for (reader, spans) in losses { report(reader, spans, .bufferFull) }
        let (wakes, end) = try result.get()
        if wakes { monitor.broadcast() }
        if synchronization == .always { try synchronize(through: end) }
    }

    private func makeRoom(for record: BufferRecord, _ state: inout State, _ losses: inout [(Int, UInt64)]) throws(SystemError) {
        if state.log.current.contents.records > 0, state.log.current.bytes + record.recordBytes > segmentBytes {
            if synchronization != .never, let file = state.file { try file.descriptor.synchronize() }
            state.file = nil
            state.log.roll()
            remove(state.log.removeSettled())
        }
        while state.log.totalBytes + record.recordBytes > maximumBytes, let (number, dropped) = state.log.dropOldest() {
            remove([number])
            for (reader, spans) in dropped.enumerated() where spans > 0 { losses.append((reader, spans)) }
        }
    }

    private func write(_ header: [UInt8], _ body: UnsafeRawBufferPointer, _ state: inout State) throws(SystemError) {
        let file = try openFile(&state)
        let size = state.log.current.bytes
        let written = header.withUnsafeBytes { header in
            var pieces = [
                iovec(iov_base: UnsafeMutableRawPointer(mutating: header.baseAddress), iov_len: header.count),
                iovec(iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count),
            ]
            return retryingOnInterrupt { pwritev(file.descriptor.rawValue, &pieces, 2, off_t(size)) }
        }
        if written == header.count + body.count { return }
        let error = SystemError(call: "pwritev", subject: path(state.log.current.number), code: written < 0 ? errno : ENOSPC)
        // What is there of it is no record.
        ftruncate(file.descriptor.rawValue, off_t(size))
        throw error
    }

    private func openFile(_ state: inout State) throws(SystemError) -> OpenFile {
        if let file = state.file { return file }
        let path = path(state.log.current.number)
        let descriptor: FileDescriptor
        do throws(SystemError) {
            descriptor = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
        } catch {
            // Somebody has removed the directory.
            guard error.code == ENOENT else { throw error }
            try Directory.create(directory)
            descriptor = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
        }
        try descriptor.writeAll(LogSegment.mark)
        let file = OpenFile(descriptor)
        if synchronization != .never { try synchronizeDirectory() }
        state.file = file
        return file
    }

    private func synchronizeDirectory() throws(SystemError) {
        let descriptor = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        if retryingOnInterrupt({ fsync(descriptor.rawValue) }) < 0 { throw SystemError(call: "fsync", subject: directory) }
    }

    /// Returns once everything before `position` is on the device.
    private func synchronize(through position: LogPosition) throws(SystemError) {
        while true {
            let turn = monitor.wait { state -> Monitor<State>.Decision<(file: OpenFile?, end: LogPosition)?> in
                if state.synchronized >= position { return .done(nil) }
                if state.isSynchronizing { return .wait(untilNanoseconds: nil) }
                state.isSynchronizing = true
                return .done((state.file, state.log.end))
            }
            guard let (file, end) = turn else { return }
            var failure: SystemError?
            // Segments before it were synchronized when they were complete.
            if let file { do throws(SystemError) { try file.descriptor.synchronize() } catch { failure = error } }
            monitor.withLock { state in
                state.isSynchronizing = false
                if failure == nil { state.synchronized = max(state.synchronized, end) }
            }
            monitor.broadcast()
            if let failure { throw failure }
        }
    }

    private func path(_ number: UInt64) -> String { directory + "/" + LogSegment.fileName(number) }

    private func remove(_ numbers: [UInt64]) {
        for number in numbers { unlink(path(number)) }
    }
}

// MARK: Reading

extension SegmentLog {
    /// When ``waitForRecords(_:by:)`` is to return.
    struct Readiness {
        /// At once with so many bytes, as protobuf.
        var fullBytes: UInt64
        /// Else when the oldest has waited for so long; nil: never.
        var waitNanoseconds: UInt64?
    }

    enum Wakening: Equatable {
        case records
        /// The time is up, and there are none.
        case timeout
        case stopped
    }

    /// Sleeps until there are records to take, until `deadline` on the monotonic clock, or until ``stop()``. Records that are there when
    /// the log is stopped come first where `drains` is set.
    func waitForRecords(_ readiness: Readiness, by reader: Int, deadline: UInt64? = nil, drains: Bool = false) -> Wakening {
        waitForRecords(by: reader, deadline: deadline, drains: drains) { readiness }
    }

    /// The same with a `readiness` that may change meanwhile: it is asked again after ``wake()``, under the lock of the log. nil ends the
    /// wait as if its time were up.
    func waitForRecords(by reader: Int, deadline: UInt64? = nil, drains: Bool, readiness: () -> Readiness?) -> Wakening {
        monitor.wait { state in
            let waiting = state.log.readers[reader].waiting
            if state.isStopped { return .done(drains && waiting.records > 0 ? .records : .stopped) }
            let now = SystemClock.monotonicNanoseconds()
            guard let readiness = readiness() else { return .done(.timeout) }
            state.log.setWakingBytes(readiness.fullBytes, of: reader)
            var due: UInt64?
            if waiting.records > 0 {
                if waiting.messageBytes >= readiness.fullBytes { return .done(.records) }
                due = readiness.waitNanoseconds.map { state.log.readers[reader].waitingSince + $0 }
                if let due, now >= due { return .done(.records) }
            }
            if let deadline, now >= deadline { return .done(.timeout) }
            return .wait(untilNanoseconds: [due, deadline].compactMap(\.self).min())
        }
    }

    /// Who waits for records looks again at what it waits for.
    func wake() {
        // Not between such a look and the sleep that follows.
        monitor.withLock { _ in }
        monitor.broadcast()
    }

    /// Takes records, at least one where there is one, up to `maximumBytes` as protobuf. False where there is none.
    func take(into batch: LogBatch, maximumBytes: Int, by reader: Int) throws(SystemError) -> Bool {
        while true {
            let (from, end) = monitor.withLock { state in
                state.log.advance(reader)
                let from = state.log.readers[reader].taken
                let segment = state.log.segments.first { $0.number == from.segment }
                return (from, segment?.bytes ?? 0)
            }
            guard from.offset < end else { return false }
            batch.removeAll(startingAt: from)
            let isIntact: Bool
            do throws(SystemError) {
                isIntact = try batch.read(path(from.segment), end: end, maximumBytes: maximumBytes)
            } catch {
                // Dropped while it was read.
                let isGone = monitor.withLock { $0.log.readers[reader].taken != from }
                if isGone { continue }
                guard error.code == ENOENT else { throw error }
                passOver(from: from, by: reader)
                continue
            }
            guard !batch.records.isEmpty || !isIntact else { return false }
            if batch.records.isEmpty {
                passOver(from: from, by: reader)
                continue
            }
            let isTaken = monitor.withLock { state in
                state.log.take(batch.contents, from: from, to: batch.end, by: reader, now: SystemClock.monotonicNanoseconds())
            }
            if isTaken { return true }
        }
    }

    private func passOver(from: LogPosition, by reader: Int) {
        let lost = monitor.withLock { $0.log.passOver(from: from, by: reader) }
        if lost.spans > 0 { report(reader, lost.spans, .damaged) }
    }

    /// Everything before `position` is settled; `spans` of what was taken among it.
    func commit(_ position: LogPosition, spans: UInt64, by reader: Int) {
        settle(reader) { $0.commit(position, spans: spans, by: reader) }
    }

    /// Everything up to what was the end is settled, without being taken.
    func pass(to end: End, by reader: Int) { settle(reader) { $0.pass(to: end.position, ofSegment: end.contents, by: reader) } }

    private func settle(_ reader: Int, _ body: (inout SegmentLogState) -> Void) {
        let (committed, removed) = monitor.withLock { state in
            body(&state.log)
            return (state.log.readers[reader].committed, state.log.removeSettled())
        }
        // Where that fails, the next one makes up for it, and ``maintain()`` tells.
        try? cursors[reader].save(committed)
        remove(removed)
    }
}

// MARK: Housekeeping

extension SegmentLog {
    /// To be called once a second, by one thread: tells where cursors can't be saved, and synchronizes at an interval.
    func maintain() throws(SystemError) {
        let (readers, file, end, isChanged) = monitor.withLock { state in
            let positions = state.log.readers.map(\.committed)
            let isChanged = positions != state.savedCursors
            state.savedCursors = positions
            return (state.log.readers, state.file, state.log.end, isChanged)
        }
        if isChanged {
            do throws(SystemError) { for (cursor, reader) in zip(cursors, readers) { try cursor.save(reader.committed) } } catch {
                monitor.withLock { $0.savedCursors = [] }
                throw error
            }
        }
        if synchronization == .interval, let file {
            try file.descriptor.synchronize()
            monitor.withLock { $0.synchronized = max($0.synchronized, end) }
        }
    }

    /// Readers wait no more.
    func stop() {
        monitor.withLock { $0.isStopped = true }
        monitor.broadcast()
    }
}
