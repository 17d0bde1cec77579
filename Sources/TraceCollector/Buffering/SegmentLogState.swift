/// What a ``SegmentLog`` knows, without files: segments, and how far each reader is. A pure value.
struct SegmentLogState: Sendable {
    struct Reader: Sendable {
        let name: String
        /// Before it everything was taken, by this process or an earlier one that committed it.
        var taken: LogPosition
        /// Of the segment that ``taken`` is in.
        var takenOfSegment = LogSegment.Contents()
        /// In the log, and not taken.
        var waiting = LogSegment.Contents()
        /// Since when something waits, on the monotonic clock.
        var waitingSince: UInt64 = 0
        /// Before it everything is settled.
        var committed: LogPosition
        /// Spans that were taken, and are not settled.
        var takenSpans: UInt64 = 0
        /// With so many bytes waiting it is woken.
        var wakingBytes: UInt64 = 0

        var pendingSpans: UInt64 { waiting.spans + takenSpans }
    }

    private(set) var segments: [LogSegment]
    private(set) var readers: [Reader] = []
    private(set) var totalBytes: UInt64

    /// `segments`: those on the disk, by number. There is always one that is written.
    init(segments: [LogSegment]) {
        self.segments = segments.isEmpty ? [LogSegment(number: 1, bytes: UInt64(LogSegment.mark.count))] : segments
        totalBytes = self.segments.reduce(0) { $0 + $1.bytes }
    }

    var current: LogSegment { segments[segments.count - 1] }
    var end: LogPosition { current.end }
    private var start: LogPosition { LogSegment.start(segments[0].number) }

    /// Adds a reader that has settled what is before `committed`; nil: nothing. `taken`: what its position leaves of its segment.
    mutating func addReader(_ name: String, committed: LogPosition?, takenOfSegment: LogSegment.Contents, now: UInt64) {
        var position = start
        var taken = LogSegment.Contents()
        if let committed, let segment = segments.first(where: { $0.number == committed.segment }), committed.offset <= segment.bytes {
            position = committed
            taken = takenOfSegment
        } else if let committed, committed > end {
            position = end
            taken = current.contents
        }
        var reader = Reader(name: name, taken: position, takenOfSegment: taken, committed: position)
        for segment in segments where segment.number >= position.segment { reader.waiting += segment.contents }
        reader.waiting -= taken
        reader.waitingSince = now
        readers.append(reader)
    }

    mutating func setWakingBytes(_ bytes: UInt64, of reader: Int) { readers[reader].wakingBytes = bytes }

    /// A record stands behind the end. True where a reader is to be woken.
    mutating func append(_ record: BufferRecord, now: UInt64) -> Bool {
        segments[segments.count - 1].bytes += record.recordBytes
        segments[segments.count - 1].contents.add(record)
        totalBytes += record.recordBytes
        var wakes = false
        for index in readers.indices {
            let before = readers[index].waiting
            readers[index].waiting.add(record)
            if before.records == 0 {
                readers[index].waitingSince = now
                wakes = true
            } else if before.messageBytes < readers[index].wakingBytes, readers[index].waiting.messageBytes >= readers[index].wakingBytes {
                wakes = true
            }
        }
        return wakes
    }

    /// The next record goes into a new segment.
    mutating func roll() {
        let number = current.number + 1
        segments.append(LogSegment(number: number, bytes: UInt64(LogSegment.mark.count)))
        totalBytes += UInt64(LogSegment.mark.count)
    }

    /// Records from ``Reader/taken`` up to `position` were read. False where they were dropped meanwhile.
    mutating func take(_ contents: LogSegment.Contents, from: LogPosition, to position: LogPosition, by reader: Int, now: UInt64) -> Bool {
        guard readers[reader].taken == from else { return false }
        if position.segment == from.segment {
            readers[reader].takenOfSegment += contents
        } else {
            readers[reader].takenOfSegment = contents
        }
        readers[reader].taken = position
        readers[reader].waiting -= contents
        readers[reader].takenSpans += contents.spans
        // What is left has waited: how long is not known, but long enough.
        if readers[reader].waiting.records > 0 { readers[reader].waitingSince = 0 } else { readers[reader].waitingSince = now }
        return true
    }

