/// A closed batch: entries of one stream, ready to be pushed. It lives until its outcome is known; its memory then goes back to
/// the pool.
///
/// `@unchecked Sendable`: the storage is not written to between `init` and `deinit`, and after that nobody has this batch.
final class SealedBatch: @unchecked Sendable {
    /// How the entries of one segment fared.
    struct SegmentCount: Equatable, Sendable {
        var segment: SegmentReference
        var entries: Int
        var refused: Int
    }

    let stream: StreamLabels
    /// The number that ``BatchBuilder/seal(sequence:)`` was given.
    let sequence: UInt64
    /// Of the lines as they stand in the files.
    let lineBytes: Int
    let oldestTimestampNanoseconds: UInt64
    let newestTimestampNanoseconds: UInt64
    /// When the bytes of its first entry were seen, on the monotonic clock.
    let arrivedNanoseconds: UInt64
    private let storage: BatchStorage
    private let pool: BatchPool

    init(
        stream: StreamLabels, sequence: UInt64, lineBytes: Int, oldestTimestampNanoseconds: UInt64, newestTimestampNanoseconds: UInt64,
        arrivedNanoseconds: UInt64, storage: BatchStorage, pool: BatchPool
    ) {
        self.stream = stream
        self.sequence = sequence
        self.lineBytes = lineBytes
        self.oldestTimestampNanoseconds = oldestTimestampNanoseconds
        self.newestTimestampNanoseconds = newestTimestampNanoseconds
        self.arrivedNanoseconds = arrivedNanoseconds
        self.storage = storage
        self.pool = pool
    }

    deinit {
        pool.giveBack(storage)
    }

    var entryCount: Int { storage.entryOffsets.count }
    /// Of the uncompressed push body with only this batch.
    var bodyBytes: Int { PushBody.overhead(stream) + storage.count }
    /// What it takes of the memory limit.
    var reservedBytes: Int { storage.reservedBytes }

    /// The entries in `range`, with the commas between them. `body` must not keep the pointer.
    func withEntries<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = range.isEmpty ? 0 : Int(storage.entryOffsets[range.lowerBound])
        let end =
            if range.isEmpty {
                start
            } else if range.upperBound < entryCount {
                Int(storage.entryOffsets[range.upperBound]) - 1
            } else {
                storage.count
            }
        return try body(UnsafeRawBufferPointer(start: storage.bytes + start, count: end - start))
    }

    /// The segments that the entries came from, in order, with the range of entries of each stretch.
    var segmentRuns: [(segment: SegmentReference, entries: Range<Int>)] {
        storage.runs.indices.map { index in
            let end = index + 1 < storage.runs.count ? Int(storage.runs[index + 1].firstEntry) : entryCount
            return (storage.runs[index].segment, Int(storage.runs[index].firstEntry)..<end)
        }
    }

    /// One element for each stretch of entries from one segment. `refused` is sorted by entry.
    func segmentCounts(refused: [RefusedEntry]) -> [SegmentCount] {
        var next = 0
        return segmentRuns.map { segment, entries in
            var count = 0
            while next < refused.count, refused[next].entry < entries.upperBound {
                next += 1
                count += 1
            }
            return SegmentCount(segment: segment, entries: entries.count, refused: count)
        }
    }
}

/// An entry that the output will never take.
struct RefusedEntry: Equatable, Sendable {
    /// Its index in the batch.
    let entry: Int
    /// The server's words, cut at a sane length.
    let reason: RefusalReason
}
