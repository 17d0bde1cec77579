import Glibc
import Synchronization
import SystemIO

/// UUIDs whose order is that of their creation (RFC 9562 §5.7): milliseconds since 1970, a counter, random bits.
package enum UUIDv7 {
    private struct Last {
        var milliseconds: UInt64 = 0
        var counter: UInt16 = 0
    }

    private static let last = Mutex(Last())

    /// A new one, as lower-case text. Greater than all that this process has made before, even when the clock steps back.
    package static func next(atNanoseconds now: UInt64 = SystemClock.wallNanoseconds()) -> String {
        var random = SystemRandomNumberGenerator()
        let tail = random.next()
        // The counter (RFC 9562 §6.2, method 1) starts in its lower half, so that it seldom runs over within a millisecond.
        let start = UInt16.random(in: 0..<0x800, using: &random)
        let (milliseconds, counter) = last.withLock { last in
            let milliseconds = now / 1_000_000 & 0xffff_ffff_ffff
            if milliseconds > last.milliseconds {
                last = Last(milliseconds: milliseconds, counter: start)
            } else if last.counter < 0xfff {
                last.counter += 1
            } else {
                last = Last(milliseconds: last.milliseconds + 1, counter: start)
            }
            return (last.milliseconds, last.counter)
        }
        let high = milliseconds << 16 | 0x7000 | UInt64(counter)
        let low = tail & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return text(high, low)
    }

    /// Whether `text` is a UUID as ``next(atNanoseconds:)`` writes it: 36 characters, lower case. Any version.
    package static func isCanonical(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
        }
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { bytes in
            var index = 0
            for position in 0..<32 {
                if [8, 12, 16, 20].contains(position) {
                    bytes[index] = UInt8(ascii: "-")
                    index += 1
                }
                let half = position < 16 ? high : low
                bytes[index] = digits[Int(half >> UInt64(60 - 4 * (position % 16)) & 0xf)]
                index += 1
            }
            return index
        }
    }
}
