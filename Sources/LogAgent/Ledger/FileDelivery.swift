import Tailing

/// How far one file has come at one output: what was put into batches, and what was acknowledged. A value, without files or threads.
///
/// Each read puts one segment at the end; batches hold entries of segments in any mixture and are acknowledged in any order;
/// `delivered` moves over the segments at the front of which nothing is outstanding.
struct FileDelivery: Sendable {
    /// Every line before it is in a batch, or filtered.
    private(set) var enqueued: FileCursor
    /// Every line before it was acknowledged, refused, filtered or lost.
    private(set) var delivered: FileCursor
    private(set) var ledger: LedgerEntry
    private var segments: [Segment] = []
    private var firstSegment: UInt64 = 0

    private struct Segment {
        var end: FileCursor
        var read: Tally
        var filtered: Tally
        var refused = Tally()
        var isLost: Bool
        var outstandingEntries: Int
    }

    init(at cursor: FileCursor, ledger: LedgerEntry = LedgerEntry()) {
        enqueued = cursor
        delivered = cursor
        self.ledger = ledger
    }

    /// The number that the next segment will have.
    var nextSegment: UInt64 { firstSegment + UInt64(segments.count) }

    /// Pieces of the file that are not settled yet.
    var openSegmentCount: Int { segments.count }

    /// Everything that was put into batches is acknowledged.
    var isSettled: Bool { segments.isEmpty }

    /// What stands in segments that are not settled yet, lost ones included.
    var inFlight: Tally { segments.reduce(Tally()) { $0 + $1.read } }

    /// Everything before `end` is in batches now: `read` lines, of which `filtered` went nowhere and `entryCount` became entries.
    mutating func enqueue(through end: FileCursor, read: Tally, filtered: Tally, entryCount: Int) {
        if entryCount == 0, let last = segments.indices.last, !segments[last].isLost {
            // However much is filtered while an output is stuck, it takes no more memory.
            segments[last].end = end
            segments[last].read += read
            segments[last].filtered += filtered
        } else {
            segments.append(Segment(end: end, read: read, filtered: filtered, isLost: false, outstandingEntries: entryCount))
        }
        enqueued = end
        settle()
    }

    /// The lines up to `end` can't be read any more.
    mutating func lose(through end: FileCursor, read: Tally) {
        segments.append(Segment(end: end, read: read, filtered: Tally(), isLost: true, outstandingEntries: 0))
        enqueued = end
        settle()
    }

    /// `entryCount` entries of a segment have their answer; `refused` of them were refused.
    mutating func acknowledge(segment: UInt64, entryCount: Int, refused: Tally) {
        guard segment >= firstSegment, segment < nextSegment else { return }
        let index = Int(segment - firstSegment)
        precondition(segments[index].outstandingEntries >= entryCount, "an entry was acknowledged twice")
        segments[index].outstandingEntries -= entryCount
        segments[index].refused += refused
        settle()
    }

    private mutating func settle() {
        var count = 0
        while count < segments.count, segments[count].outstandingEntries == 0 {
            let segment = segments[count]
            if segment.isLost {
                ledger.lost += segment.read
            } else {
                ledger.filtered += segment.filtered
                ledger.refused += segment.refused
                ledger.delivered += segment.read - segment.filtered - segment.refused
            }
            delivered = segment.end
            count += 1
        }
        guard count > 0 else { return }
        segments.removeFirst(count)
        firstSegment += UInt64(count)
    }
}
