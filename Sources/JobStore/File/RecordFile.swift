import CZlib
import Glibc
import SystemIO

/// An append-only file of records, one a line: the CRC-32 of the record as eight hexadecimal digits, a blank, the record, which has no
/// line feed in it. Not for several threads at once, but for ``synchronize()``.
final class RecordFile: Sendable {
    /// A longer line is taken for damage.
    static let maximumRecordBytes = 16 << 20

    /// What reading found at the end of the file.
    struct Content: Equatable {
        /// Up to the end of the last whole record.
        var validBytes: UInt64 = 0
        /// After that: what a crash left of the record that was being written. Nobody was told that it is stored.
        var tornBytes: UInt64 = 0
        var records = 0
    }

    let path: String
    private let descriptor: FileDescriptor

    /// Opens the file for appending, and makes it where there is none.
    init(opening path: String) throws(SystemError) {
        self.path = path
        descriptor = try FileDescriptor(opening: path, O_RDWR | O_CREAT | O_APPEND, permissions: 0o640)
    }

    /// An empty file at `temporary`, to be renamed to `path`.
    init(making temporary: String, for path: String) throws(SystemError) {
        self.path = path
        descriptor = try FileDescriptor(opening: temporary, O_RDWR | O_CREAT | O_APPEND | O_TRUNC, permissions: 0o640)
    }

    /// Gives all records, the oldest first. A bad one with no good one after it is torn; one before a good one is damage, which throws.
    func read(_ body: (ArraySlice<UInt8>, _ offset: UInt64) throws(JobStoreError) -> Void) throws(JobStoreError) -> Content {
        var content = Content()
        /// Where the first bad line starts.
        var damage: UInt64?
        var lineStart: UInt64 = 0
        var pending: [UInt8] = []
        var fileOffset: UInt64 = 0
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count: Int
            do {
                count = try chunk.withUnsafeMutableBytes { try descriptor.read(into: $0, at: fileOffset) }
            } catch {
                throw .broken("\(path): \(error)")
            }
            if count == 0 { break }
            fileOffset += UInt64(count)
            var start = pending.startIndex
            var searched = pending.count
            pending += chunk[..<count]
            while let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = pending[start..<end]
                if let record = Self.record(in: line) {
                    if let damage { throw .broken(Self.damaged(path, at: damage, upTo: lineStart)) }
                    try body(record, lineStart)
                    content.records += 1
                    content.validBytes = lineStart + UInt64(line.count) + 1
                } else if damage == nil {
                    damage = lineStart
                }
                lineStart += UInt64(line.count) + 1
                start = end + 1
                searched = start
            }
            pending.removeSubrange(..<start)
            if pending.count > Self.maximumRecordBytes {
                throw .broken("\(path): the record at byte \(lineStart) has more than \(Self.maximumRecordBytes) bytes; is this our file?")
            }
        }
        content.tornBytes = fileOffset - content.validBytes
        return content
    }

    /// Removes what is after `size`.
    func truncate(to size: UInt64) throws(SystemError) {
        if retryingOnInterrupt({ ftruncate(descriptor.rawValue, off_t(size)) }) < 0 {
            throw SystemError(call: "ftruncate", subject: path)
        }
    }

    func append(_ lines: [UInt8]) throws(SystemError) {
        do throws(SystemError) {
            try descriptor.writeAll(lines)
        } catch {
            throw SystemError(call: error.call, subject: path, code: error.code)
        }
    }

    /// All that was appended before is on the device when this returns. For any thread.
    func synchronize() throws(SystemError) {
        do throws(SystemError) {
            try descriptor.synchronize()
        } catch {
            throw SystemError(call: error.call, subject: path, code: error.code)
        }
    }

    // MARK: Lines

    static func line(of record: some Collection<UInt8>) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        let record = Array(record)
        let checksum = checksum(of: record[...])
        var line: [UInt8] = []
        line.reserveCapacity(record.count + 10)
        for shift in stride(from: 28, through: 0, by: -4) { line.append(digits[Int(checksum >> UInt32(shift) & 0xf)]) }
        line.append(UInt8(ascii: " "))
        line += record
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// nil: the line is not what ``line(of:)`` makes.
    private static func record(in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard line.count > 9, line[line.startIndex + 8] == UInt8(ascii: " ") else { return nil }
        let record = line.dropFirst(9)
        guard let checksum = UInt32(String(decoding: line.prefix(8), as: UTF8.self), radix: 16) else { return nil }
        return checksum == Self.checksum(of: record) ? record : nil
    }

    private static func checksum(of record: ArraySlice<UInt8>) -> UInt32 {
        record.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
    }

    private static func damaged(_ path: String, at start: UInt64, upTo end: UInt64) -> String {
        "\(path) is damaged at byte \(start): its checksum is not that of bytes \(start) to \(end), and whole records follow. "
            + "Restore the file from a copy; or remove these bytes, one line a record, to go on without what they held"
    }
}
