import JSONScanning
import Testing

struct JSONScannerTests {
    @Test func `every kind of value is found with its range`() throws {
        let scanner = JSONScanner("s", "e", "n", "t", "f", "z", "o", "a", "missing")
        let line = #" { "s" : "text" , "e":"a\"b", "n":-1.5e+3, "t":true, "f":false, "z":null, "o": { "x" : [ ] } , "a":[1, {}]} "#
        #expect(
            try scanner.fields(of: line) == [
                .string("text"), .string("a\"b"), .number("-1.5e+3"), ScannedField(kind: .true_, text: "true"),
                ScannedField(kind: .false_, text: "false"), ScannedField(kind: .null, text: "null"),
                ScannedField(kind: .object, text: #"{ "x" : [ ] }"#), ScannedField(kind: .array, text: "[1, {}]"), .missing,
            ])
    }

    @Test func `a string's range lies within its quotes and tells of escapes`() throws {
        let scanner = JSONScanner("a", "b")
        #expect(scanner.error(in: #"{"a":"xy","b":"\n"}"#) == nil)
        #expect(scanner[0] == FieldValue(start: 6, end: 8, kind: .string, hasEscapes: false))
        #expect(scanner[1] == FieldValue(start: 15, end: 17, kind: .string, hasEscapes: true))
    }

