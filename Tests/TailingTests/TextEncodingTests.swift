import Foundation
import Tailing
import TestSupport
import Testing

struct TextEncodingTests {
    static let samples: [(String, [UInt8], String)] = [
        ("latin1", [0x63, 0x61, 0x66, 0xe9], "café"),
        ("windows-1250", [0x9e, 0x6c, 0x75, 0x9d], "žluť"),
        ("windows-1251", [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2], "Привет"),
        ("windows-1252", [0x80], "€"),
        ("windows-1253", [0xe1, 0xe2, 0xe3], "αβγ"),
        ("windows-1254", [0xfd, 0xfe, 0xf0], "ışğ"),
        ("windows-1255", [0xf9, 0xec, 0xe5, 0xed], "שלום"),
        ("windows-1256", [0xd3, 0xe1, 0xc7, 0xe3], "سلام"),
        ("koi8-r", [0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4], "Привет"),
        ("shift_jis", [0x93, 0xfa, 0x96, 0x7b, 0x95, 0x5c], "日本表"),
        ("euc-jp", [0xc6, 0xfc, 0xcb, 0xdc], "日本"),
        ("big5", [0xa4, 0xa4, 0xa4, 0xe5], "中文"),
        ("gbk", [0xd6, 0xd0, 0xce, 0xc4], "中文"),
        ("gb18030", [0xd6, 0xd0, 0x81, 0x30, 0x81, 0x30], "中\u{80}"),
        ("utf-16le", [0x41, 0, 0x0a, 0x0a, 0x3d, 0xd8, 0x00, 0xde], "Aਊ😀"),
        ("UTF-16BE", [0, 0x41, 0x0a, 0x0a, 0xd8, 0x3d, 0xde, 0x00], "Aਊ😀"),
        ("utf-32le", [0x41, 0, 0, 0, 0x00, 0xf6, 0x01, 0x00], "A😀"),
    ]

    @Test(arguments: samples)
    func `lines of many encodings become UTF-8`(name: String, bytes: [UInt8], text: String) throws {
        let encoding = try TextEncoding(named: name)
        let newline = encode("\n", encoding.unit)
        let lines = decodedLines(of: bytes + newline + bytes + newline, encoding: encoding, pieceBytes: 3)
        #expect(lines == [text, text])
    }

    @Test func `unknown encodings, and those without plain line ends, are refused`() {
        #expect(throws: TextEncoding.Problem.unknown) { try TextEncoding(named: "no-such-encoding") }
        #expect(throws: TextEncoding.Problem.unusualNewline) { try TextEncoding(named: "EBCDIC-US") }
    }

    @Test func `what is no text becomes U+FFFD, and is counted`() throws {
        let decoder = try #require(TextDecoder(try TextEncoding(named: "utf-16le")))
        // A surrogate without its other half, then half a unit.
        let bytes: [UInt8] = [0x41, 0, 0x3d, 0xd8, 0x42, 0, 0x43]
        let text = bytes.withUnsafeBytes { raw in
            LineSplitter(maximumLineBytes: 100, unit: .utf16LittleEndian).firstLine(of: raw).map {
                String(decoding: decoder.decode($0, markBytes: 0).bytes, as: UTF8.self)
            }
        }
        #expect(text == "A\u{fffd}B\u{fffd}")
        #expect(decoder.replacedSequences == 2)
    }

    @Test(arguments: [CodeUnit.utf16LittleEndian, .utf16BigEndian, .utf32LittleEndian, .utf32BigEndian])
    func `lines by units are those of the same text in UTF-8, wherever reads end`(unit: CodeUnit) throws {
        var random = SystemRandomNumberGenerator()
        let name = "\(unit)".contains("16") ? "utf-16" : "utf-32"
        let encoding = try TextEncoding(named: name + ("\(unit)".contains("Little") ? "le" : "be"))
        for _ in 0..<100 {
            let characters: [Character] = ["a", "ਊ", "\u{0d0a}", "😀", "\n", "\r", "\u{0a00}", "é", "\u{000d}\n"]
            let text =
                String((0..<Int.random(in: 0...60, using: &random)).map { _ in characters.randomElement(using: &random) ?? "a" }) + "\n"
            let bytes = encode(text, unit)
            let wanted = lines(of: text)
            #expect(decodedLines(of: bytes, encoding: encoding, pieceBytes: Int.random(in: 1...30, using: &random)) == wanted)
        }
    }

