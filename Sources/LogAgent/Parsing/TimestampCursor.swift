/// A place in a timestamp's text, and the readers of its smallest parts. Each gives nil, or false, where its part does not
/// stand; the place is then of no use any more.
struct TimestampCursor {
    private(set) var p: UnsafeRawPointer
    let end: UnsafeRawPointer

    @inline(__always)
    init(_ base: UnsafeRawPointer, count: Int) {
        p = base
        end = base + count
    }

    @inline(__always)
    var isAtEnd: Bool { p == end }

    /// 0 at the end.
    @inline(__always)
    var byte: UInt8 { p < end ? p.load(as: UInt8.self) : 0 }

    @inline(__always)
    private var digit: UInt8? {
        guard p < end else { return nil }
        let digit = p.load(as: UInt8.self) &- 0x30
        return digit < 10 ? digit : nil
    }

    @inline(__always)
    mutating func skip(_ wanted: UInt8) -> Bool {
        guard p < end, p.load(as: UInt8.self) == wanted else { return false }
        p += 1
        return true
    }

    /// Steps over blanks, tabs and the like, if there are any.
    @inline(__always)
    mutating func skipBlanks() {
        while p < end, p.load(as: UInt8.self) == 0x20 || p.load(as: UInt8.self) &- 9 < 5 { p += 1 }
    }

    /// A number of `minimum` to `maximum` digits, at most nine.
    @inline(__always)
    mutating func number(_ minimum: Int, _ maximum: Int) -> Int32? {
        var value: Int32 = 0
        var count = 0
        while count < maximum, let digit {
            value = value &* 10 &+ Int32(digit)
            count &+= 1
            p += 1
        }
        return count >= minimum ? value : nil
    }

    /// Any number of digits (at least one) up to `limit`.
    mutating func longNumber(limit: Int64) -> Int64? {
        guard digit != nil else { return nil }
        var value: Int64 = 0
        while let digit {
            guard value <= (limit - Int64(digit)) / 10 else { return nil }
            value = value * 10 + Int64(digit)
            p += 1
        }
        return value
    }

    /// The digits behind a decimal point, at least one, as a number of `digits` (0…9) digits: `5` is 500,000,000 of 9.
    /// Those beyond are cut off.
    @inline(__always)
    mutating func fraction(digits: Int) -> Int32? {
        guard digit != nil else { return nil }
        var value: Int32 = 0
        var missing = digits
        while missing > 0, let digit {
            value = value &* 10 &+ Int32(digit)
            missing &-= 1
            p += 1
        }
        while missing > 0 {
            value = value &* 10
            missing &-= 1
        }
        while digit != nil { p += 1 }
        return value
    }

    /// `Z`, `z`, `UTC`, `GMT`, `±hh`, `±hhmm` or `±hh:mm`, in seconds east of Greenwich.
    @inline(__always)
    mutating func offset() -> Int32? {
        switch byte {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            p += 1
            return 0
        case UInt8(ascii: "+"): return numericOffset()
        case UInt8(ascii: "-"): return numericOffset().map { -$0 }
        default: return skipUniversalName() ? 0 : nil
        }
    }

    /// `UTC` or `GMT`.
    mutating func skipUniversalName() -> Bool {
        guard end - p >= 3 else { return false }
        let first = p.load(as: UInt8.self)
        let second = p.load(fromByteOffset: 1, as: UInt8.self)
        let third = p.load(fromByteOffset: 2, as: UInt8.self)
        p += 3
        return (first, second, third) == (0x55, 0x54, 0x43) || (first, second, third) == (0x47, 0x4D, 0x54)
    }

    private mutating func numericOffset() -> Int32? {
        p += 1
        guard let hours = number(2, 2), hours < 24 else { return nil }
        let hasColon = skip(UInt8(ascii: ":"))
        guard hasColon || digit != nil else { return hours * 3600 }
        guard let minutes = number(2, 2), minutes < 60 else { return nil }
        return hours * 3600 + minutes * 60
    }

    /// Steps over one of `names`, in any case, and gives its index: its first letters, or all of it.
    mutating func name(_ names: TimestampNames) -> Int32? {
        guard end - p >= names.shortCount else { return nil }
        var letters: UInt32 = 0
        for index in 0..<names.shortCount {
            letters = letters << 8 | UInt32(p.load(fromByteOffset: index, as: UInt8.self) | 0x20)
        }
        var found = 0
        while found < names.count, names.shortForms[found] != letters { found += 1 }
        guard found < names.count else { return nil }
        p += names.shortCount
        names.rests[found].withUTF8Buffer { rest in
            guard end - p >= rest.count else { return }
            for index in 0..<rest.count where p.load(fromByteOffset: index, as: UInt8.self) | 0x20 != rest[index] { return }
            p += rest.count
        }
        return Int32(found)
    }
}

/// English names of months, weekdays or halves of the day, each with a short form that is its start.
struct TimestampNames: Sendable {
    let shortCount: Int
    /// The letters of each short form as one number, the first the highest.
    fileprivate let shortForms: [UInt32]
    /// What each long form has behind the short one.
    fileprivate let rests: [StaticString]

    fileprivate var count: Int { shortForms.count }

    static let months = TimestampNames(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        ["uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"])
    static let weekdays = TimestampNames(
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ["day", "sday", "nesday", "rsday", "day", "urday", "day"])
    static let halvesOfDay = TimestampNames(["am", "pm"], ["", ""])

    /// In lower case; short forms of up to four letters, all of one length.
    private init(_ shortForms: [String], _ rests: [StaticString]) {
        shortCount = shortForms.first?.utf8.count ?? 0
        self.shortForms = shortForms.map { $0.utf8.reduce(0) { $0 << 8 | UInt32($1) } }
        self.rests = rests
    }
}
