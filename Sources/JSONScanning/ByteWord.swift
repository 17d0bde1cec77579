/// Eight bytes of text looked at in one step ("SIMD within a register"): the first byte is the lowest.
///
/// Swift has no `movemask`, so SIMD vectors are slower here than plain words.
enum ByteWord {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let lowBits: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    private static let quotes = ones &* 0x22
    private static let backslashes = ones &* 0x5C
    static let blanks = ones &* 0x20

    /// Loads eight bytes, in file order from the lowest byte on.
    @inline(__always)
    static func load(_ pointer: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: pointer.loadUnaligned(as: UInt64.self))
    }

    /// Loads `count` (0…7) bytes; the bytes above are zero.
    @inline(__always)
    static func load(_ pointer: UnsafeRawPointer, count: Int) -> UInt64 {
        var word: UInt64 = 0
        var index = count
        while index > 0 {
            index &-= 1
            word = word &<< 8 | UInt64(pointer.load(fromByteOffset: index, as: UInt8.self))
        }
        return word
    }

    /// Marks in the high bits where a JSON string's plain run ends: a quote, a backslash or a control byte.
    /// Only the lowest mark is exact: a borrow can set false ones above it.
    @inline(__always)
    static func stringStops(_ word: UInt64) -> UInt64 {
        // None of the constants has a high bit, so one `& ~word` serves for all three.
        let found = ((word ^ quotes) &- ones) | ((word ^ backslashes) &- ones) | (word &- blanks)
        return found & ~word & highBits
    }

    /// Marks in the high bits the quotes and backslashes, and the control bytes, of eight bytes of ASCII. Every mark is exact.
    @inline(__always)
    static func escapeStops(ofASCII word: UInt64) -> (stops: UInt64, controls: UInt64) {
        // Below 0x80 no sum carries into the next byte: a high bit is 0 where the difference is 0.
        let others = ((word ^ quotes) &+ lowBits) & ((word ^ backslashes) &+ lowBits)
        return (~others & highBits, ~(word &+ 0x60 &* ones) & highBits)
    }

    /// The index (0…7) of the lowest marked byte.
    @inline(__always)
    static func index(ofLowest marks: UInt64) -> Int { marks.trailingZeroBitCount &>> 3 }
}
