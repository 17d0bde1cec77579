import SystemIO

/// Where the clock, or the end of a rotated file, ended entries that lines could still have been added to: recorded before such an entry
/// is counted or sent, so that it is the same entry when the file is read again.
///
/// A journal of records `(offset, streams)` for one file, ascending: what of these streams began before the offset ends there.
final class ObservedBreaks {
    struct Break: Equatable {
        var offset: UInt64
        var streams: LogStreamSet
    }

    private static let maximumUnwritten = 4096

    private let journal: RecordJournal
    private var last: Break?
    /// What could not be written; known as long as the process lives.
    private var unwritten: [Break] = []

    /// Opens the journal at `path`, making none yet.
    init(path: String) throws(SystemError) {
        journal = try RecordJournal(path: path, wordCount: 2)
        if journal.count > 0 { last = try record(journal.count - 1) }
    }

    /// Remembers that entries of `streams` end at `offset`, which is not before any that was recorded. Throws when that is not on disk;
    /// it is known nevertheless until the process ends.
    func record(_ new: Break) throws(SystemError) {
        if new == last { return }
        last = new
        unwritten.append(new)
        // Without a disk that takes them, some are forgotten in time.
        if unwritten.count > Self.maximumUnwritten { unwritten.removeFirst() }
        while let next = unwritten.first {
            try journal.write(SIMD4(next.offset, next.streams.rawValue, 0, 0), at: journal.count)
            unwritten.removeFirst()
        }
    }

    /// The breaks behind `start`, up to and with `end`.
    func breaks(after start: UInt64, through end: UInt64) throws(SystemError) -> [Break] {
        guard let last, last.offset > start else { return [] }
        var found: [Break] = []
        var index = try journal.index(after: start)
        while index < journal.count {
            let next = try record(index)
            if next.offset > end { return found }
            found.append(next)
            index += 1
        }
        return found + unwritten.filter { $0.offset > start && $0.offset <= end }
    }

    /// Drops the records when a checkpoint says that nothing that began before `offset` will be read again.
    func delivered(through offset: UInt64) throws(SystemError) {
        guard journal.count > 0, let last, last.offset <= offset else { return }
        try journal.removeAll()
        self.last = nil
        unwritten.removeAll()
    }

    /// Removes the journal; its file will not be read again.
    func remove() { journal.remove() }

    private func record(_ index: Int) throws(SystemError) -> Break {
        let words = try journal[index]
        return Break(offset: words[0], streams: LogStreamSet(rawValue: words[1]))
    }
}
