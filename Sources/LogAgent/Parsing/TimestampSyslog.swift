/// The times of syslog messages: RFC 3339 (RFC 5424 §6.2.3), or `Oct 11 22:14:15` (RFC 3164 §4.1.2), perhaps with a year behind the day
/// and with a fraction of a second.
enum TimestampSyslog {
    static func civilTime(_ text: UnsafeRawBufferPointer) -> TimestampCivilTime? {
        guard let base = text.baseAddress, let first = text.first else { return nil }
        if first &- 0x30 < 10 { return TimestampRFC3339.civilTime(text) }
        var cursor = TimestampCursor(base, count: text.count)
        var time = TimestampCivilTime()
        guard let month = cursor.name(.months), cursor.byte == 0x20 else { return nil }
        cursor.skipBlanks()
        guard let day = cursor.number(1, 2), cursor.byte == 0x20 else { return nil }
        cursor.skipBlanks()
        var ahead = cursor
        if let year = ahead.number(4, 4), ahead.skip(0x20) {
            time.year = year
            cursor = ahead
        } else {
            time.hasYear = false
        }
        guard let hour = cursor.number(2, 2), cursor.skip(UInt8(ascii: ":")), let minute = cursor.number(2, 2),
            cursor.skip(UInt8(ascii: ":")), let second = cursor.number(2, 2)
        else { return nil }
        if cursor.byte == UInt8(ascii: ".") || cursor.byte == UInt8(ascii: ",") {
            _ = cursor.skip(cursor.byte)
            guard let fraction = cursor.fraction(digits: 9) else { return nil }
            time.nanosecond = fraction
        }
        guard cursor.isAtEnd else { return nil }
        (time.month, time.day, time.hour, time.minute, time.second) = (month + 1, day, hour, minute, second)
        return time
    }
}
