import Foundation
import JSONScanning
import Testing

struct JSONStringDecodingTests {
    private static func decoded(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = Array("before".utf8)
        text.withUnsafeBytes { JSONStringDecoding.append($0, to: &bytes) }
        return Array(bytes.dropFirst(6))
    }

    private static func decodedInPlace(_ text: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: text.count)
        let count = text.withUnsafeBytes { source in bytes.withUnsafeMutableBytes { JSONStringDecoding.decode(source, into: $0) } }
        return Array(bytes[..<count])
    }

    static let cases: [(String, String)] = [
        ("", ""), ("plain", "plain"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"a\nb"#, "a\nb"), (#"\u0041\u00e9\u20AC"#, "Aé€"),
        (#"\u0000"#, "\u{0}"), (#"\ud83d\ude42!"#, "🙂!"), (#"\uDBFF\uDFFF"#, "\u{10FFFF}"), (#"\uD800"#, "\u{FFFD}"),
        (#"\uDC00x"#, "\u{FFFD}x"),
        (#"\uD800\uD83D\uDE42"#, "\u{FFFD}🙂"), (#"\uD800\u0041"#, "\u{FFFD}A"), (#"\uD800\n"#, "\u{FFFD}\n"),
        (#"\uFFFF\uFFFD"#, "\u{FFFF}\u{FFFD}"),
        (#"\u07FF\u0800"#, "\u{7FF}\u{800}"), (#"\\u0041"#, #"\u0041"#), (#"é\\"#, #"é\"#),
    ]

    @Test(arguments: cases) func `escapes become what they stand for`(text: String, expected: String) {
        #expect(Self.decoded(Array(text.utf8)) == Array(expected.utf8))
        #expect(Self.decodedInPlace(Array(text.utf8)) == Array(expected.utf8))
    }

    @Test(arguments: cases) func `a text is compared without decoding it first`(text: String, expected: String) {
        func equals(_ other: String) -> Bool {
            Array(text.utf8).withUnsafeBytes { text in Array(other.utf8).withUnsafeBytes { JSONStringDecoding.equals(text, $0) } }
        }
        #expect(equals(expected))
        #expect(!equals(expected + "x"))
        #expect(!equals("x" + expected))
        if let last = expected.unicodeScalars.last {
            #expect(!equals(String(String.UnicodeScalarView(expected.unicodeScalars.dropLast()))))
            #expect(!equals(String(String.UnicodeScalarView(expected.unicodeScalars.dropLast())) + (last == "y" ? "z" : "y")))
        }
    }

    @Test(arguments: [#"\"#, #"\u"#, #"\u12"#, #"\u12g4"#, #"\x4g"#, #"a\"#])
    func `what no scanner lets through stays as it is`(text: String) {
        #expect(Self.decoded(Array(text.utf8)) == Array(text.utf8))
    }

    @Test func `a field is compared by its decoded text`() throws {
        let scanner = JSONScanner("a", "b", "c")
        Array(#"{"a":"x\u0079","b":"xy","c":""}"#.utf8).withUnsafeBytes { line in
            #expect(throws: Never.self) { try scanner.scan(line) }
            for (text, expected) in [("xy", [true, true, false]), ("xz", [false, false, false]), ("", [false, false, true])] {
                Array(text.utf8).withUnsafeBytes { text in
                    #expect((0..<3).map { scanner[$0].equals(text, in: line) } == expected)
                }
            }
        }
    }
}
