/// The two alphabets of a deflate block (RFC 1951 §3.2.5), and how many extra bits follow each symbol.
enum DeflateAlphabet {
    /// Literals 0–255, the end of the block, lengths 257–285.
    static let literalLengthCount = 286
    static let distanceCount = 30
    static let endOfBlock = 256

    static let shortestMatch = 3
    static let longestMatch = 258
    static let windowBytes = 32_768
    static let longestCode = 15

    /// For each length of a match, from 3: its symbol in the low 16 bits, the count of extra bits above, the extra bits on top.
    static let lengths: [UInt32] = (shortestMatch...longestMatch).map { length in
        if length == longestMatch { return 285 }
        let offset = length - shortestMatch
        if offset < 8 { return UInt32(257 + offset) }
        // Four symbols for each power of two.
        let extraBits = Int.bitWidth - 1 - offset.leadingZeroBitCount - 2
        let symbol = 257 + 4 * extraBits + (offset >> extraBits)
        return UInt32(symbol) | UInt32(extraBits) << 16 | UInt32(offset & ((1 << extraBits) - 1)) << 24
    }

    /// For each distance symbol the count of extra bits: two symbols for each power of two.
    @inline(__always)
    static func distanceExtraBits(_ symbol: Int) -> Int { max(symbol &>> 1 &- 1, 0) }

    /// The symbol of a distance from 1 to 32,768, and its extra bits.
    @inline(__always)
    static func distance(_ distance: Int) -> (symbol: Int, extra: Int) {
        let offset = distance &- 1
        // The first four distances have none.
        let extraBits = Int.bitWidth &- 2 &- (offset | 2).leadingZeroBitCount
        return (2 &* extraBits &+ offset &>> extraBits, offset & ~(~0 &<< extraBits))
    }
}
