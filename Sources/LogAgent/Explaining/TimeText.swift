import Glibc

/// Times for people.
enum TimeText {
    /// `2026-01-31T12:00:00.123456789Z`; the fraction without zeros at its end.
    static func rfc3339(_ nanoseconds: UInt64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var civil = tm()
        gmtime_r(&seconds, &civil)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = "\(digits(civil.tm_year + 1900, 4))-\(digits(civil.tm_mon + 1, 2))-\(digits(civil.tm_mday, 2))"
        let time = "\(digits(civil.tm_hour, 2)):\(digits(civil.tm_min, 2)):\(digits(civil.tm_sec, 2))"
        var fraction = digits(Int32(nanoseconds % 1_000_000_000), 9)
        while fraction.last == "0" { fraction.removeLast() }
        return "\(date)T\(time)\(fraction.isEmpty ? "" : ".\(fraction)")Z"
    }
}

extension TimestampFormat {
    /// As it stands in the configuration.
    var name: String {
        switch self {
        case .rfc3339: "rfc3339"
        case .syslog: "syslog"
        case .unix: "unix"
        case .unixMilliseconds: "unix_ms"
        case .unixMicroseconds: "unix_us"
        case .unixNanoseconds: "unix_ns"
        case .pattern(let text): "\"\(text)\""
        }
    }
}
