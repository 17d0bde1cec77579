import Configuration
import Foundation
import TestSupport
import Testing

@Suite struct `A configuration file` {
    @Test(arguments: [
        "a: 1, b: [true, null, 'x']",
        "{a: 1, b: [true, null, 'x']}",
        "// first\n{ \"a\": +1.0, /* second */ 'b': [true, null, \"x\",], } // third",
        "\u{FEFF}a: 0x1,\r\nb: [\n  true,\n  null,\n  \"\\u0078\"\n]\r\n",
        "a: 1e0,b:[true,null,'\\x78'],",
        "a: .1e1, b: [true, null, 'x'],\n// the end",
    ])
    func `is JSON5 with or without the outermost braces`(text: String) {
        let (root, problems) = parse(text)
        #expect(root?.value == .object(["a": .number(1), "b": .array([.bool(true), .null, .string("x")])]))
        #expect(problems.sorted == [])
    }

    @Test func `may break texts across lines`() {
        let (root, problems) = parse("a: 'x\\\ny', b: \"1\\\r\n2\\n\\\n\\\n3\", c: [1 /* \\\n */]\nd: 1")
        #expect(root == nil)
        #expect(problems.sorted.map(\.summary) == ["f:7:1: error: Expected `,` after the value of `c`, found `d`."])
        let good = parse("a: 'x\\\ny', b: \"1\\\r\n2\\n\\\n\\\n3\", c: [1 /* \\\n */]\n")
        #expect(good.root?.value == .object(["a": .string("xy"), "b": .string("12\n3"), "c": .array([.number(1)])]))
    }

    @Test(arguments: ["", "  \n", "// nothing", "{}"])
    func `may be empty`(text: String) {
        #expect(parse(text).root?.value == .object([:]))
    }

    @Test(arguments: [
        ("a: 1,\nb 2", "f:2:3: error: Expected `:` after the key `b`, found `2`."),
        ("a: 1\nb: 2", "f:2:1: error: Expected `,` after the value of `a`, found `b`."),
        ("a: [1 2]", "f:1:7: error: Expected `,` or `]` after a list's element, found `2`."),
        ("a: [1,,2]", "f:1:7: error: Expected a value, found `,`."),
        ("a: {b: 1,\n\n", "f:1:4: error: This `{` is never closed."),
        ("a: [1,\n", "f:1:4: error: This `[` is never closed."),
        ("{a: 1", "f:1:1: error: This `{` is never closed."),
        ("{a: 1} b", "f:1:8: error: Expected the end of the file after the closing `}` of the file, found `b`."),
        ("a: 1}", "f:1:5: error: Expected `,` after the value of `a`, found `}`."),
        ("a: 'x", "f:1:4: error: This text is never closed."),
        ("a: \"x\ny\"", "f:1:4: error: This text is not closed before the end of its line."),
        ("a: 'x\ty'", "f:1:6: error: A control character in a text must be escaped (`\\t`)."),
        ("a: 'x\u{1}y'", "f:1:6: error: A control character in a text must be escaped (`\\u0001`)."),
        ("a: '\\q'", "f:1:5: error: Unknown escape in a text; a backslash itself is written `\\\\`."),
        ("a: '\\u12'", "f:1:5: error: This escape needs 4 hexadecimal digits."),
        ("/* a: 1", "f:1:1: error: This comment is never closed."),
        ("a: 1 / 2", "f:1:6: error: Expected `//` or `/*` here, found a single `/`."),
        ("# a", "f:1:1: error: Expected a key, found `#` (comments start with `//`)."),
        ("a: tru", "f:1:4: error: `tru` is not a value; a text must be in quotes."),
        ("a: 10s", "f:1:4: error: `10s` is not a number; a text (also a duration or a size) must be in quotes."),
        ("a: 01", "f:1:4: error: `01` is not a number; a text (also a duration or a size) must be in quotes."),
        ("a: -", "f:1:4: error: `-` is not a number; a text (also a duration or a size) must be in quotes."),
        ("a: 0x", "f:1:4: error: `0x` is not a number; a text (also a duration or a size) must be in quotes."),
        ("a: [1, NaN]", "f:1:8: error: NaN is not allowed; use a finite number."),
        ("a: -Infinity", "f:1:4: error: -Infinity is not allowed; use a finite number."),
        ("a: 1e999", "f:1:4: error: `1e999` is too large or too small a number."),
        ("a:\n\n", "f:3:1: error: Expected a value, found the end of the file."),
        ("a-b: 1", "f:1:2: error: A key with `-` must be in quotes."),
        ("[1]", "f:1:1: error: Expected a key, found `[`."),
        ("ä: 'öö', b: ,", "f:1:13: error: Expected a value, found `,`."),
        ("a: 1, a: 2", "f:1:7: error: `a` is there twice, first in line 1; keep one."),
        ("s: [{\n x: 1,\n 'x': 2 }]", "f:3:2: error: `s[0].x` is there twice, first in line 2; keep one."),
    ])
    func `tells where it is wrong`(text: String, problem: String) {
        #expect(problems(of: text) { for key in ["a", "b", "s", "ä"] { _ = $0[key] } } == [problem])
    }

