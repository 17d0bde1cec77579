import Glibc

/// Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
package enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The text for a time in seconds since 1970.
    package static func format(_ wallSeconds: Int) -> String {
        var seconds = time_t(wallSeconds)
        var time = tm()
        gmtime_r(&seconds, &time)
        let day = days[Int(time.tm_wday) % 7]
        let month = months[Int(time.tm_mon) % 12]
        let clock = "\(twoDigits(time.tm_hour)):\(twoDigits(time.tm_min)):\(twoDigits(time.tm_sec))"
        return "\(day), \(twoDigits(time.tm_mday)) \(month) \(Int(time.tm_year) + 1900) \(clock) GMT"
    }

    /// Seconds since 1970, from the preferred form only: the two obsolete ones are no longer sent by anything we talk to.
    package static func parse(_ text: String) -> Int? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].utf8.count == 4, parts[0].last == ",", parts[5] == "GMT" else { return nil }
        guard days.contains(String(parts[0].dropLast())), let month = months.firstIndex(of: String(parts[2])) else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, clock.allSatisfy({ $0.utf8.count == 2 }), parts[1].utf8.count == 2, parts[3].utf8.count == 4 else {
            return nil
        }
        guard let day = ASCIIText.decimal(parts[1]), let year = ASCIIText.decimal(parts[3]) else { return nil }
        guard let hour = ASCIIText.decimal(clock[0]), let minute = ASCIIText.decimal(clock[1]), let second = ASCIIText.decimal(clock[2])
        else {
            return nil
        }
        guard (1...31).contains(day), hour < 24, minute < 60, second < 61 else { return nil }
        var time = tm()
        time.tm_year = Int32(year - 1900)
        time.tm_mon = Int32(month)
        time.tm_mday = Int32(day)
        time.tm_hour = Int32(hour)
        time.tm_min = Int32(minute)
        time.tm_sec = Int32(second)
        return Int(timegm(&time))
    }

    private static func twoDigits(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
