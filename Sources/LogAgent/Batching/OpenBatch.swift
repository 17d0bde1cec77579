import SystemIO

/// Where in which file entries of a batch come from.
struct SegmentReference: Equatable, Sendable {
    /// `FileState.id`.
    var file: UInt64
    /// The number that `FileDelivery` gave.
    var segment: UInt64
}

/// Entries of one stream that are not on their way yet. Used by the reading thread alone, until it is sealed.
final class OpenBatch {
    let stream: Stream
    /// Monotonic time of the first entry.
    let openedAt: UInt64
    // `@exclusivity(unchecked)`: nothing here calls out while it changes one of these.
    @exclusivity(unchecked) private var buffer: EntryBuffer
    @exclusivity(unchecked) private var entries: [SealedBatch.Entry] = []
    @exclusivity(unchecked) private var runs: [SealedBatch.Run] = []
    @exclusivity(unchecked) private var lastSource = SegmentReference(file: .max, segment: .max)
    @exclusivity(unchecked) private(set) var newestTimestamp: UInt64 = 0
    @exclusivity(unchecked) private var oldestTimestamp: UInt64 = .max

    init(stream: Stream, buffer: consuming EntryBuffer, openedAt: UInt64) {
        self.stream = stream
        self.buffer = buffer
        self.openedAt = openedAt
        self.buffer.removeAll()
    }

    /// Room that a batch begins with; it doubles as it fills.
    static let firstBytes = 1024

    var byteCount: Int { buffer.count + stream.labels.count + SealedBatch.overheadBytes }
    var entryCount: Int { entries.count }

    /// Adds `["<timestamp>","<line>"]`, or with `metadata`, a whole JSON object, `["<timestamp>","<line>",{…}]`.
    /// Bytes that are no UTF-8 become U+FFFD; gives how often.
    func append(
        timestamp: UInt64, line: UnsafeRawBufferPointer, fileBytes: Int, fileLines: Int = 1, metadata: UnsafeRawBufferPointer,
        from source: SegmentReference
    ) -> Int {
        if lastSource.file != source.file || lastSource.segment != source.segment {
            runs.append(SealedBatch.Run(source: source, firstEntry: entries.count))
            lastSource = source
        }
        buffer.reserve(line.count + line.count / 4 + metadata.count + 64)
        if !entries.isEmpty { buffer.append(UInt8(ascii: ",")) }
        entries.append(SealedBatch.Entry(offset: UInt32(buffer.count), fileBytes: UInt32(fileBytes), fileLines: UInt32(fileLines)))
        newestTimestamp = max(newestTimestamp, timestamp)
        oldestTimestamp = min(oldestTimestamp, timestamp)
        buffer.appendEntryHead(timestamp: timestamp)
        let replaced = buffer.appendEscaped(line)
        buffer.reserve(metadata.count + 3)
        buffer.append(UInt8(ascii: "\""))
        if !metadata.isEmpty {
            buffer.append(UInt8(ascii: ","))
            buffer.append(metadata)
        }
        buffer.append(UInt8(ascii: "]"))
        return replaced
    }

    /// Takes the entries out, for sending. The batch must not be used afterwards.
    func seal(sequence: UInt64) -> SealedBatch {
        var taken = EntryBuffer(capacity: 1)
        swap(&taken, &buffer)
        return SealedBatch(
            sequence: sequence, labels: stream.labels, tenant: stream.tenant, buffer: taken, entries: entries, runs: runs,
            timestamps: min(oldestTimestamp, newestTimestamp)...newestTimestamp, openedAt: openedAt)
    }
}
