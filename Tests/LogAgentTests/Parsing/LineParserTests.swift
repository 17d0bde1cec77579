import Testing

@testable import LogAgent

struct LineParserTests {
    @Test
    func `JSON fields are found by dotted paths`() {
        let parsing = Parsing(.json, ["level", "http.status"])
        #expect(parsing.fields(of: #"{"level":"a\"b","http":{"status":200}}"#) == ["level": #"a"b"#, "http.status": "200"])
    }

    @Test
    func `a line that does not fit has no fields and says why`() {
        let parsing = Parsing(.json, ["level"])
        #expect(parsing.fields(of: #"{"level":"x"} y"#) == [:])
        #expect(parsing.error(in: "plain") == "found `p` where a JSON object starts with `{`")
    }

    @Test
    func `a line of text is its own message`() {
        #expect(Parsing(.text, ["message", "level"]).fields(of: "level=info") == ["message": "level=info"])
        #expect(Parsing(.text, ["level"]).fields(of: "level=info") == [:])
    }

    @Test
    func `an empty line fits every format`() {
        #expect(Parsing(.json, ["level"]).error(in: "") == nil)
        #expect(Parsing(.text, ["message"]).fields(of: "") == ["message": ""])
    }

    @Test
    func `fields of the line before do not stay`() {
        let parsing = Parsing(.json, ["level"])
        #expect(parsing.fields(of: #"{"level":"info"}"#) == ["level": "info"])
        #expect(parsing.fields(of: "") == [:])
        #expect(parsing.fields(of: #"{"level":"info"}"#) == ["level": "info"])
        #expect(parsing.fields(of: "broken") == [:])
    }
}
