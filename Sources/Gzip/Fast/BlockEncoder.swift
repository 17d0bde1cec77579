/// Writes tokens as one deflate block (RFC 1951 §3.2.3) of whichever kind is the smallest.
struct BlockEncoder {
    private let counts = TokenCounts()
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
        counts.deallocate()
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
        counts.count(block.all)
        countSymbols()
        literalLengthCode.build(symbolCounts)
        distanceCode.build(counts.distances)
        let headerBits = header.build(literalLengthCode, distanceCode)
        let dynamicBits = headerBits + size(literalLengthCode, distanceCode)
        let fixedBits = size(fixedLiteralLengthCode, fixedDistanceCode)
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

    private func countSymbols() {
        symbolCounts.update(from: counts.literals, count: 256)
        (symbolCounts + 256).update(repeating: 0, count: DeflateAlphabet.literalLengthCount - 256)
        symbolCounts[DeflateAlphabet.endOfBlock] = 1
        for index in 0..<256 { symbolCounts[Int(lengthSymbols[index] & 0xFFFF)] += counts[DeflateTokens.lengths + index] }
    }

    /// In bits, without the block's header.
    private func size(_ literalLengths: PrefixCode, _ distances: PrefixCode) -> Int {
        var bits = 0
        for symbol in 0..<DeflateAlphabet.literalLengthCount {
            bits += Int(symbolCounts[symbol]) * Int(literalLengths.lengths[symbol])
        }
        for index in 0..<256 { bits += Int(counts[DeflateTokens.lengths + index]) * Int(lengthSymbols[index] >> 16 & 0xFF) }
        for symbol in 0..<DeflateAlphabet.distanceCount {
            bits += Int(counts.distances[symbol]) * (Int(distances.lengths[symbol]) + DeflateAlphabet.distanceExtraBits(symbol))
        }
        return bits
    }

    private func encode(
        _ block: DeflateTokens, _ literalLengths: PrefixCode, _ distances: PrefixCode, to writer: inout BitWriter,
        into output: inout [UInt8]
    ) {
        codes.fill(literalLengths, distances, lengthSymbols: lengthSymbols)
        let atOnce = 1 << 10
        var rest = block.all[...]
        while !rest.isEmpty {
            writer.makeRoom(for: atOnce * TokenCodes.mostBits / 8, into: &output)
            encode(UnsafeBufferPointer(rebasing: rest.prefix(atOnce)), to: &writer)
            rest = rest.dropFirst(atOnce)
        }
        writer.makeRoom(for: 16, into: &output)
        writer.write(
            UInt64(literalLengths.codes[DeflateAlphabet.endOfBlock]), Int(literalLengths.lengths[DeflateAlphabet.endOfBlock]))
    }

    /// Two tokens always fit into one write, as no distance follows another; four of them nearly always.
    private func encode(_ tokens: UnsafeBufferPointer<UInt32>, to writer: inout BitWriter) {
        guard let first = tokens.baseAddress else { return }
        var local = writer
        let codes = codes
        var index = 0
        while index &+ 3 < tokens.count {
            let one = codes.bits(of: first[index])
            let two = codes.bits(of: first[index &+ 1])
            let three = codes.bits(of: first[index &+ 2])
            let four = codes.bits(of: first[index &+ 3])
            let upper = (bits: one.bits | two.bits &<< one.count, count: one.count &+ two.count)
            let lower = (bits: three.bits | four.bits &<< three.count, count: three.count &+ four.count)
            if upper.count &+ lower.count <= UInt64(BitWriter.mostBits) {
                local.write(upper.bits | lower.bits &<< upper.count, Int(truncatingIfNeeded: upper.count &+ lower.count))
            } else {
                local.write(upper.bits, Int(truncatingIfNeeded: upper.count))
                local.write(lower.bits, Int(truncatingIfNeeded: lower.count))
            }
            index &+= 4
        }
        while index < tokens.count {
            let last = codes.bits(of: first[index])
            local.write(last.bits, Int(truncatingIfNeeded: last.count))
            index &+= 1
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
