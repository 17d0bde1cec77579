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
}
