import Gzip
import Testing

struct GzipDecoderTests {
    @Test func `members in a row inflate to their contents in a row`() throws {
        let one = gzip(Array("one ".utf8), .zlib(1))
        let empty = gzip([], .zlib(6))
        let two = gzip(logLines(1_000), .zlib(9))
        #expect(try gunzip(one + empty + two + empty) == Array("one ".utf8) + logLines(1_000))
    }

    @Test func `the pieces of the input make no difference`() throws {
        let contents = logLines(500)
        let data = gzip(contents, .zlib(6)) + gzip(contents, .zlib(1))
        for size in [1, 2, 7, 1_000] {
            let decoder = GzipDecoder()
            var output: [UInt8] = []
            for start in stride(from: 0, to: data.count, by: size) {
                try data[start..<min(start + size, data.count)].withUnsafeBytes { try decoder.append($0) { output += $0 } }
            }
            try decoder.finish()
            #expect(output == contents + contents)
        }
    }

    @Test func `every truncation is named as one`() throws {
        let data = gzip(logLines(3), .zlib(6))
        for count in 0..<data.count {
            #expect(throws: GzipError.truncated, "\(count) bytes") { try gunzip(Array(data.prefix(count))) }
        }
        // The first member is whole, the second is not.
        for count in data.count + 1..<2 * data.count {
            #expect(throws: GzipError.truncated, "\(count) bytes") { try gunzip(Array((data + data).prefix(count))) }
        }
    }

    @Test func `the limit is the largest size that passes`() throws {
        let contents = logLines(1_000)
        let data = gzip(contents, .zlib(1))
        #expect(try gunzip(data, limit: contents.count) == contents)
        #expect(throws: GzipError.tooLarge(limit: contents.count - 1)) { try gunzip(data, limit: contents.count - 1) }
        #expect(throws: GzipError.tooLarge(limit: 2 * contents.count - 1)) {
            try gunzip(data + data, limit: 2 * contents.count - 1)
        }
        #expect(try gunzip(gzip([], .zlib(1)), limit: 0) == [])
    }

    @Test func `a bomb is stopped at the limit, after little more than the limit was made`() throws {
        let bomb = gzip(Array(repeating: 0, count: 64 << 20), .zlib(9))
        let decoder = GzipDecoder(maximumBytes: 1 << 20)
        var delivered = 0
        #expect(throws: GzipError.tooLarge(limit: 1 << 20)) {
            try bomb.withUnsafeBytes { try decoder.append($0) { delivered += $0.count } }
        }
        #expect(delivered <= 1 << 20)
        #expect(throws: GzipError.tooLarge(limit: 1 << 20)) { try decoder.finish() }
    }

    @Test(arguments: 1...8)
    func `a wrong checksum or length is corruption`(bytesFromEnd: Int) {
        let data = gzip(Array("contents".utf8), .zlib(6))
        var damaged = data
        damaged[data.count - bytesFromEnd] ^= 0x10
        let reason =
            bytesFromEnd <= 4
            ? "incorrect length check before byte \(data.count)" : "incorrect data check before byte \(data.count - 4)"
        #expect(throws: GzipError.corrupt(reason: reason)) { try gunzip(damaged) }
    }

    @Test func `a flipped bit never gives other contents`() {
        let contents = Array("contents, contents, contents".utf8)
        let data = gzip(contents, .zlib(6))
        var unnoticed: [Int] = []
        for bit in 0..<data.count * 8 {
            var damaged = data
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let inflated = try? gunzip(damaged) else { continue }
            #expect(inflated == contents, "bit \(bit)")
            unnoticed.append(bit / 8)
        }
        // FTEXT, MTIME, XFL, OS, and the bits that fill up the last byte of the last block.
        #expect(Set(unnoticed) == Set(3...9).union([data.count - 9]))
    }

    @Test func `what follows the last member must be a member`() throws {
        let data = gzip(Array("contents".utf8), .zlib(6))
        #expect(throws: GzipError.corrupt(reason: "something other than a gzip member follows at byte \(data.count)")) {
            try gunzip(data + [0, 0])
        }
        #expect(throws: GzipError.truncated) { try gunzip(data + [0x1F]) }
        #expect(throws: GzipError.corrupt(reason: "it does not start with a gzip header")) { try gunzip(Array("{}".utf8)) }
    }

    @Test func `optional header fields are skipped`() throws {
        let plain = gzip(Array("contents".utf8), .zlib(6))
        let extra: [UInt8] = [3, 0, 1, 2, 3]
        let name = Array("file.log".utf8) + [0]
        let comment = Array("a comment".utf8) + [0]
        let header: [UInt8] = [0x1F, 0x8B, 8, 0b0001_1100, 1, 2, 3, 4, 0, 3]
        #expect(try gunzip(header + extra + name + comment + plain.dropFirst(10)) == Array("contents".utf8))
    }

    @Test func `random bytes behind a header never crash`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let body = random.bytes(Int.random(in: 0...300, using: &random))
            #expect(throws: GzipError.self) { try gunzip([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + body, limit: 1 << 20) }
        }
    }
}
