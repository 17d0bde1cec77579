/// What cannot be read as protobuf. Positions are byte offsets in the message.
package enum ProtobufError: Error, Equatable, Sendable, CustomStringConvertible {
    case endsEarly(at: Int)
    case varintTooLong(at: Int)
    case badField(at: Int)

    package var description: String {
        switch self {
        case .endsEarly(let position): "the message ends within the field that begins at byte \(position)"
        case .varintTooLong(let position): "the number at byte \(position) has more than 64 bits"
        case .badField(let position): "byte \(position) begins no field: its number is 0 or its wire type unknown"
        }
    }
}

/// Reads one message's fields in the order they stand in. Messages within it are read by another reader over their bytes.
package struct ProtobufReader: Sendable {
    package struct Field: Equatable, Sendable {
        package let number: Int
        package let value: Value
    }

    package enum Value: Equatable, Sendable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// `bytes`, `string`, a message or packed numbers.
        case data(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>
    private let start: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
        start = bytes.startIndex
    }

    package init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    /// nil at the end. Groups, which proto3 does not have, are refused.
    package mutating func next() throws(ProtobufError) -> Field? {
        if rest.isEmpty { return nil }
        let position = rest.startIndex - start
        let tag = try varint(position)
        guard let number = Int(exactly: tag >> 3), (1..<(1 << 29)).contains(number) else { throw .badField(at: position) }
        switch tag & 7 {
        case 0: return Field(number: number, value: .varint(try varint(position)))
        case 1: return Field(number: number, value: .fixed64(UInt64(littleEndian: try fixed(position))))
        case 2:
            let count = try varint(position)
            guard count <= rest.count else { throw .endsEarly(at: position) }
            let data = rest.prefix(Int(count))
            rest = rest.dropFirst(Int(count))
            return Field(number: number, value: .data(data))
        case 5: return Field(number: number, value: .fixed32(UInt32(littleEndian: try fixed(position))))
        default: throw .badField(at: position)
        }
    }

    private mutating func varint(_ position: Int) throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard let byte = rest.popFirst() else { throw .endsEarly(at: position) }
            // The tenth byte has room for the last bit only.
            if index == 9 && byte > 1 { throw .varintTooLong(at: position) }
            value |= UInt64(byte & 0x7f) << (7 * UInt64(index))
            if byte < 0x80 { return value }
        }
        throw .varintTooLong(at: position)
    }

    private mutating func fixed<Integer: FixedWidthInteger>(_ position: Int) throws(ProtobufError) -> Integer {
        let size = Integer.bitWidth / 8
        guard rest.count >= size else { throw .endsEarly(at: position) }
        let value = rest.withUnsafeBytes { $0.loadUnaligned(as: Integer.self) }
        rest = rest.dropFirst(size)
        return value
    }
}
