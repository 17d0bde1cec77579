/// A trace id of at most 32 hexadecimal digits, as an exemplar names it.
package struct ExemplarTrace: Equatable, BitwiseCopyable, Sendable {
    let high: UInt64
    let low: UInt64
    let digitCount: UInt8

    /// nil unless `text` is 1 to 32 hexadecimal digits that are not all 0. Upper case becomes lower case.
    package init?(hexDigits text: UnsafeRawBufferPointer) {
        if text.count == 32 {
            guard let first = Self.eightDigits(of: text, at: 0), let second = Self.eightDigits(of: text, at: 8),
                let third = Self.eightDigits(of: text, at: 16), let fourth = Self.eightDigits(of: text, at: 24)
            else { return nil }
            high = first << 32 | second
            low = third << 32 | fourth
            digitCount = 32
            if high | low == 0 { return nil }
            return
        }
        guard (1...32).contains(text.count) else { return nil }
        let split = max(0, text.count - 16)
        guard let high = Self.number(text[..<split]), let low = Self.number(text[split...]), high | low != 0 else { return nil }
        self.high = high
        self.low = low
        digitCount = UInt8(text.count)
    }

    /// Of the 16 bytes of a trace id, as two big-endian numbers; nil where all are 0.
    package init?(high: UInt64, low: UInt64) {
        if high | low == 0 { return nil }
        self.high = high
        self.low = low
        digitCount = 32
    }

    /// The number that eight digits make, all at once; nil unless all are hexadecimal.
    @inline(__always)
    private static func eightDigits(of text: UnsafeRawBufferPointer, at offset: Int) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        // The first digit in the highest byte.
        let bytes = UInt64(bigEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let letters = bytes >> 6 & ones
        let values = (bytes & 0x0f0f_0f0f_0f0f_0f0f) &+ letters &* 9
        // Write the digits of these values again: they are the bytes given (letters in lower case) only if those were digits.
        let aboveNine = (values &+ ones &* 6) >> 4 & ones
        let digits = values &+ ones &* 0x30 &+ aboveNine &* 0x27
        guard values & 0xf0f0_f0f0_f0f0_f0f0 == 0, digits == bytes | letters << 5 else { return nil }
        var packed = (values | values >> 4) & 0x00ff_00ff_00ff_00ff
        packed = (packed | packed >> 8) & 0x0000_ffff_0000_ffff
        return (packed | packed >> 16) & 0xffff_ffff
    }

    /// Of at most 16 digits.
    @inline(__always)
    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        var value: UInt64 = 0
        var isValid = true
        for byte in digits {
            let decimal = byte &- UInt8(ascii: "0")
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            isValid = isValid && (decimal < 10 || letter < 6)
            value = value << 4 | UInt64((decimal < 10 ? decimal : letter &+ 10) & 15)
        }
        return isValid ? value : nil
    }
}

/// The latest traced event of a counter or of one bucket, in 32 bytes.
struct Exemplar: BitwiseCopyable, Sendable {
    let high: UInt64
    let low: UInt64
    let value: Double
    /// Milliseconds since 1970, times 64, plus the number of digits of the trace id; 0: no exemplar.
    let stamp: UInt64

    static let none = Exemplar(high: 0, low: 0, value: 0, stamp: 0)

    init(high: UInt64, low: UInt64, value: Double, stamp: UInt64) {
        self.high = high
        self.low = low
        self.value = value
        self.stamp = stamp
    }

    init(_ trace: ExemplarTrace, value: Double, nanoseconds: UInt64) {
        high = trace.high
        low = trace.low
        self.value = value
        stamp = (nanoseconds / 1_000_000) << 6 | UInt64(trace.digitCount)
    }

    var exists: Bool { stamp != 0 }
    var digitCount: Int { Int(stamp & 63) }
    var milliseconds: UInt64 { stamp >> 6 }
}
