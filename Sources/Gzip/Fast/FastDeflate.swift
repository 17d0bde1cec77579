/// Our own deflate, made for logs: one pass, one probe for each position, Huffman codes of each block's own.
///
/// Holds about 450 KiB, allocated once: the window, one block's tokens, the hash table.
final class FastDeflate {
    private static let windowCapacity = DeflateAlphabet.windowBytes + 192 << 10
    /// Pieces from here on are not copied into the window. They are not compared with what came before: a few KiB that find less.
    private static let largePiece = 256 << 10

    /// History of up to 32 KiB, then what has not become tokens yet.
    private let window: UnsafeMutableRawPointer
    private var filled = 0
    /// Where in the window the next block begins.
    private var start = 0
    /// Where in the member the window begins.
    private var origin = 0
    private var checksum: UInt32 = 0

    private var matchFinder = MatchFinder()
    private var tokens = DeflateTokens()
    private var writer = BitWriter()
    private let encoder = BlockEncoder()

    init() {
        window = .allocate(byteCount: Self.windowCapacity, alignment: 16)
    }

    deinit {
        window.deallocate()
        matchFinder.deallocate()
        tokens.deallocate()
        writer.deallocate()
        encoder.deallocate()
    }

    func begin() {
        filled = 0
        start = 0
        origin = 0
        checksum = 0
        matchFinder.forget()
        writer.clear()
        // The magic bytes, deflate; no flags, no time; "fastest", an unknown system (RFC 1952 §2.3.1).
        writer.write(0x08_8B1F, 24)
        writer.write(0, 40)
        writer.write(0xFF04, 16)
    }

    func append(_ piece: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        guard let base = piece.baseAddress else { return }
        if piece.count >= Self.largePiece {
            writeBlocks(of: piece, base, into: &output)
            return
        }
        checksum = CRC32.of(piece, continuing: checksum)
        var taken = 0
        while taken < piece.count {
            if filled == Self.windowCapacity {
                repeat { writeBlock(isLast: false, into: &output) } while start < Self.windowCapacity / 2
                slide()
            }
            let count = min(piece.count - taken, Self.windowCapacity - filled)
            (window + filled).copyMemory(from: base + taken, byteCount: count)
            filled += count
            taken += count
        }
    }

    /// Straight from where it stands. What came before is written first, and the window is empty then.
    private func writeBlocks(of piece: UnsafeRawBufferPointer, _ base: UnsafeRawPointer, into output: inout [UInt8]) {
        while start < filled { writeBlock(isLast: false, into: &output) }
        origin += filled
        filled = 0
        start = 0
        var at = 0
        while at < piece.count {
            let block = writeBlock(of: base, from: at, to: piece.count, isLast: false, into: &output)
            // Now that it is in the cache.
            checksum = CRC32.of(block, continuing: checksum)
            at += block.count
        }
        origin += piece.count
    }

    func finish(into output: inout [UInt8]) {
        repeat { writeBlock(isLast: true, into: &output) } while start < filled
        writer.alignToByte()
        writer.write(UInt64(checksum), 32)
        writer.write(UInt64(UInt32(truncatingIfNeeded: origin + filled)), 32)
        writer.flush(into: &output)
    }

    /// Writes as much of the window as one block takes.
    private func writeBlock(isLast: Bool, into output: inout [UInt8]) {
        start += writeBlock(of: window, from: start, to: filled, isLast: isLast, into: &output).count
    }

    /// Writes as much of `source[start..<end]` as one block takes, and gives that. `isLast`: if it is all.
    private func writeBlock(
        of source: UnsafeRawPointer, from start: Int, to end: Int, isLast: Bool, into output: inout [UInt8]
    ) -> UnsafeRawBufferPointer {
        tokens.clear()
        let reached = matchFinder.tokenize(source, from: start, to: end, origin: origin, into: &tokens)
        let block = UnsafeRawBufferPointer(start: source + start, count: reached - start)
        encoder.write(tokens, of: block, isLast: isLast && reached == end, to: &writer, into: &output)
        return block
    }

    /// Makes room for more: of what has been written only the history stays.
    private func slide() {
        let surplus = start - DeflateAlphabet.windowBytes
        window.copyMemory(from: window + surplus, byteCount: filled - surplus)
        filled -= surplus
        start -= surplus
        origin += surplus
    }
}
