/// Writes tokens as one deflate block (RFC 1951 §3.2.3) of whichever kind is the smallest.
struct BlockEncoder {
    private let codes = TokenCodes()
    private let symbolCounts: UnsafeMutablePointer<UInt32>
    private let literalLengthCode = PrefixCode(symbolCount: DeflateAlphabet.literalLengthCount, longest: 15)
    private let distanceCode = PrefixCode(symbolCount: DeflateAlphabet.distanceCount, longest: 15)
    private let fixedLiteralLengthCode = PrefixCode(symbolCount: 288, longest: 15)
    private let fixedDistanceCode = PrefixCode(symbolCount: DeflateAlphabet.distanceCount, longest: 15)
    private let header = CodeLengthHeader()
    /// See ``DeflateAlphabet/lengths``.
    private let lengthSymbols: UnsafeMutablePointer<UInt32>

    init() {
        symbolCounts = .allocate(capacity: DeflateAlphabet.literalLengthCount)
        lengthSymbols = .allocate(capacity: 256)
        for (index, symbol) in DeflateAlphabet.lengths.enumerated() { lengthSymbols[index] = symbol }
        // RFC 1951 §3.2.6.
        for symbol in 0..<288 {
            fixedLiteralLengthCode.lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8
        }
        fixedLiteralLengthCode.assignCodes()
        for symbol in 0..<DeflateAlphabet.distanceCount { fixedDistanceCode.lengths[symbol] = 5 }
        fixedDistanceCode.assignCodes()
    }

    func deallocate() {
        codes.deallocate()
        symbolCounts.deallocate()
        lengthSymbols.deallocate()
        for code in [literalLengthCode, distanceCode, fixedLiteralLengthCode, fixedDistanceCode] { code.deallocate() }
        header.deallocate()
    }

    /// Writes `block`, which came from `source`.
    func write(
        _ block: DeflateTokens, of source: UnsafeRawBufferPointer, isLast: Bool, to writer: inout BitWriter, into output: inout [UInt8]
    ) {
        countSymbols(of: block)
        literalLengthCode.build(symbolCounts)
        distanceCode.build(block.distanceCounts)
        let headerBits = header.build(literalLengthCode, distanceCode)
        let dynamicBits = headerBits + size(of: block, literalLengthCode, distanceCode)
        let fixedBits = size(of: block, fixedLiteralLengthCode, fixedDistanceCode)
        // Three bits of header each. Of a stored block: up to 7 bits of filling and 4 bytes of length for each 65,535 bytes.
        let storedBits = (source.count + 5 * (source.count / 65_535 + 1)) * 8
        writer.makeRoom(for: 1 << 10, into: &output)
        if storedBits < min(dynamicBits, fixedBits) {
            store(source, isLast: isLast, to: &writer, into: &output)
        } else if fixedBits <= dynamicBits {
            writer.write(isLast ? 0b011 : 0b010, 3)
            encode(block, fixedLiteralLengthCode, fixedDistanceCode, to: &writer, into: &output)
        } else {
            writer.write(isLast ? 0b101 : 0b100, 3)
            header.write(to: &writer)
            encode(block, literalLengthCode, distanceCode, to: &writer, into: &output)
        }
    }

    private func countSymbols(of block: DeflateTokens) {
        symbolCounts.update(from: block.entryCounts, count: 256)
        (symbolCounts + 256).update(repeating: 0, count: DeflateAlphabet.literalLengthCount - 256)
        symbolCounts[DeflateAlphabet.endOfBlock] = 1
        for index in 0..<256 { symbolCounts[Int(lengthSymbols[index] & 0xFFFF)] += block.entryCounts[256 + index] }
    }

    /// In bits, without the block's header.
    private func size(of block: DeflateTokens, _ literalLengths: PrefixCode, _ distances: PrefixCode) -> Int {
        var bits = 0
        for symbol in 0..<DeflateAlphabet.literalLengthCount {
            bits += Int(symbolCounts[symbol]) * Int(literalLengths.lengths[symbol])
        }
        for index in 0..<256 { bits += Int(block.entryCounts[256 + index]) * Int(lengthSymbols[index] >> 16 & 0xFF) }
        for symbol in 0..<DeflateAlphabet.distanceCount {
            bits += Int(block.distanceCounts[symbol]) * (Int(distances.lengths[symbol]) + DeflateAlphabet.distanceExtraBits(symbol))
        }
        return bits
    }

    private func encode(
        _ block: DeflateTokens, _ literalLengths: PrefixCode, _ distances: PrefixCode, to writer: inout BitWriter,
        into output: inout [UInt8]
    ) {
        codes.fill(literalLengths, distances, lengthSymbols: lengthSymbols)
        // At most 48 bits a token.
        let atOnce = 1 << 10
        var rest = block.all[...]
        while !rest.isEmpty {
            writer.makeRoom(for: atOnce * 6, into: &output)
            encode(UnsafeBufferPointer(rebasing: rest.prefix(atOnce)), to: &writer)
            rest = rest.dropFirst(atOnce)
        }
        writer.makeRoom(for: 16, into: &output)
        writer.write(
            UInt64(literalLengths.codes[DeflateAlphabet.endOfBlock]), Int(literalLengths.lengths[DeflateAlphabet.endOfBlock]))
    }

    /// Two tokens nearly always fit into one write.
    private func encode(_ tokens: UnsafeBufferPointer<UInt32>, to writer: inout BitWriter) {
        guard let first = tokens.baseAddress else { return }
        var local = writer
        let codes = codes
        var index = 0
        while index &+ 1 < tokens.count {
            let one = codes.bits(of: first[index])
            let two = codes.bits(of: first[index &+ 1])
            if one.count &+ two.count <= BitWriter.mostBits {
                local.write(one.bits | two.bits &<< UInt64(truncatingIfNeeded: one.count), one.count &+ two.count)
            } else {
                local.write(one.bits, one.count)
                local.write(two.bits, two.count)
            }
            index &+= 2
        }
        if index < tokens.count {
            let last = codes.bits(of: first[index])
            local.write(last.bits, last.count)
        }
        writer = local
    }

    /// RFC 1951 §3.2.4.
    private func store(_ source: UnsafeRawBufferPointer, isLast: Bool, to writer: inout BitWriter, into output: inout [UInt8]) {
        var start = 0
        repeat {
            let count = min(source.count - start, 65_535)
            let isLastPart = isLast && start + count == source.count
            writer.makeRoom(for: 16, into: &output)
            writer.write(isLastPart ? 1 : 0, 3)
            writer.alignToByte()
            writer.write(UInt64(count) | UInt64(count ^ 0xFFFF) << 16, 32)
            writer.flush(into: &output)
            output.append(contentsOf: source[start..<start + count])
            start += count
        } while start < source.count
    }
}
