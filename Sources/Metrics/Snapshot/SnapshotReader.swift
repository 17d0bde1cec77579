/// A snapshot that can't be read; the table is as it was before.
package enum SnapshotError: Error, Equatable, CustomStringConvertible {
    case damaged(offset: Int, what: String)

    package var description: String {
        switch self {
        case .damaged(let offset, let what):
            "The snapshot of the metrics is damaged at byte \(offset): \(what). Set the file aside; the metrics then start at 0."
        }
    }
}

/// Reads the parts of a snapshot, never beyond its end.
struct SnapshotReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    func damaged(_ what: String) -> SnapshotError { .damaged(offset: offset, what: what) }

    mutating func byte() throws(SnapshotError) -> UInt8 {
        guard offset < bytes.count else { throw damaged("it ends too early") }
        offset += 1
        return bytes[offset - 1]
    }

    mutating func word() throws(SnapshotError) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw damaged("it ends too early") }
        offset += 8
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset - 8, as: UInt64.self))
    }

    mutating func varint() throws(SnapshotError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            if shift == 63 && byte > 1 { break }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw damaged("a number is too long")
    }

    /// A varint that says how many parts of at least `partBytes` follow, so it can't be more than fit.
    mutating func count(ofPartsOf partBytes: Int, atMost limit: Int = Int.max) throws(SnapshotError) -> Int {
        let value = try varint()
        guard value <= UInt64((bytes.count - offset) / partBytes), value <= UInt64(limit) else {
            throw damaged("\(value) parts are more than can follow")
        }
        return Int(value)
    }

    mutating func piece() throws(SnapshotError) -> UnsafeRawBufferPointer {
        let length = try count(ofPartsOf: 1)
        offset += length
        return UnsafeRawBufferPointer(rebasing: bytes[offset - length..<offset])
    }

    mutating func text() throws(SnapshotError) -> String {
        String(decoding: try piece(), as: UTF8.self)
    }
}
