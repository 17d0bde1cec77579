/// Writes messages in protobuf's wire format (protobuf.dev/programming-guides/encoding), field by field, in the order of the calls.
///
/// It writes what it is told: a proto3 field that holds its default is left out by the caller, and a member of a `oneof` is not.
package struct ProtobufWriter: Sendable {
    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case length = 2
        case fixed32 = 5
    }

    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Makes it empty for the next message. The memory is kept up to `maximumCapacity` bytes.
    package mutating func removeAll(keepingCapacityUpTo maximumCapacity: Int) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= maximumCapacity)
    }

    /// `uint32`, `uint64`, `bool` and `enum`.
    package mutating func unsigned(_ field: Int, _ value: UInt64) {
        tag(field, .varint)
        varint(value)
    }

    /// `int32` and `int64`: ten bytes for what is negative.
    package mutating func signed(_ field: Int, _ value: Int64) {
        unsigned(field, UInt64(bitPattern: value))
    }

    package mutating func fixed64(_ field: Int, _ value: UInt64) {
        tag(field, .fixed64)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func fixed32(_ field: Int, _ value: UInt32) {
        tag(field, .fixed32)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func double(_ field: Int, _ value: Double) { fixed64(field, value.bitPattern) }

    /// `bytes`, and `string` where they are UTF-8.
    package mutating func data(_ field: Int, _ value: some Collection<UInt8>) {
        tag(field, .length)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func string(_ field: Int, _ value: String) { data(field, value.utf8) }

    /// Fields that were written before: two messages of one type, one behind the other, are one.
    package mutating func append(message: some Collection<UInt8>) { bytes.append(contentsOf: message) }

    /// A message within this one, which `body` writes. What it wrote before an error stays there, in pieces.
    package mutating func message<Failure: Error>(
        _ field: Int, _ body: (inout ProtobufWriter) throws(Failure) -> Void
    ) throws(Failure) {
        tag(field, .length)
        let start = bytes.count
        // Most are short: one byte for the length, and for the others the content moves.
        bytes.append(0)
        try body(&self)
        var count = UInt64(bytes.count - start - 1)
        bytes[start] = UInt8(truncatingIfNeeded: count) & 0x7f
        if count < 0x80 { return }
        bytes[start] |= 0x80
        var more: [UInt8] = []
        count >>= 7
        while count >= 0x80 {
            more.append(UInt8(truncatingIfNeeded: count) | 0x80)
            count >>= 7
        }
        more.append(UInt8(count))
        bytes.insert(contentsOf: more, at: start + 1)
    }

    private mutating func tag(_ field: Int, _ type: WireType) {
        precondition((1..<(1 << 29)).contains(field), "A field number is from 1 to 2^29 - 1.")
        varint(UInt64(field) << 3 | type.rawValue)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
