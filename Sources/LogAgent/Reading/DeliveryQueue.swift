/// Files of one source that delivery to one output has fallen behind in, the one whose next line is oldest first.
///
/// Loki refuses what is more than an hour older than the newest entry of a stream, and files of one source often share their streams:
/// so a backlog has to be sent in the order of its times, not file by file.
struct DeliveryQueue {
    struct Entry {
        var file: FileState
        /// Time of its next line, or one before; nanoseconds since 1970. 0 while that is not known.
        var nextLineNanoseconds: UInt64
    }

    /// A binary heap.
    private var entries: [Entry] = []

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    var oldest: Entry? { entries.first }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        rise(from: entries.count - 1)
    }

    mutating func removeOldest() -> Entry? { entries.isEmpty ? nil : remove(at: 0) }

    /// Out of its turn.
    mutating func remove(_ file: FileState) -> Entry? {
        entries.firstIndex { $0.file === file }.map { remove(at: $0) }
    }

    private mutating func remove(at index: Int) -> Entry {
        entries.swapAt(index, entries.count - 1)
        let removed = entries.removeLast()
        if index < entries.count {
            sink(from: index)
            rise(from: index)
        }
        return removed
    }

    /// Of two that begin at one time the file that was found first goes first.
    private func isOlder(_ left: Int, _ right: Int) -> Bool {
        let (left, right) = (entries[left], entries[right])
        return (left.nextLineNanoseconds, left.file.id) < (right.nextLineNanoseconds, right.file.id)
    }

    private mutating func rise(from start: Int) {
        var index = start
        while index > 0, isOlder(index, (index - 1) / 2) {
            entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink(from start: Int) {
        var index = start
        while true {
            var oldest = index
            for child in [2 * index + 1, 2 * index + 2] where child < entries.count && isOlder(child, oldest) { oldest = child }
            if oldest == index { return }
            entries.swapAt(index, oldest)
            index = oldest
        }
    }
}
