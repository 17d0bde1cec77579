import Gzip

/// Makes request bodies of records. Requests in protobuf may stand one behind the other, and so may gzip members: what came compressed
/// goes out as it came.
final class RequestBody {
    enum Compression: String, Equatable, Sendable, CaseIterable { case gzip, none }

    private let compression: Compression
    private let encoder: GzipEncoder?
    private static let keptBytes = 2 << 20
    private(set) var bytes: [UInt8] = []

    init(compression: Compression, level: Int) {
        self.compression = compression
        encoder = compression == .gzip ? GzipEncoder(level: GzipLevel(level)) : nil
    }

    /// Replaces ``bytes`` by the body of the records in `range`.
    func make(of range: Range<Int>, in batch: LogBatch) throws(GzipError) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
        var isMemberOpen = false
        for item in batch.records[range] {
            switch (item.record.content, encoder) {
            case (.gzip, .some(let encoder)):
                if isMemberOpen { encoder.finish(into: &bytes) }
                isMemberOpen = false
                bytes.append(contentsOf: batch.bytes[item.range])
            case (.protobuf, .some(let encoder)):
                if !isMemberOpen { encoder.begin() }
                isMemberOpen = true
                batch.withBytes(of: item) { encoder.append($0, into: &bytes) }
            case (.gzip, .none):
                let inflated = try inflate(item, in: batch)
                bytes.append(contentsOf: inflated)
            case (.protobuf, .none): bytes.append(contentsOf: batch.bytes[item.range])
            }
        }
        if isMemberOpen { encoder?.finish(into: &bytes) }
    }

    private func inflate(_ item: LogBatch.Item, in batch: LogBatch) throws(GzipError) -> [UInt8] {
        try GzipDecoder.decompress(Array(batch.bytes[item.range]), maximumBytes: Int(item.record.messageBytes))
    }
}
