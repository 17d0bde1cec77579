import Testing

@testable import Gzip

struct ByteComparisonTests {
    @Test func `each bit says whether two bytes are equal, with vectors and without`() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<2_000 {
            let one = random.bytes(64)
            let other = one.map { Bool.random(using: &random) ? $0 : UInt8.random(in: 0...255, using: &random) }
            let expected = (0..<64).reduce(UInt64(0)) { $0 | (one[$1] == other[$1] ? 1 << UInt64($1) : 0) }
            one.withUnsafeBytes { one in
                other.withUnsafeBytes { other in
                    guard let one = one.baseAddress, let other = other.baseAddress else { return }
                    #expect(ByteComparison.equality(one, other) == expected)
                    #expect(ByteComparison.equalityByWords(one, other) == expected)
                }
            }
        }
    }

    @Test func `the first six equal bytes in a row are found wherever they begin`() {
        #expect(ByteComparison.firstSix(of: 0) == 64)
        #expect(ByteComparison.firstSix(of: 0b11111) == 64)
        #expect(ByteComparison.firstSix(of: ~0 << 59) == 64)
        for start in 0...58 {
            #expect(ByteComparison.firstSix(of: 0b111111 << UInt64(start)) == start)
            #expect(ByteComparison.firstSix(of: ~0 << UInt64(start)) == start)
        }
    }
}
