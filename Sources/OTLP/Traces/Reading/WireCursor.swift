/// A place in the bytes of one protobuf message. Every read is checked against the message's end.
struct WireCursor {
    /// Of the whole request: offsets count from here.
    let base: UnsafeRawPointer
    var place: Int
    let end: Int

    @inline(__always)
    init(_ base: UnsafeRawPointer, _ range: ByteRange) {
        self.base = base
        place = Int(range.start)
        end = Int(range.end)
    }

    @inline(__always)
    var isAtEnd: Bool { place >= end }

    @inline(__always)
    func byte(at offset: Int) -> UInt8 { base.load(fromByteOffset: offset, as: UInt8.self) }

    /// Field number and wire type of the next field.
    @inline(__always)
    mutating func tag(in message: TraceMessage) throws(TraceReadError) -> (number: Int, wireType: WireType) {
        let start = place
        var raw = UInt64(byte(at: place))
        if raw < 0x80 {
            place &+= 1
        } else {
            raw = try varint(in: message, field: 0)
        }
        guard raw >= 8, raw >> 3 < 1 << 29 else { throw TraceReadError(.badFieldNumber, at: start, in: message) }
        let number = Int(truncatingIfNeeded: raw >> 3)
        guard let wireType = WireType(rawValue: UInt8(truncatingIfNeeded: raw & 7)) else {
            throw TraceReadError(.unknownWireType(UInt8(truncatingIfNeeded: raw & 7)), at: start, in: message, field: number)
        }
        return (number, wireType)
    }

    @inline(__always)
    mutating func varint(in message: TraceMessage, field: Int) throws(TraceReadError) -> UInt64 {
        guard place < end else { throw TraceReadError(.endsEarly, at: place, in: message, field: field) }
        let first = byte(at: place)
        if first < 0x80 {
            place &+= 1
            return UInt64(first)
        }
        return try longVarint(in: message, field: field)
    }

    @inline(never)
    private mutating func longVarint(in message: TraceMessage, field: Int) throws(TraceReadError) -> UInt64 {
        let start = place
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while place < end {
            let next = byte(at: place)
            place &+= 1
            // The tenth byte has room for the last bit only.
            if shift == 63 && next > 1 { throw TraceReadError(.varintTooLong, at: start, in: message, field: field) }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift &+= 7
        }
        throw TraceReadError(.endsEarly, at: start, in: message, field: field)
    }

    /// What a field of length-delimited bytes holds; the cursor is behind it then.
    @inline(__always)
    mutating func data(in message: TraceMessage, field: Int) throws(TraceReadError) -> ByteRange {
        let start = place
        let count = try varint(in: message, field: field)
        guard count <= UInt64(end &- place) else {
            throw TraceReadError(.lengthBeyondEnd(by: count - UInt64(end - place)), at: start, in: message, field: field)
        }
        let from = place
        place &+= Int(truncatingIfNeeded: count)
        return ByteRange(from, place)
    }

    /// The same behind a tag of one byte, of a span.
    @inline(__always)
    mutating func field(_ number: Int) throws(TraceReadError) -> ByteRange {
        place &+= 1
        return try data(in: .span, field: number)
    }

    @inline(__always)
    mutating func fixed64(in message: TraceMessage, field: Int) throws(TraceReadError) -> UInt64 {
        guard end &- place >= 8 else { throw TraceReadError(.endsEarly, at: place, in: message, field: field) }
        defer { place &+= 8 }
        return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    /// Passes over what a field holds.
    @inline(__always)
    mutating func skip(_ wireType: WireType, in message: TraceMessage, field: Int) throws(TraceReadError) {
        switch wireType {
        case .varint: _ = try varint(in: message, field: field)
        case .length: _ = try data(in: message, field: field)
        case .fixed64, .fixed32:
            let size = wireType == .fixed64 ? 8 : 4
            guard end &- place >= size else { throw TraceReadError(.endsEarly, at: place, in: message, field: field) }
            place &+= size
        }
    }
}
