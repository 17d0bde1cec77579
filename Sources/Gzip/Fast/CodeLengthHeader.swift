/// The head of a dynamic block: the code lengths of both codes, run-length coded and Huffman coded themselves
/// (RFC 1951 §3.2.7).
struct CodeLengthHeader {
    /// The order in which the lengths of the code length code are written: those that are rarely needed come last.
    private static let order: [Int] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let symbolCount = 19
    private static let largestCount = DeflateAlphabet.literalLengthCount + DeflateAlphabet.distanceCount

    private let code = PrefixCode(symbolCount: symbolCount, longest: 7)
    /// Both codes' lengths in a row.
    private let lengths: UnsafeMutablePointer<UInt8>
    /// A symbol in the low 8 bits, its extra bits above.
    private let items: UnsafeMutablePointer<UInt16>
    private let counts: UnsafeMutablePointer<UInt32>
    private let state: UnsafeMutablePointer<Shape>

    private struct Shape {
        var itemCount = 0
        var literalLengthCount = 0
        var distanceCount = 0
        var codeLengthCount = 0
    }

    init() {
        lengths = .allocate(capacity: Self.largestCount)
        items = .allocate(capacity: Self.largestCount)
        counts = .allocate(capacity: Self.symbolCount)
        state = .allocate(capacity: 1)
        state.initialize(to: Shape())
    }

    func deallocate() {
        code.deallocate()
        lengths.deallocate()
        items.deallocate()
        counts.deallocate()
        state.deallocate()
    }

    /// Prepares the header for the two codes. Gives its size in bits.
    func build(_ literalLengths: PrefixCode, _ distances: PrefixCode) -> Int {
        var shape = Shape()
        shape.literalLengthCount = usedCount(of: literalLengths, least: 257)
        shape.distanceCount = usedCount(of: distances, least: 1)
        lengths.update(from: literalLengths.lengths, count: shape.literalLengthCount)
        (lengths + shape.literalLengthCount).update(from: distances.lengths, count: shape.distanceCount)
        shape.itemCount = collectItems(shape.literalLengthCount + shape.distanceCount)
        code.build(counts)
        shape.codeLengthCount = Self.symbolCount
        while shape.codeLengthCount > 4, code.lengths[Self.order[shape.codeLengthCount - 1]] == 0 { shape.codeLengthCount -= 1 }
        state.pointee = shape

        var bits = 5 + 5 + 4 + 3 * shape.codeLengthCount
        for symbol in 0..<Self.symbolCount {
            bits += Int(counts[symbol]) * (Int(code.lengths[symbol]) + Self.extraBits(symbol))
        }
        return bits
    }

    /// Writes what ``build(_:_:)`` has prepared: less than 400 bytes.
    func write(to writer: inout BitWriter) {
        let shape = state.pointee
        writer.write(UInt64(shape.literalLengthCount - 257), 5)
        writer.write(UInt64(shape.distanceCount - 1), 5)
        writer.write(UInt64(shape.codeLengthCount - 4), 4)
        for symbol in Self.order.prefix(shape.codeLengthCount) { writer.write(UInt64(code.lengths[symbol]), 3) }
        for index in 0..<shape.itemCount {
            let symbol = Int(items[index] & 0xFF)
            writer.write(UInt64(code.codes[symbol]), Int(code.lengths[symbol]))
            writer.write(UInt64(items[index] >> 8), Self.extraBits(symbol))
        }
    }

    private func usedCount(of code: PrefixCode, least: Int) -> Int {
        var count = code.symbolCount
        while count > least, code.lengths[count - 1] == 0 { count -= 1 }
        return count
    }

    /// Folds runs: 16 repeats the length before 3–6 times, 17 and 18 are 3–10 and 11–138 zeros.
    private func collectItems(_ count: Int) -> Int {
        counts.update(repeating: 0, count: Self.symbolCount)
        var itemCount = 0
        func add(_ symbol: Int, _ extra: Int = 0) {
            items[itemCount] = UInt16(symbol | extra << 8)
            counts[symbol] += 1
            itemCount += 1
        }
        var index = 0
        while index < count {
            let length = lengths[index]
            var run = 1
            while index + run < count, lengths[index + run] == length { run += 1 }
            index += run
            if length == 0 {
                while run >= 11 {
                    let part = min(run, 138)
                    add(18, part - 11)
                    run -= part
                }
                if run >= 3 {
                    add(17, run - 3)
                    run = 0
                }
            } else {
                add(Int(length))
                run -= 1
                while run >= 3 {
                    let part = min(run, 6)
                    add(16, part - 3)
                    run -= part
                }
            }
            for _ in 0..<run { add(Int(length)) }
        }
        return itemCount
    }

    private static func extraBits(_ symbol: Int) -> Int {
        switch symbol {
        case 16: 2
        case 17: 3
        case 18: 7
        default: 0
        }
    }
}
