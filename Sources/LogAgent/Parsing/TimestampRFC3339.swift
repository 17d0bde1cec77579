/// RFC 3339 §5.6, and what programs write instead: `2024-01-15 10:30:00,123 UTC`.
///
/// Date and time are separated by `T`, `t` or a blank. A fraction of any length follows `.` or `,`; digits beyond nine are cut
/// off. The zone may stand behind a blank: `Z`, `UTC`, `GMT`, `±hh:mm`, `±hhmm`, `±hh`; without one the time is in the zone of the
/// source, which is UTC unless it is set.
/// A second of 60 is accepted in every minute, as leap seconds fall into local minutes of any name.
enum TimestampRFC3339 {
    @inline(__always)
    static func civilTime(_ text: UnsafeRawBufferPointer) -> TimestampCivilTime? {
        guard let base = text.baseAddress, text.count >= 19 else { return nil }
        // Digits are checked all at once: the largest tells whether there was anything else.
        var largest: UInt32 = 0
        @inline(__always)
        func pair(_ offset: Int) -> Int32 {
            let tens = UInt32(base.load(fromByteOffset: offset, as: UInt8.self)) &- 0x30
            let units = UInt32(base.load(fromByteOffset: offset &+ 1, as: UInt8.self)) &- 0x30
            largest = max(largest, max(tens, units))
            return Int32(bitPattern: tens &* 10 &+ units)
        }
        @inline(__always)
        func byte(_ offset: Int) -> UInt8 { base.load(fromByteOffset: offset, as: UInt8.self) }

        var time = TimestampCivilTime()
        time.year = pair(0) &* 100 &+ pair(2)
        time.month = pair(5)
        time.day = pair(8)
        time.hour = pair(11)
        time.minute = pair(14)
        time.second = pair(17)
        guard largest < 10, byte(4) == UInt8(ascii: "-"), byte(7) == UInt8(ascii: "-"), byte(13) == UInt8(ascii: ":"),
            byte(16) == UInt8(ascii: ":"), byte(10) | 0x20 == UInt8(ascii: "t") || byte(10) == UInt8(ascii: " ")
        else { return nil }

        var cursor = TimestampCursor(base + 19, count: text.count - 19)
        if cursor.byte == UInt8(ascii: ".") || cursor.byte == UInt8(ascii: ",") {
            _ = cursor.skip(cursor.byte)
            guard let fraction = cursor.fraction(digits: 9) else { return nil }
            time.nanosecond = fraction
        }
        if !cursor.isAtEnd {
            _ = cursor.skip(UInt8(ascii: " "))
            guard let offset = cursor.offset(), cursor.isAtEnd else { return nil }
            time.offsetSeconds = offset
            time.hasOffset = true
        }
        return time
    }
}
