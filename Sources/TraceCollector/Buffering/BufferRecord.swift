import Gzip

/// What stands before each record of a ``SegmentLog``: 32 bytes, little-endian.
///
/// | bytes | |
/// | --- | --- |
/// | 0 | length of the content |
/// | 4 | CRC-32 of all that follows in the record |
/// | 8 | ``BufferRecord/Content``, then three bytes 0 |
/// | 12 | spans |
/// | 16 | length of the content as protobuf |
/// | 20 | 0 |
/// | 24 | when it arrived, nanoseconds since 1970 |
struct BufferRecord: Equatable, Sendable {
    enum Content: UInt8, Sendable {
        /// An `ExportTraceServiceRequest`.
        case protobuf = 0
        /// The same as gzip members, whole.
        case gzip = 1
    }

    static let headerBytes = 32
    /// No request is larger.
    static let maximumBytes = 256 << 20

    var content: Content
    var spans: UInt32
    /// As protobuf, in bytes.
    var messageBytes: UInt32
    /// In nanoseconds since 1970.
    var receivedAt: UInt64
    /// In bytes, as it stands in the log.
    var storedBytes: UInt32

    var recordBytes: UInt64 { UInt64(Self.headerBytes) + UInt64(storedBytes) }

    /// The header, with the checksum over `body`.
    func header(for body: UnsafeRawBufferPointer) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: Self.headerBytes)
        header.withUnsafeMutableBytes { raw in
            raw.storeBytes(of: storedBytes.littleEndian, toByteOffset: 0, as: UInt32.self)
            raw[8] = content.rawValue
            raw.storeBytes(of: spans.littleEndian, toByteOffset: 12, as: UInt32.self)
            raw.storeBytes(of: messageBytes.littleEndian, toByteOffset: 16, as: UInt32.self)
            raw.storeBytes(of: receivedAt.littleEndian, toByteOffset: 24, as: UInt64.self)
            let checksum = Self.checksum(UnsafeRawBufferPointer(raw), body)
            raw.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
        }
        return header
    }

    /// Of the bytes of a header; nil where they can't be one.
    init?(header: UnsafeRawBufferPointer) {
        guard header.count >= Self.headerBytes, let content = Content(rawValue: header[8]) else { return nil }
        func word(_ offset: Int) -> UInt32 { UInt32(littleEndian: header.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
        guard word(0) <= Self.maximumBytes, word(20) == 0, header[9] | header[10] | header[11] == 0 else { return nil }
        self.content = content
        storedBytes = word(0)
        spans = word(12)
        messageBytes = word(16)
        receivedAt = UInt64(littleEndian: header.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    }

    init(content: Content, spans: Int, messageBytes: Int, storedBytes: Int, receivedAt: UInt64) {
        self.content = content
        self.spans = UInt32(clamping: spans)
        self.messageBytes = UInt32(clamping: messageBytes)
        self.storedBytes = UInt32(clamping: storedBytes)
        self.receivedAt = receivedAt
    }

    /// Whether `body` is what was written behind `header`.
    static func isIntact(header: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) -> Bool {
        UInt32(littleEndian: header.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) == checksum(header, body)
    }

    private static func checksum(_ header: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> UInt32 {
        CRC32.of(body, continuing: CRC32.of(UnsafeRawBufferPointer(rebasing: header[8..<headerBytes])))
    }
}
