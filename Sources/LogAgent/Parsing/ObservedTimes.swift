import Glibc
import SystemIO

/// The times of lines that carry none: when they were first seen, recorded before they are first sent, so that a line that is sent
/// again has the time that it was sent with before.
///
/// A journal of records `(start, end, time)` for one file, 24 bytes each: a line at `offset` in `start..<end` has the time
/// `time + (offset - start)` nanoseconds. So lines of one record differ in time, in their order, even when they are equal in text.
final class ObservedTimes {
    struct Record: Equatable {
        var start: UInt64
        var end: UInt64
        var time: UInt64

        func time(at offset: UInt64) -> UInt64 { time + (offset - start) }
    }

    /// Lines seen within this time share a record.
    static let freshNanoseconds: UInt64 = 20_000_000
    private static let recordBytes = 24

    private let path: String
    private var descriptor: FileDescriptor?
    private var count = 0
    private var last: Record?
    /// The record that the last look-up found, and its index: look-ups mostly go forward.
    private var found: (index: Int, record: Record)?

    /// Opens the journal at `path`, making none yet.
    init(path: String) throws(SystemError) {
        self.path = path
        do throws(SystemError) {
            let file = try FileDescriptor(opening: path, O_RDWR)
            // A torn last record was never used: a line is only sent after its record is whole.
            count = Int(try FileStatus(ofDescriptor: file).size) / Self.recordBytes
            descriptor = consume file
        } catch {
            if error.code != ENOENT { throw error }
        }
        if count > 0 { last = try record(count - 1) }
    }

    /// The time of the line that begins at `offset` and is being read now, at `now` on the wall clock, together with everything up to
    /// `readEnd`. A line that was recorded before keeps its time.
    func time(ofLineAt offset: UInt64, readEnd: UInt64, now: UInt64) throws(SystemError) -> UInt64 {
        if let last, offset < last.end {
            if offset >= last.start { return last.time(at: offset) }
            if let known = try lookUp(offset) { return known.time(at: offset) }
            return try time(besideRecordsAt: offset, last)
        }
        let end = max(readEnd, offset + 1)
        if count > 0, var record = last, record.time(at: offset) + Self.freshNanoseconds >= now, offset >= record.end {
            // Still fresh (or the clock stepped back: time goes on from where it was).
            record.end = end
            try write(record, at: count - 1)
            last = record
            return record.time(at: offset)
        }
        let earliest = last.map { $0.time(at: $0.end) } ?? 0
        let record = Record(start: offset, end: end, time: max(now, earliest))
        try write(record, at: count)
        count += 1
        last = record
        return record.time
    }

    /// The time that the line at `offset` was given, without giving it one now; nil where that is not known any more.
    func knownTime(ofLineAt offset: UInt64) throws(SystemError) -> UInt64? {
        guard count > 0, let last, offset < last.end else { return nil }
        return offset >= last.start ? last.time(at: offset) : try lookUp(offset)?.time(at: offset)
    }

    /// Drops the records when a checkpoint says that everything before `offset` was delivered.
    func delivered(through offset: UInt64) throws(SystemError) {
        guard count > 0, let last, last.end <= offset else { return }
        switch descriptor {
        case .some(let file):
            if ftruncate(file.rawValue, 0) < 0 { throw SystemError(call: "ftruncate", subject: path) }
        case .none: break
        }
        count = 0
        found = nil
        // `last` stays: time must not step back behind it.
    }

    /// Removes the journal; its file will not be sent again.
    func remove() {
        descriptor = nil
        unlink(path)
    }

    /// The time of a line before the last record that has no record of its own: when it was first met it had a time, by other
    /// settings, or its record could not be written. What is recorded around it decides, so that it stays the same.
    private func time(besideRecordsAt offset: UInt64, _ last: Record) throws(SystemError) -> UInt64 {
        let following = try indexOfRecord(after: offset)
        if following > 0 { return try record(following - 1).time(at: offset) }
        let next = count > 0 ? try record(0) : last
        let distance = next.start - offset
        return next.time > distance ? next.time - distance : 0
    }

    /// Of the first record that begins after `offset`.
    private func indexOfRecord(after offset: UInt64) throws(SystemError) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if try record(middle).start <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func lookUp(_ offset: UInt64) throws(SystemError) -> Record? {
        if let found, found.record.start <= offset {
            var index = found.index
            var record = found.record
            // Mostly the same record or the next one.
            for _ in 0..<4 {
                if offset < record.end {
                    self.found = (index, record)
                    return record
                }
                guard index + 1 < count else { return nil }
                index += 1
                record = try self.record(index)
                if offset < record.start { return nil }
            }
        }
        let following = try indexOfRecord(after: offset)
        guard following > 0 else { return nil }
        let record = try record(following - 1)
        guard offset < record.end else { return nil }
        found = (following - 1, record)
        return record
    }

    private func record(_ index: Int) throws(SystemError) -> Record {
        var raw: (UInt64, UInt64, UInt64) = (0, 0, 0)
        switch descriptor {
        case .some(let file):
            let count = try withUnsafeMutableBytes(of: &raw) { (buffer) throws(SystemError) in
                try file.read(into: buffer, at: UInt64(index * Self.recordBytes))
            }
            if count < Self.recordBytes { throw SystemError(call: "pread", subject: path, code: EIO) }
        case .none: throw SystemError(call: "pread", subject: path, code: EBADF)
        }
        return Record(start: raw.0, end: raw.1, time: raw.2)
    }

    private func write(_ record: Record, at index: Int) throws(SystemError) {
        if descriptor == nil { descriptor = try FileDescriptor(opening: path, O_RDWR | O_CREAT) }
        var raw = (record.start, record.end, record.time)
        switch descriptor {
        case .some(let file):
            let offset = off_t(index * Self.recordBytes)
            let written = withUnsafeBytes(of: &raw) { buffer in
                retryingOnInterrupt { pwrite(file.rawValue, buffer.baseAddress, buffer.count, offset) }
            }
            if written < Self.recordBytes { throw SystemError(call: "pwrite", subject: path, code: written < 0 ? errno : ENOSPC) }
        case .none: break
        }
    }
}
