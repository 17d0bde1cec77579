import Testing

@testable import LogAgent

struct LineAssemblerTests {
    /// What comes out when `pieces` come in one after the other.
    private static func assemble(_ pieces: [ArraySlice<UInt8>], limit: Int = 1000) -> (lines: String, dropped: Int) {
        var assembler = LineAssembler(maximumLineBytes: limit)
        var lines: [UInt8] = []
        var dropped = 0
        for piece in pieces {
            dropped += piece.withUnsafeBytes { assembler.take($0, into: &lines) }
            #expect(lines.isEmpty || lines.last == 0x0a, "only whole lines come out")
        }
        assembler.finish(into: &lines)
        #expect(!assembler.isInsideLine)
        return (String(decoding: lines, as: UTF8.self), dropped)
    }

    @Test func `lines are the same wherever the input is split`() {
        let input = Array("one\n\ntwo, längere Zeile\r\n\u{0}three\nunfinished".utf8)
        let expected = "one\n\ntwo, längere Zeile\r\n\u{0}three\nunfinished\n"
        for split in 0...input.count {
            let (lines, dropped) = Self.assemble([input[..<split], input[split...]])
            #expect(lines == expected)
            #expect(dropped == 0)
        }
        #expect(Self.assemble(input.indices.map { input[$0...$0] }).lines == expected)
    }

    @Test func `of a line that is too long the rest is left out and counted, wherever the input is split`() {
        let long = String(repeating: "x", count: 50)
        let input = Array("short\n\(long)\nnext\n\(long)".utf8)
        let kept = String(repeating: "x", count: 14)
        for split in 0...input.count {
            let (lines, dropped) = Self.assemble([input[..<split], input[split...]], limit: 10)
            #expect(lines == "short\n\(kept)\nnext\n\(kept)\n")
            #expect(dropped == 72)
        }
    }

    @Test func `no input makes no line`() {
        #expect(Self.assemble([]) == ("", 0))
        #expect(Self.assemble([[]]) == ("", 0))
    }
}
