import Tailing
import Testing

struct LineSplitterTests {
    /// The lines of `text` when it arrives in pieces of `pieceBytes`, each read beginning where the last one stopped.
    private func lines(of text: [UInt8], pieceBytes: Int, maximumLineBytes: Int = 100, isFinal: Bool = true) -> [String] {
        let splitter = LineSplitter(maximumLineBytes: maximumLineBytes)
        var lines: [String] = []
        var offset = 0
        var available = 0
        var isInside = false
        while true {
            available = min(text.count, available + pieceBytes)
            let isLast = available == text.count
            text[offset..<available].withUnsafeBytes { piece in
                let progress = splitter.split(piece, isInsideCutLine: isInside, isFinal: isLast && isFinal) { line in
                    lines.append(String(decoding: line.bytes, as: UTF8.self) + (line.isCut ? "…" : ""))
                }
                offset += progress.consumed
                isInside = progress.isInsideCutLine
            }
            if isLast { return lines }
        }
    }

    @Test(arguments: 1...9)
    func `lines do not depend on where a read ends`(pieceBytes: Int) {
        let text = Array("one\n\ntwo \r2\r\n\nlast".utf8)
        #expect(lines(of: text, pieceBytes: pieceBytes) == ["one", "", "two \r2", "", "last"])
    }

    @Test(arguments: 1...9)
    func `a long line is cut once, wherever reads end`(pieceBytes: Int) {
        let text = Array("short\n0123456789\n0123456789\r\n0123456789a\nlonger than ten bytes\r\nend\n".utf8)
        #expect(
            lines(of: text, pieceBytes: pieceBytes, maximumLineBytes: 10)
                == ["short", "0123456789", "0123456789", "0123456789…", "longer tha…", "end"])
    }

    @Test func `a cut falls between two characters`() {
        let text = Array("aé日本語\n".utf8)
        #expect(lines(of: text, pieceBytes: 100, maximumLineBytes: 5) == ["aé…"])
        #expect(lines(of: text, pieceBytes: 100, maximumLineBytes: 6) == ["aé日…"])
        #expect(lines(of: text, pieceBytes: 100, maximumLineBytes: 7) == ["aé日…"])
    }

    @Test func `an unfinished line waits`() {
        #expect(lines(of: Array("one\ntwo".utf8), pieceBytes: 3, isFinal: false) == ["one"])
    }

    @Test func `random content is split as by the standard library`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8("ab\n\r".utf8.randomElement(using: &random) ?? 0) }
            var expected = String(decoding: text, as: UTF8.self).utf8.split(separator: 0x0a, omittingEmptySubsequences: false).map { $0 }
            if expected.last?.isEmpty ?? false { expected.removeLast() }
            let endsOpen = text.last != 0x0a
            let wanted = expected.enumerated().map { index, line in
                let isOpen = endsOpen && index == expected.count - 1
                return String(decoding: !isOpen && line.last == 0x0d ? line.dropLast() : line[...], as: UTF8.self)
            }
            let piece = Int.random(in: 1...40, using: &random)
            #expect(lines(of: text, pieceBytes: piece, maximumLineBytes: 1000) == wanted)
        }
    }

    @Test func `memory for a line without an end stays bounded`() {
        let splitter = LineSplitter(maximumLineBytes: 10)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1000)
        var count = 0
        let first = piece.withUnsafeBytes { splitter.split($0, isInsideCutLine: false, isFinal: false) { _ in count += 1 } }
        #expect(first == .init(consumed: 1000, isInsideCutLine: true, lineCount: 1, droppedBytes: 990))
        let second = piece.withUnsafeBytes { splitter.split($0, isInsideCutLine: true, isFinal: false) { _ in count += 1 } }
        #expect(second == .init(consumed: 1000, isInsideCutLine: true, lineCount: 0, droppedBytes: 1000))
        #expect(count == 1)
    }
}
