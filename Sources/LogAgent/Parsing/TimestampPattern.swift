/// A `strptime(3)` pattern, compiled: `%d/%b/%Y:%H:%M:%S %z`.
///
/// | directive | reads |
/// | --- | --- |
/// | `%Y` `%y` | year of 4 digits; of 2 digits, where 69…99 are of the 20th century and 00…68 of the 21st (POSIX) |
/// | `%m` `%b` `%B` `%h` | month of 1 or 2 digits; its English name, short or long, in any case |
/// | `%d` `%e` `%j` | day of the month of 1 or 2 digits, `%e` also behind blanks; day of the year of 1 to 3 digits |
/// | `%H` `%I` `%p` | hour of 1 or 2 digits, 0…23; 1…12, which needs `%p`: AM or PM, in any case |
/// | `%M` `%S` `%f` | minute; second, 60 as the last nanosecond before; fraction of a second, digits beyond nine are cut off |
/// | `%z` `%Z` | `Z`, `UTC`, `GMT`, `±hh`, `±hhmm`, `±hh:mm`; only `Z`, `UTC` or `GMT`: other abbreviations have many meanings |
/// | `%a` `%A` | English name of the weekday, short or long, in any case; not compared with the date |
/// | `%s` | seconds since 1970; other parts but `%f` then count no more |
/// | `%T` `%R` `%D` `%F` | `%H:%M:%S` `%H:%M` `%m/%d/%y` `%Y-%m-%d` |
/// | `%n` `%t`, any blank | any number of blanks, also none |
/// | `%%`, anything else | itself |
///
/// The pattern must take up the whole text. A missing month or day is the first, a missing time of day 0, a missing zone that of the
/// source. A year may be missing where month and day are not (a day of the year needs one).
struct TimestampPattern: Sendable {
    private enum Step: Sendable {
        case literal(UInt8)
        case blanks
        case year, shortYear, month, monthName, day, paddedDay, dayOfYear
        case hour, halfDayHour, halfDay, minute, second, fraction
        case offset, universal, weekday, epochSeconds
    }

    private var steps: [Step] = []
    /// Without a year the time depends on when the line was first seen.
    let readsYear: Bool

    init(_ pattern: String) throws(TimestampPatternError) {
        var hasYear = false
        var hasMonth = false
        var hasDay = false
        var halfDayHourPosition: Int?
        var hasHalfDay = false
        let characters = Array(pattern.unicodeScalars)
        var index = 0
        while index < characters.count {
            let position = index
            guard characters[position] == "%" else {
                let character = characters[position]
                if character.properties.isWhitespace, character.isASCII {
                    steps.append(.blanks)
                } else {
                    steps += String(character).utf8.map { .literal($0) }
                }
                index += 1
                continue
            }
            guard position + 1 < characters.count else { throw .endsWithPercent(position: position) }
            index += 2
            switch characters[position + 1] {
            case "Y": steps.append(.year)
            case "y": steps.append(.shortYear)
            case "m": steps.append(.month)
            case "b", "B", "h": steps.append(.monthName)
            case "d": steps.append(.day)
            case "e": steps.append(.paddedDay)
            case "j": steps.append(.dayOfYear)
            case "H": steps.append(.hour)
            case "I": steps.append(.halfDayHour)
            case "p": steps.append(.halfDay)
            case "M": steps.append(.minute)
            case "S": steps.append(.second)
            case "f": steps.append(.fraction)
            case "z": steps.append(.offset)
            case "Z": steps.append(.universal)
            case "a", "A": steps.append(.weekday)
            case "s": steps.append(.epochSeconds)
            case "T": steps += [.hour, .literal(0x3A), .minute, .literal(0x3A), .second]
            case "R": steps += [.hour, .literal(0x3A), .minute]
            case "D": steps += [.month, .literal(0x2F), .day, .literal(0x2F), .shortYear]
            case "F": steps += [.year, .literal(0x2D), .month, .literal(0x2D), .day]
            case "n", "t": steps.append(.blanks)
            case "%": steps.append(.literal(0x25))
            case let other: throw .unknownDirective("%\(other)", position: position)
            }
            switch characters[position + 1] {
            case "Y", "y", "D", "F", "s": hasYear = true
            case "m", "b", "B", "h": hasMonth = true
            case "d", "e": hasDay = true
            case "I": halfDayHourPosition = position
            case "p": hasHalfDay = true
            default: break
            }
        }
        guard hasYear || (hasMonth && hasDay) else { throw .noDate }
        readsYear = hasYear
        if let halfDayHourPosition, !hasHalfDay { throw .hourWithoutHalfOfDay(position: halfDayHourPosition) }
    }

