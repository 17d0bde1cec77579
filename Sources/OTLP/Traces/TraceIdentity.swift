/// The 16 bytes that all spans of a trace share (W3C Trace Context §3.2.2.3). All zero is no id.
package struct TraceID: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes, the first one highest.
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From 32 lower-case digits; nil for anything else, and for the id that is none.
    package init?(hexadecimal text: some Collection<UInt8>) {
        guard text.count == 32, let high = HexadecimalText.number(text.prefix(16)), let low = HexadecimalText.number(text.dropFirst(16)),
            high | low != 0
        else { return nil }
        self.init(high: high, low: low)
    }

    package var isValid: Bool { high | low != 0 }

    package func appendHexadecimal(to bytes: inout [UInt8]) {
        HexadecimalText.append(high, to: &bytes)
        HexadecimalText.append(low, to: &bytes)
    }

    /// 32 lower-case digits.
    package var description: String { HexadecimalText.text { appendHexadecimal(to: &$0) } }
}

/// The 8 bytes that tell a span from the others of its trace (W3C Trace Context §3.2.2.4). All zero is no id.
package struct SpanID: Hashable, Sendable, CustomStringConvertible {
    /// The first byte is the highest.
    package let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }

    /// From 16 lower-case digits; nil for anything else, and for the id that is none.
    package init?(hexadecimal text: some Collection<UInt8>) {
        guard text.count == 16, let value = HexadecimalText.number(text), value != 0 else { return nil }
        self.init(value)
    }

    package var isValid: Bool { value != 0 }

    package func appendHexadecimal(to bytes: inout [UInt8]) { HexadecimalText.append(value, to: &bytes) }

    /// 16 lower-case digits.
    package var description: String { HexadecimalText.text { appendHexadecimal(to: &$0) } }
}

private enum HexadecimalText {
    /// Of up to 16 digits `0-9a-f`.
    static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }

    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }

    static func text(_ append: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
