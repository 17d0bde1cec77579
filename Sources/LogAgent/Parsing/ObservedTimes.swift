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

    private let journal: RecordJournal
    private var last: Record?
    /// The record that the last look-up found, and its index: look-ups mostly go forward.
    private var found: (index: Int, record: Record)?

    /// Opens the journal at `path`, making none yet.
    init(path: String) throws(SystemError) {
        // A torn last record was never used: a line is only sent after its record is whole.
        journal = try RecordJournal(path: path, wordCount: 3)
        if journal.count > 0 { last = try record(journal.count - 1) }
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
        if journal.count > 0, var record = last, record.time(at: offset) + Self.freshNanoseconds >= now, offset >= record.end {
            // Still fresh (or the clock stepped back: time goes on from where it was).
            record.end = end
            try write(record, at: journal.count - 1)
            last = record
            return record.time(at: offset)
        }
        let earliest = last.map { $0.time(at: $0.end) } ?? 0
        let record = Record(start: offset, end: end, time: max(now, earliest))
        try write(record, at: journal.count)
        last = record
        return record.time
    }

    /// The time that the line at `offset` was given, without giving it one now; nil where that is not known any more.
    func knownTime(ofLineAt offset: UInt64) throws(SystemError) -> UInt64? {
        guard journal.count > 0, let last, offset < last.end else { return nil }
        return offset >= last.start ? last.time(at: offset) : try lookUp(offset)?.time(at: offset)
    }

    /// Drops the records when a checkpoint says that everything before `offset` was delivered.
    func delivered(through offset: UInt64) throws(SystemError) {
        guard journal.count > 0, let last, last.end <= offset else { return }
        try journal.removeAll()
        found = nil
        // `last` stays: time must not step back behind it.
    }

    /// Removes the journal; its file will not be sent again.
    func remove() { journal.remove() }

    /// The time of a line before the last record that has no record of its own: when it was first met it had a time, by other
    /// settings, or its record could not be written. What is recorded around it decides, so that it stays the same.
    private func time(besideRecordsAt offset: UInt64, _ last: Record) throws(SystemError) -> UInt64 {
        let following = try journal.index(after: offset)
        if following > 0 { return try record(following - 1).time(at: offset) }
        let next = journal.count > 0 ? try record(0) : last
        let distance = next.start - offset
        return next.time > distance ? next.time - distance : 0
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
                guard index + 1 < journal.count else { return nil }
                index += 1
                record = try self.record(index)
                if offset < record.start { return nil }
            }
        }
        let following = try journal.index(after: offset)
        guard following > 0 else { return nil }
        let record = try record(following - 1)
        guard offset < record.end else { return nil }
        found = (following - 1, record)
        return record
    }

    private func record(_ index: Int) throws(SystemError) -> Record {
        let words = try journal[index]
        return Record(start: words[0], end: words[1], time: words[2])
    }

    private func write(_ record: Record, at index: Int) throws(SystemError) {
        try journal.write(SIMD4(record.start, record.end, record.time, 0), at: index)
    }
}
