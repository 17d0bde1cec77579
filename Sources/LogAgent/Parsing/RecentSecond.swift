import JSONScanning

/// The second of the last line's time, as text and as number: the next line mostly has the same.
///
/// Knows times of RFC 3339 in UTC with a fraction, `2024-01-15T10:30:00.123456Z`, the common form of JSON logs.
struct RecentSecond {
    /// `2024-01-15T10:30:00.`, as words that overlap.
    private var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
    /// Nanoseconds since 1970.
    private var start: UInt64 = 0

    private static let headBytes = 20

    /// nil: it is in another second, or of another form.
    @inline(__always)
    func nanoseconds(of value: FieldValue, in line: UnsafeRawBufferPointer) -> UInt64? {
        guard let (text, digits) = Self.fraction(of: value, in: line), Self.words(text) == words else { return nil }
        var fraction: UInt64 = 0
        for index in 0..<digits {
            let digit = text.load(fromByteOffset: Self.headBytes &+ index, as: UInt8.self) &- 0x30
            if digit > 9 { return nil }
            fraction = fraction &* 10 &+ UInt64(digit)
        }
        return start &+ fraction &* Self.units[digits]
    }

    /// Remembers the second of a time that was read of `value`.
    mutating func note(_ nanoseconds: UInt64, of value: FieldValue, in line: UnsafeRawBufferPointer) {
        guard let (text, _) = Self.fraction(of: value, in: line) else { return }
        // A leap second has no number of its own.
        guard text.load(fromByteOffset: 17, as: UInt8.self) != UInt8(ascii: "6") else { return }
        let second = nanoseconds - nanoseconds % 1_000_000_000
        // In the last second that can be told not every fraction can.
        guard second < UInt64(Int64.max) - 999_999_999 else { return }
        words = Self.words(text)
        start = second
    }

    /// The text, and how many digits stand between its point and `Z`: 1 to 9.
    @inline(__always)
    private static func fraction(of value: FieldValue, in line: UnsafeRawBufferPointer) -> (text: UnsafeRawPointer, digits: Int)? {
        guard case .string = value.kind, !value.hasEscapes, value.count > headBytes + 1, value.count <= headBytes + 10 else { return nil }
        guard let text = value.text(in: line).baseAddress else { return nil }
        guard text.load(fromByteOffset: headBytes - 1, as: UInt8.self) == UInt8(ascii: "."),
            text.load(fromByteOffset: value.count - 1, as: UInt8.self) == UInt8(ascii: "Z")
        else { return nil }
        return (text, value.count - headBytes - 1)
    }

    @inline(__always)
    private static func words(_ text: UnsafeRawPointer) -> (UInt64, UInt64, UInt64) {
        (
            text.loadUnaligned(as: UInt64.self), text.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            text.loadUnaligned(fromByteOffset: headBytes - 8, as: UInt64.self)
        )
    }

    /// Nanoseconds of a fraction's last digit, by how many it has.
    private static let units: [UInt64] = [0, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1]
}
