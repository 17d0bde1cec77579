/// A count of seconds, or of thousandths, millionths or billionths of a second, since 1970: digits, and perhaps a fraction.
/// Integer arithmetic throughout, as a `Double` holds no nanoseconds of today.
struct TimestampUnix: Sendable {
    /// How many decimal digits of a fraction make nanoseconds: 9 for seconds, 0 for nanoseconds. More are cut off.
    let fractionDigits: Int

    /// Signs and exponents are not accepted.
    func nanoseconds(_ text: UnsafeRawBufferPointer) -> UInt64? {
        guard let base = text.baseAddress else { return nil }
        var cursor = TimestampCursor(base, count: text.count)
        let scale = Self.powersOfTen[fractionDigits]
        guard let whole = cursor.longNumber(limit: Int64.max / scale) else { return nil }
        var fraction: Int64 = 0
        if cursor.skip(UInt8(ascii: ".")) {
            guard let read = cursor.fraction(digits: fractionDigits) else { return nil }
            fraction = Int64(read)
        }
        guard cursor.isAtEnd else { return nil }
        let (sum, isTooLarge) = (whole * scale).addingReportingOverflow(fraction)
        return isTooLarge ? nil : UInt64(sum)
    }

    private static let powersOfTen: [Int64] = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
    ]
}
