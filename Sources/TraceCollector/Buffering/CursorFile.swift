import Glibc
import Gzip
import SystemIO

/// How far one reader of a ``SegmentLog`` had settled it: 24 bytes, written in place with each step. They are in the kernel's hands when
/// ``save(_:)`` returns, so the end of the process loses none; what a crash of the machine leaves is known by its checksum.
///
/// Segment and offset, eight bytes each, then the CRC-32 of both in four, and four bytes 0; all little-endian.
final class CursorFile: Sendable {
    private static let bytes = 24

    private let path: String
    private let file: FileDescriptor

    init(directory: String, reader: String) throws(SystemError) {
        path = "\(directory)/cursor-\(reader)"
        file = try FileDescriptor(opening: path, O_RDWR | O_CREAT)
    }

    /// nil where the file is new or damaged: a reader then begins at the oldest record, so that nothing is lost.
    func load() throws(SystemError) -> LogPosition? {
        var bytes = [UInt8](repeating: 0, count: Self.bytes)
        guard try file.readAll(into: &bytes, at: 0) else { return nil }
        return bytes.withUnsafeBytes { raw in
            let position = LogPosition(
                segment: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                offset: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            let checksum = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
            return checksum == CRC32.of(UnsafeRawBufferPointer(rebasing: raw[..<16])) && position.segment > 0 ? position : nil
        }
    }

    func save(_ position: LogPosition) throws(SystemError) {
        var bytes = [UInt8](repeating: 0, count: Self.bytes)
        let written = bytes.withUnsafeMutableBytes { raw in
            raw.storeBytes(of: position.segment.littleEndian, toByteOffset: 0, as: UInt64.self)
            raw.storeBytes(of: position.offset.littleEndian, toByteOffset: 8, as: UInt64.self)
            let checksum = CRC32.of(UnsafeRawBufferPointer(rebasing: raw[..<16]))
            raw.storeBytes(of: checksum.littleEndian, toByteOffset: 16, as: UInt32.self)
            return retryingOnInterrupt { pwrite(file.rawValue, raw.baseAddress, raw.count, 0) }
        }
        if written != Self.bytes { throw SystemError(call: "pwrite", subject: path, code: written < 0 ? errno : ENOSPC) }
    }
}
