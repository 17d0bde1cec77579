import Glibc

/// Times as Go programs print them.
enum GoTime {
    /// From `Time.String()`, `2026-01-02 15:04:05.123456789 +0000 UTC`; the fraction has no trailing zeros and may be missing.
    /// Nanoseconds since 1970.
    static func nanoseconds(_ text: Substring) -> UInt64? {
        var rest = text
        guard let seconds = takeDateTime(&rest, separator: " ") else { return nil }
        var nanoseconds = 0
        if rest.take(".") {
            let digits = rest.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard (1...9).contains(digits.count), let value = rest.takeNumber() else { return nil }
            nanoseconds = value
            for _ in digits.count..<9 { nanoseconds *= 10 }
        }
        guard rest.take(" "), let offset = takeOffset(&rest) else { return nil }
        return Self.nanoseconds(seconds: seconds - offset).map { $0 + UInt64(nanoseconds) }
    }

    /// From RFC 3339 without a fraction, `2026-01-02T15:04:05Z` or `…+02:00`, at the start of `text`. Seconds since 1970.
    static func seconds(_ text: Substring) -> Int? {
        var rest = text
        guard let seconds = takeDateTime(&rest, separator: "T") else { return nil }
        if rest.take("Z") { return seconds }
        guard let offset = takeOffset(&rest) else { return nil }
        return seconds - offset
    }

    /// nil outside of the years 1970 to 2553, which is what 64 bits hold.
    static func nanoseconds(seconds: Int) -> UInt64? {
        seconds < 0 || seconds > 18_446_744_072 ? nil : UInt64(seconds) * 1_000_000_000
    }

    private static func takeDateTime(_ rest: inout Substring, separator: Substring) -> Int? {
        var time = tm()
        guard let year = rest.takeNumber(), rest.take("-"), let month = rest.takeNumber(), rest.take("-"), let day = rest.takeNumber(),
            rest.take(separator), let hour = rest.takeNumber(), rest.take(":"), let minute = rest.takeNumber(), rest.take(":"),
            let second = rest.takeNumber()
        else { return nil }
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61 else {
            return nil
        }
        time.tm_year = Int32(year - 1900)
        time.tm_mon = Int32(month - 1)
        time.tm_mday = Int32(day)
        time.tm_hour = Int32(hour)
        time.tm_min = Int32(minute)
        time.tm_sec = Int32(second)
        return Int(timegm(&time))
    }

    /// `+0200` or `+02:00`, in seconds.
    private static func takeOffset(_ rest: inout Substring) -> Int? {
        let sign: Int
        if rest.take("+") { sign = 1 } else if rest.take("-") { sign = -1 } else { return nil }
        let digits = rest.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
        guard let first = rest.takeNumber() else { return nil }
        if digits == 4 { return sign * (first / 100 * 3600 + first % 100 * 60) }
        guard digits == 2, rest.take(":"), let minutes = rest.takeNumber(), minutes < 60 else { return nil }
        return sign * (first * 3600 + minutes * 60)
    }
}

extension Substring {
    /// Removes `prefix` if the text starts with it.
    mutating func take(_ prefix: Substring) -> Bool {
        guard utf8.starts(with: prefix.utf8) else { return false }
        self = self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...]
        return true
    }

    /// Removes a run of decimal digits; nil without one, or above 10¹², so that sums of such numbers never overflow.
    mutating func takeNumber() -> Int? {
        var value = 0
        var end = startIndex
        while end < endIndex, case let byte = utf8[end], byte >= 0x30, byte <= 0x39 {
            guard value < 100_000_000_000 else { return nil }
            value = value * 10 + Int(byte - 0x30)
            end = utf8.index(after: end)
        }
        guard end > startIndex else { return nil }
        self = self[end...]
        return value
    }
}

extension StringProtocol {
    /// Where `needle` (not empty) stands, byte by byte: first, or last with `backwards`.
    func range(of needle: StaticString, backwards: Bool = false) -> Range<Index>? {
        let pattern = UnsafeBufferPointer(start: needle.utf8Start, count: needle.utf8CodeUnitCount)
        let bytes = Array(utf8)
        guard bytes.count >= pattern.count else { return nil }
        let starts = 0...(bytes.count - pattern.count)
        func matches(_ start: Int) -> Bool {
            for index in pattern.indices where bytes[start + index] != pattern[index] { return false }
            return true
        }
        let found = backwards ? starts.last(where: matches) : starts.first(where: matches)
        return found.map { start in
            let lower = utf8.index(startIndex, offsetBy: start)
            return lower..<utf8.index(lower, offsetBy: pattern.count)
        }
    }
}
