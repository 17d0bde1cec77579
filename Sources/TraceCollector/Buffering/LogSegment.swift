import Glibc
import SystemIO

/// One file of a ``SegmentLog``, and what is in it.
struct LogSegment: Equatable, Sendable {
    /// Records, and what they hold.
    struct Contents: Equatable, Sendable {
        var records: UInt64 = 0
        var spans: UInt64 = 0
        /// As protobuf.
        var messageBytes: UInt64 = 0

        mutating func add(_ record: BufferRecord) {
            records += 1
            spans += UInt64(record.spans)
            messageBytes += UInt64(record.messageBytes)
        }

        static func - (left: Contents, right: Contents) -> Contents {
            Contents(
                records: left.records - right.records, spans: left.spans - right.spans, messageBytes: left.messageBytes - right.messageBytes
            )
        }

        static func += (left: inout Contents, right: Contents) {
            left.records += right.records
            left.spans += right.spans
            left.messageBytes += right.messageBytes
        }

        static func -= (left: inout Contents, right: Contents) { left = left - right }
    }

    /// What a file begins with.
    static let mark = Array("TSPNLOG1".utf8)

    var number: UInt64
    /// Of its file, up to the end of the last whole record.
    var bytes: UInt64
    var contents = Contents()

    var end: LogPosition { LogPosition(segment: number, offset: bytes) }

    static func start(_ number: UInt64) -> LogPosition { LogPosition(segment: number, offset: UInt64(mark.count)) }

    static func fileName(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits + ".seg"
    }

    static func number(ofFile name: String) -> UInt64? {
        guard name.hasSuffix(".seg"), name.utf8.count >= 14 else { return nil }
        return UInt64(name.dropLast(4))
    }

    /// Looks at the file at `path`: its records up to the first that is not whole. With `checksums` their content is checked, too.
    /// Gives also how many bytes of the file are behind the last whole record.
    static func scan(_ path: String, number: UInt64, checksums: Bool) throws(SystemError) -> (segment: LogSegment, tail: UInt64) {
        let file = try FileDescriptor(opening: path)
        let size = try FileStatus(ofDescriptor: file).size
        var segment = LogSegment(number: number, bytes: UInt64(mark.count))
        var head = [UInt8](repeating: 0, count: mark.count)
        guard try file.readAll(into: &head, at: 0), head == mark else { return (segment, size) }
        var header = [UInt8](repeating: 0, count: BufferRecord.headerBytes)
        var body: [UInt8] = []
        while segment.bytes + UInt64(BufferRecord.headerBytes) <= size {
            guard try file.readAll(into: &header, at: segment.bytes), let record = header.withUnsafeBytes({ BufferRecord(header: $0) }),
                segment.bytes + record.recordBytes <= size
            else { break }
            if checksums {
                body = [UInt8](repeating: 0, count: Int(record.storedBytes))
                guard try file.readAll(into: &body, at: segment.bytes + UInt64(BufferRecord.headerBytes)) else { break }
                let isIntact = header.withUnsafeBytes { header in body.withUnsafeBytes { BufferRecord.isIntact(header: header, body: $0) } }
                guard isIntact else { break }
            }
            segment.bytes += record.recordBytes
            segment.contents.add(record)
        }
        return (segment, size - segment.bytes)
    }
}

extension FileDescriptor {
    /// Fills `bytes` from `offset` on. False where the file ends before.
    func readAll(into bytes: inout [UInt8], at offset: UInt64) throws(SystemError) -> Bool {
        let count = bytes.count
        var filled = 0
        while filled < count {
            let start = filled
            var failure: SystemError?
            let read = bytes.withUnsafeMutableBytes { raw in
                do throws(SystemError) {
                    return try self.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[start...]), at: offset + UInt64(start))
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if read == 0 { return false }
            filled += read
        }
        return true
    }
}
