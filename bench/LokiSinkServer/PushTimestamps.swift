import Glibc

/// Finds the time of each entry in a push body without decoding it.
///
/// An entry begins `["1767603600000253000","`. Nothing else in a valid body looks like `["` and a digit: inside a string each
/// quote has a backslash before it, and where a string ends in `[`, its quote is followed by `,`, `]` or `}`, never by a digit.
enum PushTimestamps {
    /// Nanoseconds since 1970, one call for each entry.
    static func forEach(in body: [UInt8], _ visit: (UInt64) -> Void) {
        body.span.bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            var position = 0
            while let found = memchr(start + position, Int32(UInt8(ascii: "[")), bytes.count - position) {
                position = start.distance(to: UnsafeRawPointer(found)) + 1
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\"") else { continue }
                var digit = position + 1
                var value: UInt64 = 0
                while digit < bytes.count, digit - position <= 19, bytes[digit] &- 48 < 10 {
                    value = value &* 10 &+ UInt64(bytes[digit] &- 48)
                    digit += 1
                }
                if digit - position > 15, digit < bytes.count, bytes[digit] == UInt8(ascii: "\"") { visit(value) }
                position = digit
            }
        }
    }
}
