import Delivery
import Testing

@testable import LogAgent

struct LogfmtReaderTests {
    private static let names = ["level", "msg", "a", "b", "http.status", "retry", "ünï"]
    private let parsing = Parsing(.logfmt, names)

    @Test(
        arguments: [
            ("level=info msg=hello", ["level": "info", "msg": "hello"]),
            (#"level=info msg="shut down""#, ["level": "info", "msg": "shut down"]),
            (#"msg="a \"b\" \\ \n\t\u00e9 \x41 \a \U0001F600""#, ["msg": "a \"b\" \\ \n\té A \u{7} 😀"]),
            (#"msg="" a= b=1"#, ["msg": "", "a": "", "b": "1"]),
            ("a=", ["a": ""]),
            ("retry a=1", ["retry": "true", "a": "1"]),
            ("a=1 retry b=2", ["retry": "true", "a": "1", "b": "2"]),
            ("a=1 retry", ["retry": "true", "a": "1"]),
            ("some words a=1", ["a": "1"]),
            ("a=1 a=2", ["a": "2"]),
            ("a=1 a", ["a": "true"]),
            ("a a=1", ["a": "1"]),
            ("a=b=c b==", ["a": "b=c", "b": "="]),
            (#"a=x"y b=1"#, ["a": #"x"y"#, "b": "1"]),
            ("  a=1\tb=2  ", ["a": "1", "b": "2"]),
            ("a=1\r", ["a": "1"]),
            ("http.status=200", ["http.status": "200"]),
            ("ünï=ß", ["ünï": "ß"]),
            ("other=1", [:]),
            ("", [:]),
        ] as [(String, [String: String])])
    func `pairs are found`(line: String, fields: [String: String]) {
        #expect(parsing.error(in: line) == nil)
        #expect(parsing.fields(of: line) == fields)
    }

    @Test(arguments: [
        ("plain words", "there is no `name=value` in the line"),
        ("   ", "there is no `name=value` in the line"),
        ("a=1 =2", "the `=` at byte 4 has no name before it"),
        (#"a=1 "b"=2"#, "found `\"` at byte 4, where a name was expected: only a value can be in quotes"),
        (#"a="1"b"#, "something follows the closing quote at byte 5; a blank was expected"),
        (#"a=1 b="2"#, "the value that starts with a quote at byte 6 has no closing one"),
        (#"a=1 b="2\"#, "the value that starts with a quote at byte 6 has no closing one"),
        (#"b=""#, "the value that starts with a quote at byte 2 has no closing one"),
    ])
    func `what is no logfmt says where`(line: String, error: String) {
        #expect(parsing.error(in: line) == error)
        #expect(parsing.fields(of: line) == [:])
    }

    @Test
    func `bytes that are no UTF-8 are carried`() {
        let (fields, error) = parsing.fields(of: Array("a=".utf8) + [0xFF, 0x20] + Array("b=2".utf8))
        #expect(error == nil)
        #expect(fields == ["a": "\u{FFFD}", "b": "2"])
    }

    @Test(arguments: 0..<8)
    func `what is written is read`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<200 {
            var expected: [String: String] = [:]
            var words: [String] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let name = Self.names.randomElement(using: &random) ?? "a"
                let value = Self.value(&random)
                expected[name] = value
                words.append("\(name)=\(Self.quoted(value, always: Bool.random(using: &random)))")
            }
            let line = words.joined(separator: Bool.random(using: &random) ? " " : "  ")
            #expect(parsing.fields(of: line) == expected, "\(line)")
        }
    }

    private static func value(_ random: inout SeededGenerator) -> String {
        let characters: [Character] = ["a", "7", " ", "=", "\"", "\\", "\n", "\t", "\u{7}", "é", "😀", "{", ","]
        return String((0..<Int.random(in: 0...6, using: &random)).map { _ in characters.randomElement(using: &random) ?? "a" })
    }

    /// As Go's `strconv.Quote` writes it, where quotes are needed.
    private static func quoted(_ value: String, always: Bool) -> String {
        guard always || value.contains(where: { " \"\\\n\t\u{7}".contains($0) }) else { return value }
        var text = "\""
        for character in value {
            switch character {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\x09"
            case "\u{7}": text += "\\a"
            case "é": text += "\\u00e9"
            case "😀": text += "\\U0001f600"
            default: text.append(character)
            }
        }
        return text + "\""
    }
}
