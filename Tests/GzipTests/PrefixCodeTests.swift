import Testing

@testable import Gzip

struct PrefixCodeTests {
    @Test func `lengths are those of Huffman's tree`() {
        #expect(lengths(of: [1, 1, 2, 4, 8], longest: 15) == [4, 4, 3, 2, 1])
        #expect(lengths(of: [5, 0, 5, 5, 0, 5], longest: 15) == [2, 0, 2, 2, 0, 2])
        #expect(lengths(of: [3, 9, 4], longest: 15) == [2, 1, 2])
    }

    @Test func `codes are counted up within a length and written from their first bit`() {
        // RFC 1951 §3.2.2 has this example.
        let code = PrefixCode(symbolCount: 8, longest: 15)
        defer { code.deallocate() }
        for (symbol, length) in [3, 3, 3, 3, 3, 2, 4, 4].enumerated() { code.lengths[symbol] = UInt8(length) }
        code.assignCodes()
        #expect((0..<8).map { code.codes[$0] } == [0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111])
    }

    @Test(arguments: [[], [7], [0, 0, 7], [0, 7, 0]] as [[UInt32]])
    func `fewer than two symbols become two`(counts: [UInt32]) {
        let lengths = lengths(of: counts + Array(repeating: 0, count: 5 - counts.count), longest: 15)
        #expect(lengths.filter { $0 == 1 }.count == 2)
        #expect(lengths.filter { $0 > 1 }.isEmpty)
        for (symbol, count) in counts.enumerated() where count > 0 { #expect(lengths[symbol] == 1) }
    }

    /// Fibonacci's numbers make the deepest tree.
    @Test(arguments: [(30, 15), (19, 7), (8, 3), (45, 15)])
    func `no code is longer than allowed, and every bit pattern means something`(symbols: Int, longest: Int) {
        var counts: [UInt32] = [1, 1]
        while counts.count < symbols { counts.append(counts[counts.count - 1] + counts[counts.count - 2]) }
        let lengths = lengths(of: counts, longest: longest)
        #expect(lengths.max() == longest)
        #expect(lengths.reduce(0) { $0 + 1 << (longest - $1) } == 1 << longest)
        // The more often, the shorter.
        #expect(lengths == lengths.sorted(by: >))
    }

    @Test func `random counts give complete codes close to the entropy's order`() {
        var random = SeededGenerator(seed: 4)
        for symbols in 2...286 {
            let counts = (0..<symbols).map { _ in UInt32(1) << UInt32.random(in: 0...20, using: &random) }
            let lengths = lengths(of: counts, longest: 15)
            #expect(lengths.reduce(0) { $0 + 1 << (15 - $1) } == 1 << 15)
            for (first, second) in zip(0..<symbols - 1, 1..<symbols) where counts[first] > counts[second] {
                #expect(lengths[first] <= lengths[second])
            }
        }
    }

    private func lengths(of counts: [UInt32], longest: Int) -> [Int] {
        let code = PrefixCode(symbolCount: counts.count, longest: longest)
        defer { code.deallocate() }
        code.build(counts)
        return (0..<counts.count).map { Int(code.lengths[$0]) }
    }
}