    @Test func `a name with escapes is the name it stands for`() throws {
        let scanner = JSONScanner("level", "http.status", "é")
        let line = #"{"le\u0076el":"INFO","h\u0074tp":{"\u0073tatus":200},"\u00e9":1}"#
        #expect(try scanner.fields(of: line) == [.string("INFO"), .number("200"), .number("1")])
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "2", ""),
        (#"{"a":{"b":1},"a":{"b":2}}"#, #"{"b":2}"#, "2"),
        (#"{"a":{"b":1},"a":{}}"#, "{}", ""),
        (#"{"a":{"b":1},"a":5}"#, "5", ""),
        (#"{"a":{"b":1},"\u0061":[]}"#, "[]", ""),
        (#"{"a.b":1,"a":{"b":2}}"#, #"{"b":2}"#, "2"),
        (#"{"a":{"b":1},"a.b":2}"#, #"{"b":1}"#, "2"),
        (#"{"a":{"b":1},"a.b":2,"a":{}}"#, "{}", "2"),
        (#"{"a":{"b":1},"a":{},"a":{"b":3}}"#, #"{"b":3}"#, "3"),
    ])
    func `the last of several members with one name wins with all that is in it`(line: String, a: String, b: String) throws {
        #expect(try JSONScanner("a", "a.b").fields(of: line).map(\.text) == [a, b])
    }

    @Test func `fields of the line before are forgotten`() throws {
        let scanner = JSONScanner("a", "b.c")
        #expect(try scanner.fields(of: #"{"a":1,"b":{"c":2}}"#) == [.number("1"), .number("2")])
        #expect(try scanner.fields(of: "{}") == [.missing, .missing])
        #expect(try scanner.fields(of: #"{"b":{"c":3}}"#) == [.missing, .number("3")])
        #expect(scanner.error(in: #"{"a":1,"b":{"c":2}"#) != nil)
        #expect(scanner[0] == .missing)
        #expect(scanner[1] == .missing)
    }

    @Test func `bytes that are no UTF-8 and other halves of surrogates are carried`() throws {
        let scanner = JSONScanner("a")
        let line = Array(#"{"a":""#.utf8) + [0xFF, 0xC3, 0x28, 0x80] + Array(#"\ud800x\udc00"}"#.utf8)
        #expect(try scanner.fields(of: line) == [.string("\u{FFFD}\u{FFFD}(\u{FFFD}\u{FFFD}x\u{FFFD}")])
    }

    @Test(arguments: ["{}\n", "{}\r\n", " \t{}", "\u{FEFF}{}", "{ }", "{\n}"])
    func `blanks and a byte order mark around the object are passed over`(line: String) {
        #expect(JSONScanner("a").error(in: line) == nil)
    }

    @Test(arguments: [
        ("", JSONScanError.Reason.empty, 0, "the line is empty; a JSON object was expected"),
        (" \r\n", .empty, 0, "the line is empty; a JSON object was expected"),
        ("plain text", .notAnObject, 0, "found `p` where a JSON object starts with `{`"),
        (" [1]", .notAnObject, 1, "found `[` where a JSON object starts with `{`"),
        (
            #"{"a":1"#, .cutOff, 5,
            "the line ends with `1` where a JSON object ends with `}`: it is cut off, or something follows the object"
        ),
        ("{a:1}", .nameExpected, 1, "found `a` where a member's name in quotes was expected"),
        (#"{"a" 1}"#, .colonExpected, 5, "found `1` where `:` was expected"),
        (#"{"a":}"#, .valueExpected, 5, "found `}` where a value was expected"),
        (#"{"a":1 "b":2}"#, .commaOrBraceExpected, 7, "found `\"` where `,` or `}` was expected"),
        (#"{"a":{}"#, .commaOrBraceExpected, 7, "found the end of the line where `,` or `}` was expected"),
        (#"{"a":[1}"#, .commaOrBracketExpected, 7, "found `}` where `,` or `]` was expected"),
        (#"{"a":truE}"#, .invalidLiteral, 5, "found `t`, which starts none of `true`, `false` and `null` here"),
        (#"{"a":-}"#, .invalidNumber, 6, "found `}` where a number needs a digit"),
        (#"{"a":"\x"}"#, .invalidEscape, 7, "found `x` in a backslash escape that JSON does not have"),
        ("{\"a\":\"\u{0}\"}", .controlByteInString, 6, "found byte 0x00 in a string, where it must be written as an escape"),
        (#"{"a":"}"#, .stringNotClosed, 5, "the string that starts here has no closing quote"),
        ("{} {}", .bytesBehindObject, 2, "found byte 0x20 behind the object; a line holds one"),
    ])
    func `an error tells what was found and where`(line: String, reason: JSONScanError.Reason, offset: Int, text: String) throws {
        let error = try #require(JSONScanner("a").error(in: line))
        #expect(error.reason == reason)
        #expect(error.offset == offset)
        #expect(error.description == text)
    }

    @Test func `a line that is cut anywhere is no object`() {
        let scanner = JSONScanner("a", "o.b")
        let line = Array(#"{"a":"caf\u00e9 \"x\" é","o":{"b":[1,-2.5e10,{"c":null}],"d":true},"last_name_is_long":false}"#.utf8)
        #expect(scanner.error(in: line) == nil)
        for count in 0..<line.count {
            // Copied, so that a read beyond the end would be one beyond the allocation.
            #expect(scanner.error(in: Array(line[..<count])) != nil, "cut at \(count)")
        }
    }

    @Test func `objects and arrays nest to the limit and no deeper`() {
        let scanner = JSONScanner("a")
        for (open, close) in [(#"{"a":"#, "}"), ("[", "]")] {
            func line(_ depth: Int) -> String {
                #"{"a":"# + String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth) + "}"
            }
            #expect(scanner.error(in: line(JSONScanner.maximumDepth - 1)) == nil)
            #expect(scanner.error(in: line(JSONScanner.maximumDepth))?.reason == .tooDeep)
            #expect(scanner.error(in: line(100_000))?.reason == .tooDeep)
        }
        #expect(scanner.error(in: #"{"a":"# + String(repeating: "[", count: 100_000) + "}")?.reason == .tooDeep)
    }

    @Test func `a huge line is one line like others`() throws {
        let text = String(repeating: "0123456789", count: 400_000)
        let scanner = JSONScanner("text", "after")
        #expect(
            try scanner.fields(of: "{\"text\":\"\(text)\",\"n\":\(text),\"after\":1}".replacing(":0123", with: ":123", maxReplacements: 1))
                == [.string(text), .number("1")])
    }
}
