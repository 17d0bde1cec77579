/// The memory of one batch: encoded entries, and where each begins. It is filled by one thread, then read by others, then
/// emptied and filled again: see ``BatchPool``.
final class BatchStorage {
    /// Entries of one batch that came one after the other from the same segment.
    struct Run: Equatable, Sendable {
        let segment: SegmentReference
        let firstEntry: UInt32
    }

    private(set) var bytes: UnsafeMutableRawPointer
    private(set) var capacity: Int
    var count = 0
    var entryOffsets: [UInt32] = []
    var runs: [Run] = []

    init(capacity: Int) {
        self.capacity = capacity
        bytes = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        bytes.deallocate()
    }

    /// What it takes of the memory limit.
    var reservedBytes: Int { capacity + entryOffsets.capacity * 4 + runs.capacity * MemoryLayout<Run>.stride }

    /// Makes room for at least `additional` more bytes. Doubles, so that a batch is copied a few times only.
    func reserve(_ additional: Int) {
        if capacity - count >= additional { return }
        var larger = capacity
        while larger - count < additional { larger *= 2 }
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        moved.copyMemory(from: bytes, byteCount: count)
        bytes.deallocate()
        bytes = moved
        capacity = larger
    }

    func removeAll() {
        count = 0
        entryOffsets.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
    }
}
