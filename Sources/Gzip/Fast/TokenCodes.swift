/// The bits of every entry of a token in one block, so that one load gives a code, its length and the extra bits of a match's length.
struct TokenCodes {
    /// The most bits of one token: a length has 15 + 5, a distance 15 + 13.
    static let mostBits = 28

    /// For each entry, from the lowest bit on:
    /// - 32 bits: its code, behind it the extra bits of a length;
    /// - from bit 48 on, 8 bits: the length of the code;
    /// - 8 bits: how many bits a token has, the extra bits of a distance included.
    private let codes: UnsafeMutablePointer<UInt64>

    init() {
        codes = .allocate(capacity: DeflateTokens.entryCount)
        codes.initialize(repeating: 0, count: DeflateTokens.entryCount)
    }

    func deallocate() {
        codes.deallocate()
    }

    /// Takes the codes of a block. `lengthSymbols` is ``DeflateAlphabet/lengths``.
    func fill(_ literalLengths: PrefixCode, _ distances: PrefixCode, lengthSymbols: UnsafePointer<UInt32>) {
        for literal in 0..<256 {
            codes[literal] = Self.code(UInt32(literalLengths.codes[literal]), literalLengths.lengths[literal])
        }
        for index in 0..<256 {
            let symbol = Int(lengthSymbols[index] & 0xFFFF)
            let length = literalLengths.lengths[symbol]
            let code = UInt32(literalLengths.codes[symbol]) | (lengthSymbols[index] >> 24) << UInt32(length)
            codes[DeflateTokens.lengths + index] = Self.code(code, length, extraBits: Int(lengthSymbols[index] >> 16 & 0xFF))
        }
        for symbol in 0..<DeflateAlphabet.distanceCount {
            codes[DeflateTokens.distances + symbol] = Self.code(
                UInt32(distances.codes[symbol]), distances.lengths[symbol], extraBits: DeflateAlphabet.distanceExtraBits(symbol))
        }
    }

    private static func code(_ bits: UInt32, _ length: UInt8, extraBits: Int = 0) -> UInt64 {
        UInt64(bits) | UInt64(length) << 48 | (UInt64(length) + UInt64(extraBits)) << 56
    }

    /// Without a branch on what the token is: literals and lengths have extra bits of their own that are 0.
    @inline(__always)
    func bits(of token: UInt32) -> (bits: UInt64, count: UInt64) {
        let code = codes[DeflateTokens.entry(of: token)]
        return (
            UInt64(UInt32(truncatingIfNeeded: code)) | UInt64(DeflateTokens.extraBits(of: token)) &<< (code &>> 48),
            code &>> 56
        )
    }
}