    /// Goes on with the next segment, where the reader is at the end of one that is complete.
    mutating func advance(_ reader: Int) {
        // What it has settled may be gone by now.
        if readers[reader].taken.segment < segments[0].number {
            readers[reader].taken = start
            readers[reader].takenOfSegment = LogSegment.Contents()
        }
        while let index = segments.firstIndex(where: { $0.number == readers[reader].taken.segment }), index + 1 < segments.count,
            readers[reader].taken.offset >= segments[index].bytes
        {
            readers[reader].taken = LogSegment.start(segments[index + 1].number)
            readers[reader].takenOfSegment = LogSegment.Contents()
        }
    }

    /// The rest of the segment that the reader is in can't be read. Gives what was in it.
    mutating func passOver(from: LogPosition, by reader: Int) -> LogSegment.Contents {
        guard readers[reader].taken == from, let index = segments.firstIndex(where: { $0.number == from.segment }) else {
            return LogSegment.Contents()
        }
        let lost = segments[index].contents - readers[reader].takenOfSegment
        readers[reader].taken = segments[index].end
        readers[reader].takenOfSegment = segments[index].contents
        readers[reader].waiting -= lost
        return lost
    }

    /// Everything before `position` is settled, `spans` of what was taken among it.
    mutating func commit(_ position: LogPosition, spans: UInt64, by reader: Int) {
        readers[reader].committed = max(readers[reader].committed, position)
        readers[reader].takenSpans -= min(spans, readers[reader].takenSpans)
    }

    /// The reader settles everything before `position`, of whose segment `contents` are before it, without taking it.
    mutating func pass(to position: LogPosition, ofSegment contents: LogSegment.Contents, by reader: Int) {
        guard position > readers[reader].taken else { return }
        readers[reader].taken = position
        readers[reader].takenOfSegment = contents
        readers[reader].waiting = LogSegment.Contents()
        for segment in segments where segment.number >= position.segment { readers[reader].waiting += segment.contents }
        if segments.contains(where: { $0.number == position.segment }) { readers[reader].waiting -= contents }
        commit(position, spans: 0, by: reader)
    }

    /// Forgets the segments that every reader is done with; gives their numbers.
    mutating func removeSettled() -> [UInt64] {
        var removed: [UInt64] = []
        while segments.count > 1, readers.allSatisfy({ isPast(segments[0], $0.committed) }) { removed.append(removeFirst()) }
        return removed
    }

    private func isPast(_ segment: LogSegment, _ position: LogPosition) -> Bool {
        position.segment > segment.number || (position.segment == segment.number && position.offset >= segment.bytes)
    }

    /// Forgets the oldest segment, settled or not. Gives its number, and for each reader the spans that it had not taken.
    mutating func dropOldest() -> (number: UInt64, droppedSpans: [UInt64])? {
        guard segments.count > 1 else { return nil }
        let oldest = segments[0]
        let next = LogSegment.start(segments[1].number)
        var dropped: [UInt64] = []
        for index in readers.indices {
            guard readers[index].taken.segment <= oldest.number else {
                dropped.append(0)
                continue
            }
            let lost = oldest.contents - (readers[index].taken.segment == oldest.number ? readers[index].takenOfSegment : .init())
            readers[index].waiting -= lost
            readers[index].taken = next
            readers[index].takenOfSegment = LogSegment.Contents()
            dropped.append(lost.spans)
        }
        for index in readers.indices { readers[index].committed = max(readers[index].committed, next) }
        return (removeFirst(), dropped)
    }

    private mutating func removeFirst() -> UInt64 {
        let segment = segments.removeFirst()
        totalBytes -= segment.bytes
        return segment.number
    }
}
