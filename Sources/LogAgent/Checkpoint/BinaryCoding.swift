/// Appends fixed-width little-endian numbers and length-prefixed bytes.
struct BinaryWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func append(_ text: String) { append(Array(text.utf8)) }

    /// Four bytes of length, then the bytes.
    mutating func append(_ data: [UInt8]) {
        append(UInt32(data.count))
        bytes.append(contentsOf: data)
    }
}

/// Reads what ``BinaryWriter`` wrote. Every length is checked against what is there.
struct BinaryReader {
    /// The bytes end before the value does, or hold one that can't be.
    struct Malformed: Error {
        /// Where in the bytes.
        let offset: Int
    }

    private let bytes: [UInt8]
    private(set) var offset: Int

    init(_ bytes: [UInt8], at offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func read<Number: FixedWidthInteger>(_ type: Number.Type) throws(Malformed) -> Number {
        let size = MemoryLayout<Number>.size
        guard bytes.count - offset >= size else { throw Malformed(offset: offset) }
        defer { offset += size }
        return Number(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) })
    }

    mutating func readFlag() throws(Malformed) -> Bool {
        let value = try read(UInt8.self)
        guard value <= 1 else { throw Malformed(offset: offset - 1) }
        return value == 1
    }

    mutating func readBytes() throws(Malformed) -> [UInt8] {
        let count = Int(try read(UInt32.self))
        guard bytes.count - offset >= count else { throw Malformed(offset: offset) }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    mutating func readText() throws(Malformed) -> String { String(decoding: try readBytes(), as: UTF8.self) }

    /// A count of things that each take at least `minimumSize` bytes.
    mutating func readCount(minimumSize: Int) throws(Malformed) -> Int {
        let count = Int(try read(UInt32.self))
        guard count <= (bytes.count - offset) / minimumSize else { throw Malformed(offset: offset - 4) }
        return count
    }
}