    @Test func `may nest 64 levels deep and no deeper`() {
        func nested(_ depth: Int) -> String {
            "{a: " + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(problems(of: nested(64)) { _ = $0["a"] } == [])
        #expect(problems(of: nested(65)) == ["f:1:68: error: Nested more than 64 levels deep."])
        #expect(problems(of: nested(100_000)) == ["f:1:68: error: Nested more than 64 levels deep."])
    }

    @Test func `must be UTF-8`() {
        let problems = ConfigurationProblems()
        #expect(ConfigurationFile([0x61, 0x3a, 0x0a, 0x22, 0xff, 0x22], name: "f", directory: ".", problems: problems) == nil)
        #expect(problems.sorted.map(\.summary) == ["f:2:2: error: The file is not UTF-8 text."])
    }

    @Test func `must be readable and of sensible size`() throws {
        try withTemporaryDirectory { directory in
            let problems = ConfigurationProblems()
            #expect(ConfigurationFile.read(directory + "/none", problems: problems) == nil)
            #expect(ConfigurationFile.read(directory, problems: problems) == nil)
            try Data(repeating: UInt8(ascii: " "), count: ConfigurationFile.maximumBytes + 1).write(to: URL(filePath: directory + "/big"))
            #expect(ConfigurationFile.read(directory + "/big", problems: problems) == nil)
            #expect(
                problems.sorted.map(\.summary) == [
                    "\(directory)/none: error: Cannot read the configuration: open \(directory)/none: No such file or directory.",
                    "\(directory): error: Cannot read the configuration: read \(directory): Is a directory.",
                    "\(directory)/big: error: Cannot read the configuration: \(directory)/big is larger than 4194304 bytes.",
                ])
        }
    }

    /// `JSONDecoder` reads past the end of a number that ends its input, and traps where more digits happen to stand there.
    @Test(arguments: ["123456789012345678901", "5.", "0xFF", "1e5", "12345678901234567890", "1.5"])
    func `may end in a number`(number: String) {
        #expect(problems(of: "a: \(number)") { _ = $0["a"]?.number() } == [])
    }

    @Test func `never crashes, whatever is changed in it`() {
        let original = Array(
            "// c\n{a: [1, 2.5e3, 'x', \"y\\n\"], 'b': {c: null, d: true, \"e\": -0x1F,}, /* z */ f: '${A:-b}', g: \"10s\"}".utf8)
        var generator = SplitMix(state: 42)
        for _ in 0..<5_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(Array("{}[],:'\"\\/*0.eE+-$x\n".utf8).randomElement(using: &generator) ?? 0, at: index)
                default: bytes = Array(bytes[..<max(1, index)])
                }
            }
            let problems = ConfigurationProblems()
            let file = ConfigurationFile(bytes, name: "f", directory: ".", problems: problems)
            // What is refused is told, with its place.
            #expect(file != nil || problems.sorted.first?.position != nil, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}

/// A small generator with a seed, so that a failure can be seen again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
