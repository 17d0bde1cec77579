/// A date and time of day of the Gregorian calendar, as read, with its distance from UTC.
struct TimestampCivilTime {
    var year: Int32 = 0
    /// 1…12.
    var month: Int32 = 1
    var day: Int32 = 1
    var hour: Int32 = 0
    var minute: Int32 = 0
    /// 60 stands for a leap second.
    var second: Int32 = 0
    /// 0…999,999,999.
    var nanosecond: Int32 = 0
    /// East of Greenwich is positive.
    var offsetSeconds: Int32 = 0
    /// The distance from UTC was read; else it is not known.
    var hasOffset = false
    /// The year was read; else it must be found (``nanoseconds(in:seenAt:)``).
    var hasYear = true

    /// Nil if a part is out of its range or the time before 1970 or after 2262.
    /// A leap second counts as the last nanosecond before it: unix time has no room for it, and order is kept.
    @inline(__always)
    var nanosecondsSince1970: UInt64? {
        guard month &- 1 >= 0, month <= 12, day >= 1, day <= Self.days(inMonth: month, of: year),
            hour >= 0, hour < 24, minute >= 0, minute < 60, second >= 0, second <= 60, year >= 0, year <= 9999
        else { return nil }
        let isLeapSecond = second == 60
        let secondOfDay = Int64(hour &* 3600 &+ minute &* 60 &+ (isLeapSecond ? 59 : second))
        let seconds = Self.daysSince1970(year: year, month: month, day: day) &* 86400 &+ secondOfDay &- Int64(offsetSeconds)
        return Self.nanoseconds(seconds: seconds, nanosecond: isLeapSecond ? 999_999_999 : Int64(nanosecond))
    }

    /// The time in `zone` if it names none itself, and in a year that fits when the line was first seen if it names none of them.
    @inline(__always)
    func nanoseconds(in zone: TimestampZone?, seenAt: UInt64) -> UInt64? {
        if !hasYear { return nanoseconds(seenAt: seenAt, in: zone) }
        if let zone { return nanosecondsSince1970(in: zone) }
        return nanosecondsSince1970
    }

    /// Of a time that stands in `zone` if it names none itself.
    private func nanosecondsSince1970(in zone: TimestampZone) -> UInt64? {
        guard !hasOffset else { return nanosecondsSince1970 }
        guard let local = localSeconds else { return nil }
        var time = self
        time.offsetSeconds = zone.offset(atLocal: local)
        return time.nanosecondsSince1970
    }

    /// Seconds since 1970 as if the clocks showed UTC; nil if a part is out of its range.
    private var localSeconds: Int64? {
        guard (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year), (0...9999).contains(year) else { return nil }
        return Self.daysSince1970(year: year, month: month, day: day) * 86400 + Int64(hour * 3600 + minute * 60 + min(second, 59))
    }

    /// A line is seen at most this long before the time that it has: clocks differ, and so do zones that nobody wrote down.
    static let aheadNanoseconds: UInt64 = 86_400_000_000_000

    /// The time in the latest year that does not put it more than a day behind `seenAt`, when the line was first seen. So a line of
    /// December that is read in January is of the year before, and one of 29 February of the last leap year.
    private func nanoseconds(seenAt: UInt64, in zone: TimestampZone?) -> UInt64? {
        let latest = seenAt + Self.aheadNanoseconds
        let latestYear = Self.year(ofSeconds: Int64(latest / 1_000_000_000)) + 1
        var time = self
        // Leap years are eight years apart at most.
        for years in Int32(0)...9 {
            time.year = latestYear - years
            guard let found = zone.map({ time.nanosecondsSince1970(in: $0) }) ?? time.nanosecondsSince1970 else { continue }
            if found <= latest { return found }
        }
        return nil
    }

    /// Nil before 1970 and after 2262.
    @inline(__always)
    static func nanoseconds(seconds: Int64, nanosecond: Int64) -> UInt64? {
        guard seconds >= 0, seconds <= 9_223_372_036 else { return nil }
        let sum = UInt64(seconds) &* 1_000_000_000 &+ UInt64(nanosecond)
        return sum <= UInt64(Int64.max) ? sum : nil
    }

    @inline(__always)
    static func isLeap(_ year: Int32) -> Bool { year & 3 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// 28…31, for months from 1 to 12.
    @inline(__always)
    static func days(inMonth month: Int32, of year: Int32) -> Int32 {
        if month == 2 { return isLeap(year) ? 29 : 28 }
        // Long and short months alternate, and start again in August.
        return 30 | (month ^ month &>> 3)
    }

    /// Counts in years that start in March, so that a leap day is the last (Howard Hinnant, "chrono-compatible low-level date
    /// algorithms", `days_from_civil`). For years from 0 on.
    @inline(__always)
    static func daysSince1970(year: Int32, month: Int32, day: Int32) -> Int64 {
        let marchYear = month <= 2 ? year &- 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear &- 399) / 400
        let yearOfEra = marchYear &- era &* 400
        let dayOfYear = (153 &* (month &+ (month > 2 ? -3 : 9)) &+ 2) / 5 &+ day &- 1
        let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
        return Int64(era) &* 146_097 &+ Int64(dayOfEra) &- 719_468
    }

    /// Of a time in seconds since 1970, in UTC (Howard Hinnant, `civil_from_days`).
    static func year(ofSeconds seconds: Int64) -> Int32 {
        let days = (seconds >= 0 ? seconds : seconds - 86399) / 86400 + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // The year starts in March; its day 306 is 1 January.
        return Int32(yearOfEra + era * 400) + (dayOfYear >= 306 ? 1 : 0)
    }
}
