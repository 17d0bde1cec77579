import Testing

@testable import LogAgent

struct SyslogStreamDecoderTests {
    private typealias Tally = SyslogStreamDecoder.Tally

    private struct Outcome: Equatable {
        var lines = ""
        var tally = Tally()
        var malformed: String?
    }

    private static func decode(_ pieces: [ArraySlice<UInt8>], limit: Int = 1000) -> Outcome {
        var decoder = SyslogStreamDecoder(maximumMessageBytes: limit)
        var outcome = Outcome()
        var lines: [UInt8] = []
        do {
            for piece in pieces {
                let slice = Array(piece)
                outcome.tally += try slice.withUnsafeBytes { (bytes) throws(SyslogStreamDecoder.Malformed) in
                    try decoder.take(bytes, into: &lines)
                }
            }
            outcome.tally += decoder.finish(into: &lines)
            #expect(!decoder.isInsideMessage || outcome.lines.isEmpty)
        } catch {
            outcome.malformed = (error as? SyslogStreamDecoder.Malformed).map { String(decoding: $0.found, as: UTF8.self) }
        }
        outcome.lines = String(decoding: lines, as: UTF8.self)
        return outcome
    }

    /// The outcome, which has to be the same for every way to split `text` in two, and byte by byte.
    private static func decode(_ text: String, limit: Int = 1000) -> Outcome {
        let bytes = Array(text.utf8)
        let whole = decode([bytes[...]], limit: limit)
        for split in 0...bytes.count {
            let halves = decode([bytes[..<split], bytes[split...]], limit: limit)
            #expect(halves.lines == whole.lines && halves.malformed == whole.malformed, "split at \(split) of \(text)")
            if whole.malformed == nil { #expect(halves.tally == whole.tally, "split at \(split) of \(text)") }
        }
        let single = decode(bytes.indices.map { bytes[$0...$0] }, limit: limit)
        #expect(single.lines == whole.lines && single.malformed == whole.malformed, "byte by byte: \(text)")
        return whole
    }

    @Test func `frames with a length`() {
        #expect(
            Self.decode("7 <13>one8 <13>a\nbc6 <13>zz") == Outcome(lines: "<13>one\n<13>a#012bc\n<13>zz\n", tally: Tally(messages: 3)))
    }

    @Test func `lines`() {
        #expect(Self.decode("<13>one\n<14>two\r\n<15>un") == Outcome(lines: "<13>one\n<14>two\n<15>un\n", tally: Tally(messages: 3)))
    }

    @Test(arguments: ["12 monkeys\n", "2026-01-02 x\n", "7\n", "1234567890 <13>x\n", "7  <13>x\n", "0 <x\n", " <13>x\n", "<13>7 <x\n"])
    func `a line that merely begins with a number is a line`(text: String) {
        let line = text.hasPrefix("\n") ? "" : text
        #expect(Self.decode(text) == Outcome(lines: line, tally: Tally(messages: 1)))
    }

    @Test func `what ends frames without being counted is passed over`() {
        #expect(Self.decode("5 <1>ab\n5 <1>cd\r\n\u{0}5 <1>ef") == Outcome(lines: "<1>ab\n<1>cd\n<1>ef\n", tally: Tally(messages: 3)))
    }

    @Test func `a connection that ends inside a frame leaves what has come of it`() {
        #expect(Self.decode("5 <1>ab50 <1>half") == Outcome(lines: "<1>ab\n<1>half\n", tally: Tally(messages: 2)))
        #expect(Self.decode("5 <1>ab50") == Outcome(lines: "<1>ab\n", tally: Tally(messages: 1)))
    }

    @Test func `bytes where a length belongs are told`() {
        #expect(Self.decode("5 <1>ab<13>x\n").malformed == "<")
        #expect(Self.decode("5 <1>ab12x <13>x\n").malformed == "12x")
        #expect(Self.decode("5 <1>ab1234567890 <13>").malformed == "1234567890")
        #expect(Self.decode("5 <1>ab<13>x\n").lines == "<1>ab\n")
    }

    @Test func `messages without a byte are counted and make no line`() {
        #expect(Self.decode("<1>a\n\n\r\n<1>b\n") == Outcome(lines: "<1>a\n<1>b\n", tally: Tally(messages: 2, empty: 2)))
        #expect(Self.decode("4 <1>a0 1 \n4 <1>b") == Outcome(lines: "<1>a\n<1>b\n", tally: Tally(messages: 2, empty: 2)))
    }

    @Test(arguments: [true, false])
    func `of a message that is too long the rest is left out and counted`(counted: Bool) {
        let long = "<1>" + String(repeating: "x", count: 47)
        let text = counted ? "50 \(long)5 <1>ab" : "\(long)\n<1>ab\n"
        #expect(
            Self.decode(text, limit: 10)
                == Outcome(lines: "\(long.prefix(14))\n<1>ab\n", tally: Tally(messages: 2, cutMessages: 1, cutBytes: 36)))
    }

    @Test func `any bytes are taken without a trap and in bounded memory`() {
        var random = SystemRandomNumberGenerator()
        let bytes = Array("0123456789 <>\n\r#x".utf8)
        for _ in 0..<2000 {
            let input = (0..<Int.random(in: 0..<60, using: &random)).map { _ in bytes[Int.random(in: 0..<bytes.count, using: &random)] }
            let cut = Int.random(in: 0...input.count, using: &random)
            let whole = Self.decode([input[...]], limit: 5)
            let halves = Self.decode([input[..<cut], input[cut...]], limit: 5)
            #expect(whole.lines == halves.lines && whole.malformed == halves.malformed, "\(input) at \(cut)")
        }
    }
}
