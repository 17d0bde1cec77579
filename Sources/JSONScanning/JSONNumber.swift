/// Numbers in text, as JSON writes them (RFC 8259 §6).
package enum JSONNumber {
    /// The nearest `Double`, or nil if `text` is no number. A leading `+` is accepted too, for numbers in strings; blanks,
    /// hexadecimal digits, `inf` and `nan` are not, and neither is a number too large for a `Double`.
    package static func double(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let base = text.baseAddress else { return nil }
        let end = base + text.count
        var p = base
        var isNegative = false
        if p < end, let sign = Optional(p.load(as: UInt8.self)), sign == 0x2D || sign == 0x2B {
            isNegative = sign == 0x2D
            p += 1
        }

        var digits = Digits()
        let firstDigit = p
        guard digits.read(&p, end), p - firstDigit == 1 || firstDigit.load(as: UInt8.self) != 0x30 else { return nil }
        var exponent = 0
        if p < end, p.load(as: UInt8.self) == UInt8(ascii: ".") {
            p += 1
            let fraction = p
            guard digits.read(&p, end) else { return nil }
            exponent = fraction - p
        }
        if p < end {
            guard p.load(as: UInt8.self) | 0x20 == UInt8(ascii: "e") else { return nil }
            p += 1
            guard let written = readExponent(&p, end) else { return nil }
            exponent += written
        }
        guard p == end else { return nil }

        // Both factors are exact, so the one rounding is that of the product (Clinger 1990).
        if digits.isExact, digits.value <= 1 << 53, abs(exponent) <= 22 {
            let mantissa = Double(digits.value)
            let power = powersOfTen[abs(exponent)]
            let value = exponent < 0 ? mantissa / power : mantissa * power
            return isNegative ? -value : value
        }
        if digits.isExact, digits.value > 0, exponent < 0, exponent >= -19 {
            let value = quotient(digits.value, integerPowersOfTen[-exponent])
            return isNegative ? -value : value
        }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// `numerator / denominator`, rounded once: 64 bits of the quotient, of which the lowest also tells of a remainder, hold
    /// enough to round to the 53 of a `Double`. For measured values such as 0.12345678901234568, which have too many digits
    /// for two exact factors; ten times as fast as the general way.
    private static func quotient(_ numerator: UInt64, _ denominator: UInt64) -> Double {
        let shift = numerator.leadingZeroBitCount
        let divisorShift = denominator.leadingZeroBitCount
        let dividend = numerator << UInt64(shift)
        let divisor = denominator << UInt64(divisorShift)
        // The upper half must be below the divisor for the quotient to fit 64 bits; at least half of it, for none to be lost.
        let isHalved = dividend >= divisor
        let (bits, remainder) = divisor.dividingFullWidth(isHalved ? (dividend >> 1, dividend << 63) : (dividend, 0))
        let power = divisorShift - shift - (isHalved ? 63 : 64)
        return Double(remainder == 0 ? bits : bits | 1) * Double(sign: .plus, exponent: power, significand: 1)
    }

    /// The digits so far as an integer, while it fits.
    private struct Digits {
        var value: UInt64 = 0
        var isExact = true

        /// Reads a run of digits; false if there is none.
        @inline(__always)
        mutating func read(_ p: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Bool {
            let start = p
            while p < end {
                let digit = p.load(as: UInt8.self) &- 0x30
                if digit > 9 { break }
                if value > 999_999_999_999_999_999 { isExact = false } else { value = value &* 10 &+ UInt64(digit) }
                p += 1
            }
            return p > start
        }
    }

    /// The exponent behind the `e`. Beyond all use it is cut, not wrapped.
    @inline(__always)
    private static func readExponent(_ p: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Int? {
        var isNegative = false
        if p < end, let sign = Optional(p.load(as: UInt8.self)), sign == 0x2D || sign == 0x2B {
            isNegative = sign == 0x2D
            p += 1
        }
        let start = p
        var value = 0
        while p < end {
            let digit = p.load(as: UInt8.self) &- 0x30
            if digit > 9 { break }
            if value < 1_000_000_000_000 { value = value &* 10 &+ Int(digit) }
            p += 1
        }
        guard p > start else { return nil }
        return isNegative ? -value : value
    }

    private static let integerPowersOfTen: [UInt64] = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000,
        1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000,
        100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}
