import Foundation
import Gzip
import TestSupport
import Testing

struct FastDeflateTests {
    @Test func `every length up to 300 comes back, whatever the bytes are`() throws {
        var random = SeededGenerator(seed: 5)
        let encoder = GzipEncoder(level: .fast)
        for alphabet in ["a", "ab", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyzäöü"] {
            for count in 0...300 {
                let input = random.bytes(count, from: Array(alphabet.utf8))
                var output: [UInt8] = []
                encoder.compress(input.span.bytes, into: &output)
                #expect(try gunzip(output) == input, "\(count) of \(alphabet)")
            }
        }
    }

    @Test(arguments: 1...20)
    func `runs of every period and around the longest match come back`(period: Int) throws {
        var random = SeededGenerator(seed: UInt64(period))
        let pattern = random.bytes(period)
        let encoder = GzipEncoder(level: .fast)
        for count in Array(250...280) + Array(510...530) + [70_000] {
            let input = (0..<count).map { pattern[$0 % period] }
            var output: [UInt8] = []
            encoder.compress(input.span.bytes, into: &output)
            #expect(try gunzip(output) == input, "\(count) bytes")
            if count == 70_000 { #expect(output.count < 1_000) }
        }
    }

    @Test func `a repetition is found up to 32,768 bytes back and no further`() throws {
        var random = SeededGenerator(seed: 9)
        let filler = random.bytes(32_768)
        let tail = random.bytes(100)
        let phrase = Array("the same sixty-four bytes, here and a window's length further on".utf8)
        func size(distance: Int) throws -> Int {
            let input = phrase + filler.prefix(distance - phrase.count) + phrase + tail
            let output = gzip(input, .fast)
            #expect(try gunzip(output) == input, "distance \(distance)")
            return output.count - distance
        }
        let outOfReach = try size(distance: 32_769)
        // Bytes near the phrase are random: a few bytes either way are their Huffman code's.
        #expect(try size(distance: 32_768) < outOfReach - 20)
        #expect(try size(distance: 32_767) < outOfReach - 20)
        #expect(try abs(size(distance: 32_770) - outOfReach) < 10)
    }

    @Test(arguments: 1...40)
    func `mixtures of everything come back, in whatever pieces they are given`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let input = mixture(&random, upTo: seed % 8 == 0 ? 600_000 : 40_000)
        let whole = gzip(input, .fast)
        #expect(try gunzip(whole) == input)

        let encoder = GzipEncoder(level: .fast)
        var output: [UInt8] = []
        encoder.begin()
        var start = 0
        while start < input.count {
            let count = min(Int.random(in: 0...(1 << Int.random(in: 0...18, using: &random)), using: &random), input.count - start)
            encoder.append(input[start..<start + count].span.bytes, into: &output)
            start += count
        }
        encoder.finish(into: &output)
        // What is large is compressed where it stands, without what came before it.
        let isSame = input.count < 256 << 10 ? output == whole : try gunzip(output) == input && output.count < whole.count * 21 / 20
        #expect(isSame)
    }

    @Test(arguments: [(0, 300_000), (1, 262_144), (70_000, 262_143), (70_000, 262_144), (300_000, 300_000), (262_144, 1)])
    func `large pieces come back, whatever was before them`(first: Int, second: Int) throws {
        let input = Array(logLines((first + second) / 250).prefix(first + second))
        let head = Array(input[..<first])
        let tail = Array(input[first...])
        let encoder = GzipEncoder(level: .fast)
        // The encoder is the next member's, too.
        for _ in 0..<2 {
            var output: [UInt8] = []
            encoder.begin()
            encoder.append(head.span.bytes, into: &output)
            encoder.append(tail.span.bytes, into: &output)
            encoder.finish(into: &output)
            let isSame = try gunzip(output) == input
            #expect(isSame)
            #expect(output.count < gzip(input, .zlib(1)).count)
        }
    }

    @Test func `what cannot be compressed grows by little`() {
        var random = SeededGenerator(seed: 2)
        for count in [0, 1, 10, 1_000, 65_535, 65_536, 300_000] {
            let output = gzip(random.bytes(count), .fast)
            #expect(output.count <= count + 18 + 5 * (count / 32_000 + 1) + 2, "\(count) bytes")
        }
    }

    @Test func `logs become no larger than with zlib's first level`() {
        let input = logLines(2_000)
        #expect(gzip(input, .fast).count < gzip(input, .zlib(1)).count)
    }

    @Test func `other decoders agree`() throws {
        var random = SeededGenerator(seed: 21)
        let inputs = [[], [7], logLines(2_000), random.bytes(100_000), Array(repeating: 0, count: 100_000)]
        for command in [
            ["gzip", "-dc"], ["python3", "-c", "import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))"],
        ] {
            for input in inputs {
                let output = try run(command, input: gzip(input, .fast))
                #expect(output == input, "\(command[0]), \(input.count) bytes")
            }
        }
    }

    /// Literals, runs, and copies from near and far, as a fuzzer would put them together.
    private func mixture(_ random: inout SeededGenerator, upTo limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let count = 1 << Int.random(in: 0...10, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes += random.bytes(count)
            case 1: bytes += random.bytes(count, from: Array("0123456789abcdef".utf8))
            case 2: bytes += Array(repeating: UInt8.random(in: 0...255, using: &random), count: count)
            default:
                guard let distance = (1...40_000).prefix(bytes.count).randomElement(using: &random) else { continue }
                for _ in 0..<count { bytes.append(bytes[bytes.count - distance]) }
            }
        }
        return bytes
    }

    /// What `command` writes to its standard output.
    private func run(_ command: [String], input: [UInt8]) throws -> [UInt8] {
        try withTemporaryDirectory { directory in
            let path = directory + "/input"
            try Data(input).write(to: URL(fileURLWithPath: path))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = command
            process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            return Array(output)
        }
    }
}
