import Testing

@testable import JSONScanning

struct FieldPathsTests {
    @Test func `paths get slots in their order and duplicates share one`() {
        let paths = FieldPaths(["event", "http.status", "event", "level"])
        #expect(paths.paths == ["event", "http.status", "level"])
        #expect(paths.slot(of: "event") == 0)
        #expect(paths.slot(of: "http.status") == 1)
        #expect(paths.slot(of: "level") == 2)
        #expect(paths.slot(of: "http") == nil)
    }

    @Test func `names that differ only in Unicode composition have their own slots`() throws {
        let scanner = JSONScanner("\u{E9}", "e\u{301}")
        #expect(try scanner.fields(of: "{\"e\u{301}\":1,\"\u{E9}\":2}") == [.number("2"), .number("1")])
    }

    @Test(arguments: [
        #"{"a":{"b":{"c":1}}}"#, #"{"a.b.c":1}"#, #"{"a":{"b.c":1}}"#, #"{"a.b":{"c":1}}"#,
        #"{"x":{"a":{"b":{"c":0}}},"a":{"x":{"c":0},"b":{"x":0,"c":1}}}"#,
    ])
    func `a dotted path matches in every way of joining its parts`(line: String) throws {
        #expect(try JSONScanner("a.b.c").fields(of: line) == [.number("1")])
    }

    @Test(arguments: [#"{"a":[{"b":1}]}"#, #"{"a":{"c":{"b":1}}}"#, #"{"b":1}"#, #"{"a":1}"#, #"{"a":"b"}"#, #"{"x":{"a":{"b":1}}}"#])
    func `a dotted path does not match elsewhere`(line: String) throws {
        #expect(try JSONScanner("a.b").fields(of: line) == [.missing])
    }

    @Test func `a path and the paths below it are found together`() throws {
        let scanner = JSONScanner("a", "a.b", "a.b.c", "a.d")
        #expect(
            try scanner.fields(of: #"{"a":{"b":{"c":null},"d":[1]}}"#) == [
                ScannedField(kind: .object, text: #"{"b":{"c":null},"d":[1]}"#), ScannedField(kind: .object, text: #"{"c":null}"#),
                ScannedField(kind: .null, text: "null"), ScannedField(kind: .array, text: "[1]"),
            ])
    }

    @Test func `odd paths are names like others`() throws {
        let scanner = JSONScanner("", ".", "a..b", "a.", ".b")
        #expect(
            try scanner.fields(of: #"{"":{"":1},"a":{"":{"b":2}},".b":3}"#) == [
                ScannedField(kind: .object, text: #"{"":1}"#), .number("1"), .number("2"),
                ScannedField(kind: .object, text: #"{"b":2}"#), .number("3"),
            ])
    }

    @Test(arguments: [0, 1, 2, 7, 8, 9, 15, 16, 17, 18, 31, 100])
    func `names of any length are told apart in every byte`(count: Int) throws {
        let name = String(repeating: "n", count: count)
        let scanner = JSONScanner(name)
        #expect(try scanner.fields(of: "{\"\(name)\":1}") == [.number("1")])
        #expect(try scanner.fields(of: "{\"\(name)n\":1}") == [.missing])
        for index in 0..<count {
            var bytes = Array(name.utf8)
            bytes[index] = UInt8(ascii: "m")
            #expect(try scanner.fields(of: "{\"\(String(decoding: bytes, as: UTF8.self))\":1}") == [.missing])
            bytes.remove(at: index)
            #expect(try scanner.fields(of: "{\"\(String(decoding: bytes, as: UTF8.self))\":1}") == [.missing])
        }
    }

    @Test(arguments: [0, 1, 2, 3, 12, 60, 400])
    func `any number of paths is found`(count: Int) throws {
        let names = (0..<count).map { "name_\($0 * 7919)\($0 % 3 == 0 ? ".inner" : "")" }
        let scanner = JSONScanner(paths: FieldPaths(names))
        let members = names.enumerated().reversed().map { index, name in
            let parts = name.split(separator: ".")
            return parts.count == 1 ? "\"\(name)\":\(index)" : "\"\(parts[0])\":{\"\(parts[1])\":\(index)}"
        }
        let line = "{" + (members + [#""other":{"inner":-1}"#]).joined(separator: ",") + "}"
        #expect(try scanner.fields(of: line) == (0..<count).map { .number("\($0)") })
    }
}
