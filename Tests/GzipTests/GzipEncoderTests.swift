import Gzip
import Testing

struct GzipEncoderTests {
    static let levels: [GzipLevel] = [.fast, .zlib(1), .zlib(2), .zlib(6), .zlib(9)]

    @Test(arguments: levels)
    func `every input comes back as it was`(level: GzipLevel) throws {
        var random = SeededGenerator(seed: 7)
        let inputs: [[UInt8]] =
            (0...300).map { logLines(2).prefix($0) + [] }
            + (0...300).map { random.bytes($0) }
            + [
                Array(repeating: 0, count: 300_000),
                random.bytes(300_000),
                random.bytes(300_000, from: Array("01".utf8)),
                logLines(2_000),
                (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 1_000) },
            ]
        let encoder = GzipEncoder(level: level)
        for input in inputs {
            var output: [UInt8] = []
            encoder.compress(input.span.bytes, into: &output)
            #expect(try gunzip(output) == input, "\(input.count) bytes")
        }
    }

    @Test(arguments: levels)
    func `the same input gives the same bytes, whatever the encoder did before`(level: GzipLevel) {
        let input = logLines(1_500)
        let encoder = GzipEncoder(level: level)
        var first: [UInt8] = []
        var other: [UInt8] = []
        var second: [UInt8] = []
        encoder.compress(input.span.bytes, into: &first)
        encoder.compress(logLines(700, seed: 2).span.bytes, into: &other)
        encoder.begin()
        encoder.append(input.span.bytes, into: &other)
        encoder.compress(input.span.bytes, into: &second)
        #expect(first == second)
        #expect(first == gzip(input, level))
    }

    @Test(arguments: levels)
    func `pieces give one member that inflates to all of them`(level: GzipLevel) throws {
        var random = SeededGenerator(seed: 3)
        let input = logLines(1_500)
        let encoder = GzipEncoder(level: level)
        for longest in [1, 100, 5_000, 300_000] {
            var output: [UInt8] = []
            var start = 0
            let end = longest == 1 ? 2_000 : input.count
            encoder.begin()
            while start < end {
                let count = min(Int.random(in: 0...longest, using: &random), end - start)
                encoder.append(input[start..<start + count].span.bytes, into: &output)
                start += count
            }
            encoder.finish(into: &output)
            #expect(try gunzip(output) == Array(input[..<end]))
        }
    }

    @Test func `output is appended to what stands there`() throws {
        let encoder = GzipEncoder(level: GzipLevel(1))
        var output: [UInt8] = []
        encoder.compress(Array("one".utf8).span.bytes, into: &output)
        encoder.compress(Array("two".utf8).span.bytes, into: &output)
        #expect(try gunzip(output) == Array("onetwo".utf8))
    }

    @Test(arguments: levels)
    func `the header says deflate, no time, no name`(level: GzipLevel) {
        let header = gzip([1, 2, 3], level).prefix(10)
        #expect(header.prefix(8) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
        #expect(header.last == 3 || header.last == 255)
    }

    @Test func `a higher level of zlib gives a smaller member`() {
        let input = logLines(1_500)
        #expect(gzip(input, GzipLevel(9)).count < gzip(input, GzipLevel(2)).count)
    }
}
