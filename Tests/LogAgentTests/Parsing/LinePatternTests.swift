import Delivery
import Testing

@testable import LogAgent

struct LinePatternTests {
    private func fields(_ pattern: String, _ line: String) throws -> [String: String]? {
        let pattern = try LinePattern(pattern)
        let parsing = Parsing(.pattern(pattern), pattern.captures.compactMap(\.name))
        return parsing.error(in: line) == nil ? parsing.fields(of: line) : nil
    }

    @Test(
        arguments: [
            ("<a>", "x y", ["a": "x y"]),
            ("<a> <b>", "x y z", ["a": "x", "b": "y z"]),
            ("<a> <_> <b>", "x y z", ["a": "x", "b": "z"]),
            ("[<a>] <_>", "[x] y", ["a": "x"]),
            ("<_>: <a>", ": ", ["a": ""]),
            ("<a>;", "x; and more", ["a": "x"]),
            ("a<b<c>d", "a<bxd", ["c": "x"]),
            ("<a b> <c>", "<a b> x", ["c": "x"]),
            ("<1> <c>", "<1> x", ["c": "x"]),
            ("<> <c>", "<> x", ["c": "x"]),
            ("<a", "<a", nil),
            ("é<a>ß", "éxß", ["a": "x"]),
            (
                #"<ip> - <user> [<time>] "<method> <path> <_>" <status> <bytes> <_>"#,
                #"10.0.0.1 - - [25/Nov/2026:22:47:47 +0000] "GET /a?b=c HTTP/1.1" 200 17 "-" "curl""#,
                [
                    "ip": "10.0.0.1", "user": "-", "time": "25/Nov/2026:22:47:47 +0000", "method": "GET", "path": "/a?b=c",
                    "status": "200", "bytes": "17",
                ]
            ),
        ] as [(String, String, [String: String]?)])
    func `captures take what stands between the texts`(pattern: String, line: String, expected: [String: String]?) throws {
        guard let expected else {
            #expect(throws: LinePatternError.noName) { try LinePattern(pattern) }
            return
        }
        #expect(try fields(pattern, line) == expected)
    }

    @Test(arguments: [
        ("[<a>] <b>", "x", "the line does not start with the text that the pattern starts with"),
        ("[<a>] <b>", "", nil),
        ("[<a>] <b>", "[x", "the text behind capture 1 of the pattern is nowhere behind byte 1"),
        ("<a> - <_> - <b>", "1 - 2", "the text behind capture 2 of the pattern is nowhere behind byte 4"),
    ])
    func `a line that does not fit says where`(pattern: String, line: String, error: String?) throws {
        #expect(Parsing(.pattern(try LinePattern(pattern)), ["a", "b"]).error(in: line) == error)
        #expect(Parsing(.pattern(try LinePattern(pattern)), ["a", "b"]).fields(of: line) == [:])
    }

    @Test(
        arguments: [
            (
                "<a><b>", .adjacent("a", "b", position: 3),
                "<a> and <b> at position 3 have no text between them, so nothing says where the first ends."
            ),
            (
                "x <a><_> y", .adjacent("a", "_", position: 5),
                "<a> and <_> at position 5 have no text between them, so nothing says where the first ends."
            ),
            ("<a> <a>", .repeated("a", position: 4), "<a> at position 4 has come before; use each name once, or <_>."),
            ("plain", .noName, "No field is named; write <name> where a field stands."),
            ("<_> x", .noName, "No field is named; write <name> where a field stands."),
            ("", .noName, "No field is named; write <name> where a field stands."),
        ] as [(String, LinePatternError, String)])
    func `patterns that say too little are refused`(pattern: String, error: LinePatternError, message: String) {
        #expect(throws: error) { try LinePattern(pattern) }
        #expect(error.description == message)
    }

    @Test(arguments: 0..<8)
    func `lines made from a pattern give the values that were put in`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<200 {
            var pattern = ""
            var line = ""
            var expected: [String: String] = [:]
            for index in 0..<Int.random(in: 1...5, using: &random) {
                // No value holds what the texts are made of.
                let text = String((0..<Int.random(in: 1...3, using: &random)).map { _ in "[]- |<".randomElement(using: &random) ?? "-" })
                let value = String((0..<Int.random(in: 0...4, using: &random)).map { _ in "abé9".randomElement(using: &random) ?? "a" })
                let isNamed = index == 0 || Bool.random(using: &random)
                pattern += text + (isNamed ? "<f\(index)>" : "<_>")
                line += text + value
                if isNamed { expected["f\(index)"] = value }
            }
            #expect(try fields(pattern, line) == expected, "\(pattern) on \(line)")
        }
    }
}
