/// Two rules for all years, in the form of POSIX's environment variable TZ: `CET-1CEST,M3.5.0,M10.5.0/3`. Time zone files end with them.
struct PosixZone: Equatable, Sendable {
    /// Seconds east of Greenwich.
    private let standardOffset: Int32
    private let daylight: Daylight?

    private struct Daylight: Equatable, Sendable {
        var offset: Int32
        var start: Change
        var end: Change
    }

    private struct Change: Equatable, Sendable {
        enum Day: Equatable, Sendable {
            /// The week's number counts the weekday's occurrences in the month; 5 is the last.
            case weekday(Int32, week: Int32, month: Int32)
            /// 1…365; 29 February is never counted.
            case withoutLeapDay(Int32)
            /// 0…365.
            case ofYear(Int32)
        }

        var day: Day
        /// By the clocks that hold up to it; can be negative, or beyond a day (RFC 9636 §3.3.1).
        var secondOfDay: Int32

        /// In seconds since 1970, as if the clocks showed UTC.
        func local(in year: Int32) -> Int64 {
            let days: Int64
            switch day {
            case .weekday(let weekday, let week, let month):
                let first = TimestampCivilTime.daysSince1970(year: year, month: month, day: 1)
                // 1970-01-01 was a Thursday.
                let firstWeekday = Int32((first % 7 + 7 + 4) % 7)
                var date = 1 + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
                if date > TimestampCivilTime.days(inMonth: month, of: year) { date -= 7 }
                days = first + Int64(date) - 1
            case .withoutLeapDay(let day):
                let isBehindLeapDay = TimestampCivilTime.isLeap(year) && day >= 60
                days = TimestampCivilTime.daysSince1970(year: year, month: 1, day: 1) + Int64(day) - (isBehindLeapDay ? 0 : 1)
            case .ofYear(let day): days = TimestampCivilTime.daysSince1970(year: year, month: 1, day: 1) + Int64(day)
            }
            return days * 86400 + Int64(secondOfDay)
        }
    }

    /// nil for what is no such text.
    init?(_ text: some Collection<UInt8>) {
        var reader = Reader(bytes: Array(text))
        guard reader.skipName(), let standard = reader.offset() else { return nil }
        standardOffset = -standard
        if reader.isAtEnd {
            daylight = nil
            return
        }
        guard reader.skipName() else { return nil }
        var daylightOffset = standardOffset + 3600
        if reader.byte != UInt8(ascii: ",") {
            guard let offset = reader.offset() else { return nil }
            daylightOffset = -offset
        }
        guard let start = reader.change(), let end = reader.change(), reader.isAtEnd else { return nil }
        daylight = Daylight(offset: daylightOffset, start: start, end: end)
    }

    /// Seconds east of Greenwich at a time in seconds since 1970.
    func offset(at seconds: Int64) -> Int32 {
        guard let daylight else { return standardOffset }
        let year = TimestampCivilTime.year(ofSeconds: seconds + Int64(standardOffset))
        let start = daylight.start.local(in: year) - Int64(standardOffset)
        let end = daylight.end.local(in: year) - Int64(daylight.offset)
        // South of the equator the summer contains the turn of the year.
        let isDaylight = start < end ? (start..<end).contains(seconds) : !(end..<start).contains(seconds)
        return isDaylight ? daylight.offset : standardOffset
    }

    private struct Reader {
        let bytes: [UInt8]
        var place = 0

        var isAtEnd: Bool { place == bytes.count }
        var byte: UInt8 { place < bytes.count ? bytes[place] : 0 }

        mutating func skip(_ wanted: UInt8) -> Bool {
            guard byte == wanted, !isAtEnd else { return false }
            place += 1
            return true
        }

        /// `CET` or `<+03>`.
        mutating func skipName() -> Bool {
            let start = place
            if skip(UInt8(ascii: "<")) {
                while !isAtEnd, byte != UInt8(ascii: ">") { place += 1 }
                return skip(UInt8(ascii: ">"))
            }
            while (byte | 0x20) &- 0x61 < 26 { place += 1 }
            return place - start >= 3
        }

        mutating func number(atMost limit: Int32) -> Int32? {
            let start = place
            var value: Int32 = 0
            while byte &- 0x30 < 10, !isAtEnd {
                value = value * 10 + Int32(byte) - 0x30
                if value > limit { return nil }
                place += 1
            }
            return place > start ? value : nil
        }

        /// `[±]h[:mm[:ss]]` in seconds; behind a zone's name that is west of Greenwich.
        mutating func offset() -> Int32? {
            let isNegative = skip(UInt8(ascii: "-"))
            if !isNegative { _ = skip(UInt8(ascii: "+")) }
            guard let hours = number(atMost: 167) else { return nil }
            var seconds = hours * 3600
            for unit in [Int32(60), 1] where skip(UInt8(ascii: ":")) {
                guard let value = number(atMost: 59) else { return nil }
                seconds += value * unit
            }
            return isNegative ? -seconds : seconds
        }

        /// `,M3.5.0/2`, `,J60` or `,59`.
        mutating func change() -> Change? {
            guard skip(UInt8(ascii: ",")) else { return nil }
            let day: Change.Day
            if skip(UInt8(ascii: "M")) {
                guard let month = number(atMost: 12), month > 0, skip(UInt8(ascii: ".")), let week = number(atMost: 5), week > 0,
                    skip(UInt8(ascii: ".")), let weekday = number(atMost: 6)
                else { return nil }
                day = .weekday(weekday, week: week, month: month)
            } else if skip(UInt8(ascii: "J")) {
                guard let number = number(atMost: 365), number > 0 else { return nil }
                day = .withoutLeapDay(number)
            } else {
                guard let number = number(atMost: 365) else { return nil }
                day = .ofYear(number)
            }
            var secondOfDay: Int32 = 2 * 3600
            if skip(UInt8(ascii: "/")) {
                guard let time = offset() else { return nil }
                secondOfDay = time
            }
            return Change(day: day, secondOfDay: secondOfDay)
        }
    }
}
