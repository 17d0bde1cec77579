/// RFC 3339 in UTC with microseconds, `2026-01-05T09:00:00.000001Z`; the part up to the second is rendered once a second.
struct TimestampText {
    private var second = -1
    private var upToSecond = Fragment("")

    mutating func append(_ microseconds: Int, to buffer: inout LineBuffer) {
        if microseconds / 1_000_000 != second {
            second = microseconds / 1_000_000
            upToSecond.start.deallocate()
            upToSecond = Fragment(Self.text(second: second))
        }
        buffer.append(upToSecond)
        buffer.appendByte(UInt8(ascii: "."))
        let fraction = microseconds % 1_000_000
        buffer.appendPair(fraction / 10_000)
        buffer.appendPair(fraction / 100 % 100)
        buffer.appendPair(fraction % 100)
        buffer.appendByte(UInt8(ascii: "Z"))
    }

    /// Days to a civil date after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    private static func text(second: Int) -> String {
        let days = second / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let time = second % 86_400
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
            + "\(padded(time / 3600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))"
    }

    private static func padded(_ value: Int, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