    @Test func `a long line is cut between characters, and the rest is left out`() throws {
        let encoding = try TextEncoding(named: "utf-16le")
        let bytes = encode("😀😀😀😀\nshort\n", encoding.unit)
        for limit in 8...15 {
            let lines = decodedLines(of: bytes, encoding: encoding, pieceBytes: 5, maximumLineBytes: limit)
            #expect(lines == [limit < 12 ? "😀😀…" : "😀😀😀…", "short"].map { limit >= 10 ? $0 : $0 == "short" ? "shor…" : $0 })
        }
    }

    @Test func `a mark tells the encoding, also when reading is resumed`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            for (mark, encoding) in [([0xff, 0xfe], "utf-16le"), ([0xfe, 0xff], "utf-16be"), ([0xef, 0xbb, 0xbf], "utf-8")]
                as [([UInt8], String)]
            {
                unlink(path)
                let encoding = try TextEncoding(named: encoding)
                // Byte by byte at first.
                for byte in mark + encode("one\n", encoding.unit) { try append([byte], to: path) }
                let first = TailDriver([path])
                #expect(TextEncoding.of(declared: .utf8, mark: first.tails.files.values.first?.byteOrderMark) == encoding)
                try append(encode("two\n", encoding.unit), to: path)
                let second = TailDriver([path], restoring: first.save())
                #expect(TextEncoding.of(declared: .utf8, mark: second.tails.files.values.first?.byteOrderMark) == encoding)
            }
        }
    }

    @Test func `a mark is a letter in other encodings`() throws {
        let latin = try TextEncoding(named: "latin1")
        #expect(TextEncoding.of(declared: latin, mark: .utf16LittleEndian) == latin)
        #expect(latin.markBytes(.utf16LittleEndian) == 0)
        #expect(TextEncoding.utf8.markBytes(.utf8) == 3)
    }

    // MARK: Encoding

    private func encode(_ text: String, _ unit: CodeUnit) -> [UInt8] {
        switch unit {
        case .byte: Array(text.utf8)
        case .utf16LittleEndian: text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        case .utf16BigEndian: text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        case .utf32LittleEndian: text.unicodeScalars.flatMap { scalar in (0..<4).map { UInt8(scalar.value >> (8 * $0) & 0xff) } }
        case .utf32BigEndian: text.unicodeScalars.flatMap { scalar in (0..<4).reversed().map { UInt8(scalar.value >> (8 * $0) & 0xff) } }
        }
    }

    private func lines(of text: String) -> [String] {
        decodedLines(of: Array(text.utf8), encoding: .utf8, pieceBytes: 1000)
    }

    /// In pieces of `pieceBytes`, as reads bring them.
    private func decodedLines(
        of bytes: [UInt8], encoding: TextEncoding, pieceBytes: Int, maximumLineBytes: Int = 1000
    ) -> [String] {
        guard let decoder = TextDecoder(encoding) else { return [] }
        let splitter = LineSplitter(maximumLineBytes: maximumLineBytes, unit: encoding.unit)
        var lines: [String] = []
        var start = 0
        var end = 0
        var isInsideCutLine = false
        while end < bytes.count {
            end = min(end + pieceBytes, bytes.count)
            let progress = Array(bytes[start..<end]).withUnsafeBytes { piece in
                splitter.split(piece, isInsideCutLine: isInsideCutLine, isFinal: end == bytes.count) { line in
                    lines.append(String(decoding: decoder.decode(line, markBytes: 0).bytes, as: UTF8.self) + (line.isCut ? "…" : ""))
                }
            }
            start += progress.consumed
            isInsideCutLine = progress.isInsideCutLine
        }
        return lines
    }
}

extension LineSplitter {
    /// The line that all of `bytes` are.
    fileprivate func firstLine(of bytes: UnsafeRawBufferPointer) -> Line? {
        var first: Line?
        _ = split(bytes, isInsideCutLine: false, isFinal: true) { first = first ?? $0 }
        return first
    }
}
