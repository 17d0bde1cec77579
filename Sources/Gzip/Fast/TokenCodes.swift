/// The bits of every token in one block, so that one load gives a code, its length and the extra bits of a match's length.
struct TokenCodes {
    /// For each entry of a token: its code with the extra bits of a length in the low 24 bits, their count above.
    private let entryCodes: UnsafeMutablePointer<UInt32>
    /// For each distance symbol: its code in the low 16 bits, the code's length, and above it the length with the extra bits.
    private let distanceCodes: UnsafeMutablePointer<UInt32>

    init() {
        entryCodes = .allocate(capacity: DeflateTokens.entryCount)
        entryCodes.initialize(repeating: 0, count: DeflateTokens.entryCount)
        // Also for noDistance, which has no bits.
        distanceCodes = .allocate(capacity: 32)
        distanceCodes.initialize(repeating: 0, count: 32)
    }

    func deallocate() {
        entryCodes.deallocate()
        distanceCodes.deallocate()
    }

    /// Takes the codes of a block. `lengthSymbols` is ``DeflateAlphabet/lengths``.
    func fill(_ literalLengths: PrefixCode, _ distances: PrefixCode, lengthSymbols: UnsafePointer<UInt32>) {
        for literal in 0..<256 {
            entryCodes[literal] = UInt32(literalLengths.codes[literal]) | UInt32(literalLengths.lengths[literal]) << 24
        }
        for index in 0..<256 {
            let symbol = Int(lengthSymbols[index] & 0xFFFF)
            let extraBits = lengthSymbols[index] >> 16 & 0xFF
            let length = UInt32(literalLengths.lengths[symbol])
            entryCodes[256 + index] =
                UInt32(literalLengths.codes[symbol]) | (lengthSymbols[index] >> 24) << length | (length + extraBits) << 24
        }
        for symbol in 0..<DeflateAlphabet.distanceCount {
            let length = UInt32(distances.lengths[symbol])
            distanceCodes[symbol] =
                UInt32(distances.codes[symbol]) | length << 16
                | (length + UInt32(DeflateAlphabet.distanceExtraBits(symbol))) << 24
        }
    }

    /// At most 48 bits, without a branch on what the token is: a literal has a distance of no bits.
    @inline(__always)
    func bits(of token: UInt32) -> (bits: UInt64, count: Int) {
        let entry = entryCodes[Int(token & 0x1FF)]
        let distance = distanceCodes[Int(token &>> 9 & 0x1F)]
        let entryBits = UInt64(entry &>> 24)
        let extra = UInt64(token &>> 14) &<< UInt64(distance &>> 16 & 0xFF)
        return (
            UInt64(entry & 0xFF_FFFF) | (UInt64(distance & 0xFFFF) | extra) &<< entryBits,
            Int(truncatingIfNeeded: entryBits &+ UInt64(distance &>> 24))
        )
    }
}