    /// The time that the whole of `text` stands for. `zone` is that of a text that names none.
    func nanoseconds(_ text: UnsafeRawBufferPointer, in zone: TimestampZone?, seenAt: UInt64) -> UInt64? {
        guard let base = text.baseAddress else { return nil }
        var cursor = TimestampCursor(base, count: text.count)
        var parts = Parts()
        for step in steps {
            guard parts.read(step, &cursor) else { return nil }
        }
        guard cursor.isAtEnd else { return nil }
        if let epochSeconds = parts.epochSeconds {
            return TimestampCivilTime.nanoseconds(seconds: epochSeconds, nanosecond: Int64(parts.time.nanosecond))
        }
        parts.time.hasYear = readsYear
        guard parts.setHourOfDay() else { return nil }
        return parts.setDate() ? parts.time.nanoseconds(in: zone, seenAt: seenAt) : nil
    }

    /// What the steps have read so far.
    private struct Parts {
        var time = TimestampCivilTime()
        var dayOfYear: Int32?
        var halfDayHour: Int32?
        var isAfternoon = false
        var epochSeconds: Int64?

        /// False where the text does not fit.
        mutating func read(_ step: Step, _ cursor: inout TimestampCursor) -> Bool {
            switch step {
            case .literal(let byte): return cursor.skip(byte)
            case .blanks:
                cursor.skipBlanks()
                return true
            case .year: return Self.store(cursor.number(4, 4), in: &time.year)
            case .shortYear:
                guard let year = cursor.number(2, 2) else { return false }
                time.year = year + (year < 69 ? 2000 : 1900)
                return true
            case .month: return Self.store(cursor.number(1, 2), in: &time.month)
            case .monthName: return Self.store(cursor.name(.months).map { $0 + 1 }, in: &time.month)
            case .paddedDay:
                cursor.skipBlanks()
                return Self.store(cursor.number(1, 2), in: &time.day)
            case .day: return Self.store(cursor.number(1, 2), in: &time.day)
            case .dayOfYear:
                dayOfYear = cursor.number(1, 3)
                return dayOfYear != nil
            case .hour: return Self.store(cursor.number(1, 2), in: &time.hour)
            case .halfDayHour:
                halfDayHour = cursor.number(1, 2)
                return halfDayHour != nil
            case .halfDay:
                guard let half = cursor.name(.halvesOfDay) else { return false }
                isAfternoon = half == 1
                return true
            case .minute: return Self.store(cursor.number(1, 2), in: &time.minute)
            case .second: return Self.store(cursor.number(1, 2), in: &time.second)
            case .fraction: return Self.store(cursor.fraction(digits: 9), in: &time.nanosecond)
            case .offset:
                time.hasOffset = true
                return Self.store(cursor.offset(), in: &time.offsetSeconds)
            case .universal:
                time.hasOffset = true
                if cursor.skip(UInt8(ascii: "Z")) || cursor.skip(UInt8(ascii: "z")) { return true }
                return cursor.skipUniversalName()
            case .weekday: return cursor.name(.weekdays) != nil
            case .epochSeconds:
                epochSeconds = cursor.longNumber(limit: Int64.max / 1_000_000_000)
                return epochSeconds != nil
            }
        }

        /// False for an hour that no half of a day has.
        mutating func setHourOfDay() -> Bool {
            guard let halfDayHour else { return true }
            guard (1...12).contains(halfDayHour) else { return false }
            time.hour = halfDayHour % 12 + (isAfternoon ? 12 : 0)
            return true
        }

        /// False for a day that the year does not have.
        mutating func setDate() -> Bool {
            guard let dayOfYear else { return true }
            guard dayOfYear >= 1, dayOfYear <= (TimestampCivilTime.isLeap(time.year) ? 366 : 365) else { return false }
            time.month = 1
            time.day = dayOfYear
            while time.day > TimestampCivilTime.days(inMonth: time.month, of: time.year) {
                time.day -= TimestampCivilTime.days(inMonth: time.month, of: time.year)
                time.month += 1
            }
            return true
        }

        @inline(__always)
        private static func store(_ value: Int32?, in part: inout Int32) -> Bool {
            guard let value else { return false }
            part = value
            return true
        }
    }
}

/// Why a timestamp pattern cannot be used. Positions count characters from 0.
enum TimestampPatternError: Error, Equatable, CustomStringConvertible {
    case unknownDirective(String, position: Int)
    case endsWithPercent(position: Int)
    case noDate
    case hourWithoutHalfOfDay(position: Int)

    var description: String {
        switch self {
        case .unknownDirective(let directive, let position):
            "`\(directive)` at position \(position) is no directive; use "
                + "%Y %y %m %b %B %h %d %e %j %H %I %p %M %S %f %z %Z %a %A %s %T %R %D %F %n %t or %%."
        case .endsWithPercent(let position): "The pattern ends with a `%` at position \(position); write `%%` for a percent sign."
        case .noDate: "The pattern reads no date; add %Y, %y, %F, %D or %s, or at least a month and a day, such as %b %d."
        case .hourWithoutHalfOfDay(let position):
            "`%I` at position \(position) is an hour of half a day; add %p, or use %H for the hour of the day."
        }
    }
}
