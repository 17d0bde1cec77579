import Delivery
import Testing

@testable import TranscodeService

struct MultipartParserTests {
    /// What a parser makes of a body.
    private struct Parsed: Equatable {
        var parts: [MultipartPart] = []
        var bodies: [[UInt8]] = []
        var ends = 0
        var failure: MultipartParser.Failure?
        var isComplete = false

        init(_ pieces: [[UInt8]], boundary: String = "b") throws {
            var parser = try #require(MultipartParser(boundary: boundary))
            do throws(MultipartError<Never>) {
                for piece in pieces {
                    try parser.parse(piece) { (event) throws(Never) in
                        switch event {
                        case .part(let part):
                            parts.append(part)
                            bodies.append([])
                        case .data(let data): bodies[bodies.count - 1] += data
                        case .partEnd: ends += 1
                        }
                    }
                }
                isComplete = parser.isComplete
            } catch {
                if case .form(let found) = error { failure = found }
            }
        }

        init(_ text: String, boundary: String = "b") throws { try self.init([Array(text.utf8)], boundary: boundary) }
    }

    private static let head = "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n"

    private static let samples = [
        "--b\r\n\(head)\r\nhello\r\n--b--\r\n", "--b\r\n\(head)\r\n\r\n--b--",
        "preamble\r\n--b \t\r\n\(head)\r\na\r\nb\r\n-\r\n--\r\n--b--\r\nepilogue",
        "--b\r\n\(head)\r\none\r\n--b\r\ncontent-disposition:form-data;name=x\r\nX: y\r\n\r\ntwo\r\n--b--\r\n",
        "--b\r\n\(head)\r\n\r\r\n\r\n--\r\n--c\r\n\r\n--b--", "--b\r\n\(head)\r\nhello", "--b\r\n\(head)", "--b", "",
        "--b\r\n\r\n\r\n--b--",
        "--bx", "--b-x", "x", "--b\r\n\(head)X\r\n\r\n", "--b\r\nContent-Transfer-Encoding: base64\r\n\(head)\r\n",
    ]

    @Test func `a form is taken apart`() throws {
        let parsed = try Parsed(Self.samples[3])
        #expect(parsed.parts == [MultipartPart(name: "file", fileName: "a.mp4"), MultipartPart(name: "x")])
        #expect(parsed.bodies == [Array("one".utf8), Array("two".utf8)])
        #expect(parsed.ends == 2 && parsed.isComplete && parsed.failure == nil)
    }

    @Test func `what only looks like a boundary is data`() throws {
        #expect(try Parsed(Self.samples[2]).bodies == [Array("a\r\nb\r\n-\r\n--".utf8)])
        #expect(try Parsed(Self.samples[4]).bodies == [Array("\r\r\n\r\n--\r\n--c\r\n".utf8)])
    }

    @Test func `a part may be empty`() throws {
        let parsed = try Parsed(Self.samples[1])
        #expect(parsed.bodies == [[]])
        #expect(parsed.isComplete)
    }

    @Test(arguments: samples)
    func `where reads end makes no difference`(sample: String) throws {
        let bytes = Array(sample.utf8)
        let whole = try Parsed([bytes])
        #expect(try Parsed(bytes.map { [$0] }) == whole)
        for cut in 0...bytes.count { #expect(try Parsed([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)") }
    }

    @Test(arguments: [
        ("--bx", MultipartParser.Failure.badDelimiter), ("--b-x", .badDelimiter), ("--b\rx", .badDelimiter),
        ("--b\r\n\r\n", .badDisposition), ("--b\r\nContent-Disposition: attachment; name=x\r\n\r\n", .badDisposition),
        ("--b\r\nContent-Disposition: form-data\r\n\r\n", .badDisposition),
        ("--b\r\nContent-Disposition: form-data; name=x\r\nContent-Disposition: form-data; name=y\r\n\r\n", .badDisposition),
        ("--b\r\nno field\r\n\r\n", .badHeadLine), ("--b\r\na: b\nc: d\r\n\r\n", .badHeadLine), ("--b\r\n: x\r\n\r\n", .badHeadLine),
        ("--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\n", .encodedPart("base64")),
        (String(repeating: "x", count: 5000), .preambleTooLong), ("--b\r\n" + String(repeating: "x", count: 9000), .headTooLong),
        ("--b--" + String(repeating: "x", count: 5000), .epilogueTooLong),
        (String(repeating: "--b\r\n\(head)\r\n\r\n", count: 17), .tooManyParts),
    ])
    func `what is no form is told`(text: String, failure: MultipartParser.Failure) throws { #expect(try Parsed(text).failure == failure) }

    @Test func `a form without its closing boundary is not whole`() throws {
        var parser = try #require(MultipartParser(boundary: "b"))
        try parser.parse(Array(Self.samples[5].utf8)) { (_) throws(Never) in }
        #expect(throws: MultipartParser.Failure.endedEarly) { try parser.finish() }
    }

    @Test(arguments: ["", " ", "a ", "a\"b", "ä", String(repeating: "x", count: 71)])
    func `what can't be a boundary is refused`(text: String) { #expect(MultipartParser(boundary: text) == nil) }

    @Test func `random data with boundaries scattered in it comes through as it is`() throws {
        var generator = SeededGenerator(seed: 20260204)
        let scraps = ["\r", "\n", "\r\n", "-", "--", "\r\n--", "\r\n--b", "--b", "b", "\r\n--B", "x"].map { Array($0.utf8) }
        for _ in 0..<400 {
            let data = (0..<Int.random(in: 0...60, using: &generator)).flatMap { _ in scraps.randomElement(using: &generator) ?? [] }
            // With the real boundary inside, it would not be this form.
            let isAmbiguous =
                ([0x0d, 0x0a] + data + [0x0d, 0x0a]).split(separator: Array("\r\n--b".utf8), maxSplits: 1, omittingEmptySubsequences: false)
                .count > 1
            if isAmbiguous { continue }
            let body = Array("--b\r\n\(Self.head)\r\n".utf8) + data + Array("\r\n--b--".utf8)
            var pieces: [[UInt8]] = []
            var rest = body[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...9, using: &generator))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let parsed = try Parsed(pieces)
            #expect(parsed.bodies == [data])
            #expect(parsed.isComplete && parsed.failure == nil)
        }
    }

    @Test func `random bytes never trap, and mean the same however they are cut`() throws {
        var generator = SeededGenerator(seed: 20260205)
        for _ in 0..<2000 {
            var bytes = Array(Self.samples.randomElement(using: &generator)?.utf8 ?? "".utf8)
            for _ in 0..<Int.random(in: 0...6, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.insert(contentsOf: bytes[index...].prefix(7), at: index)
                }
            }
            #expect(try Parsed(bytes.map { [$0] }) == Parsed([bytes]))
        }
    }
}
