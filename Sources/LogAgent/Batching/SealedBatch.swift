import SystemIO

/// Entries of one stream, complete and unchangeable: what is sent, and sent again byte for byte until an output has it.
final class SealedBatch: Sendable {
    struct Entry: Sendable {
        /// Where its `[` stands in ``entryBytes``.
        var offset: UInt32
        /// What its lines take in their file, newlines included.
        var fileBytes: UInt32
        /// How many lines of the file it was made of.
        var fileLines: UInt32 = 1
    }

    /// Entries from `firstEntry` up to the next run's come from one segment of one file.
    struct Run: Sendable {
        var source: SegmentReference
        var firstEntry: Int
    }

    /// Ascending in the order in which batches of one output were sealed.
    let sequence: UInt64
    /// `{"job":"transcode"}`.
    let labels: [UInt8]
    /// nil: that of the output.
    let tenant: String?
    let entries: [Entry]
    let runs: [Run]
    /// Oldest and newest time of the entries, nanoseconds since 1970.
    let timestamps: ClosedRange<UInt64>
    /// Monotonic time of the first entry's arrival.
    let openedAt: UInt64
    private let buffer: EntryBuffer

    init(
        sequence: UInt64, labels: [UInt8], tenant: String? = nil, buffer: consuming EntryBuffer, entries: [Entry], runs: [Run],
        timestamps: ClosedRange<UInt64>, openedAt: UInt64
    ) {
        self.sequence = sequence
        self.labels = labels
        self.tenant = tenant
        self.entries = entries
        self.runs = runs
        self.timestamps = timestamps
        self.openedAt = openedAt
        self.buffer = buffer
    }

    /// What it must go in order with: its tenant's stream.
    var streamKey: [UInt8] { Self.streamKey(labels: labels, tenant: tenant) }

    static func streamKey(labels: [UInt8], tenant: String?) -> [UInt8] {
        guard let tenant else { return labels }
        return labels + [0] + Array(tenant.utf8)
    }

    /// The entries with commas between them; valid as long as the batch lives.
    var entryBytes: UnsafeRawBufferPointer { buffer.bytes }

    /// What it holds of the memory budget.
    var byteCount: Int { buffer.count + labels.count + Self.overheadBytes }

    /// What a batch takes beside the bytes of its entries, about: with thousands of streams of few lines each it is most.
    static let overheadBytes = 1024

    /// What its lines take in their files.
    var fileBytes: Int { entries.reduce(0) { $0 + Int($1.fileBytes) } }

    /// The bytes of the entries in `range`, with the commas between them.
    func bytes(ofEntries range: Range<Int>) -> UnsafeRawBufferPointer {
        guard !range.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let start = Int(entries[range.lowerBound].offset)
        let end = range.upperBound < entries.count ? Int(entries[range.upperBound].offset) - 1 : buffer.count
        return UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end])
    }

    /// The time that an entry was written with.
    func timestamp(ofEntry index: Int) -> UInt64 {
        var value: UInt64 = 0
        for byte in buffer.bytes[(Int(entries[index].offset) + 2)...] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
            value = value &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// The segments that entries come from, with how many of them and which are in `refused` (ascending indices).
    func forEachSegment(refused: [Int], _ body: (SegmentReference, _ entryCount: Int, _ refused: Tally) -> Void) {
        var next = 0
        for (position, run) in runs.enumerated() {
            let end = position + 1 < runs.count ? runs[position + 1].firstEntry : entries.count
            var tally = Tally()
            while next < refused.count, refused[next] < end {
                let entry = entries[refused[next]]
                tally += Tally(lines: UInt64(entry.fileLines), bytes: UInt64(entry.fileBytes))
                next += 1
            }
            body(run.source, end - run.firstEntry, tally)
        }
    }
}
