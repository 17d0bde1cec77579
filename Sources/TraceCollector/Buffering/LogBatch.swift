import SystemIO

/// Records that a reader has taken from a ``SegmentLog``, in its memory, which is used again.
final class LogBatch {
    struct Item {
        let record: BufferRecord
        /// Among ``bytes``.
        let range: Range<Int>
        /// Where the next record begins in the log.
        let end: LogPosition
    }

    private(set) var records: [Item] = []
    private(set) var bytes: [UInt8] = []
    private(set) var contents = LogSegment.Contents()
    private(set) var start = LogPosition(segment: 0, offset: 0)
    private(set) var end = LogPosition(segment: 0, offset: 0)
    private var header = [UInt8](repeating: 0, count: BufferRecord.headerBytes)
    private var body: [UInt8] = []
    /// Memory beyond this is given back.
    private static let keptBytes = 2 << 20

    func removeAll(startingAt position: LogPosition) {
        records.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
        contents = LogSegment.Contents()
        start = position
        end = position
    }

    /// Reads on from ``end`` in the file at `path`, whose records go to `limit`. False where it met one that is damaged.
    func read(_ path: String, end limit: UInt64, maximumBytes: Int) throws(SystemError) -> Bool {
        let file = try FileDescriptor(opening: path)
        while end.offset + UInt64(BufferRecord.headerBytes) <= limit {
            guard try file.readAll(into: &header, at: end.offset), let record = header.withUnsafeBytes({ BufferRecord(header: $0) }),
                end.offset + record.recordBytes <= limit
            else { return false }
            if !records.isEmpty, contents.messageBytes + UInt64(record.messageBytes) > UInt64(maximumBytes) { return true }
            body.resize(to: Int(record.storedBytes))
            guard try file.readAll(into: &body, at: end.offset + UInt64(BufferRecord.headerBytes)) else { return false }
            let isIntact = header.withUnsafeBytes { header in body.withUnsafeBytes { BufferRecord.isIntact(header: header, body: $0) } }
            guard isIntact else { return false }
            let start = bytes.count
            bytes.append(contentsOf: body)
            end.offset += record.recordBytes
            contents.add(record)
            records.append(Item(record: record, range: start..<bytes.count, end: end))
        }
        return true
    }

    func withBytes<Result>(of item: Item, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[item.range])) }
    }
}

extension [UInt8] {
    fileprivate mutating func resize(to count: Int) {
        if self.count > count { removeLast(self.count - count) } else { append(contentsOf: repeatElement(0, count: count - self.count)) }
    }
}
