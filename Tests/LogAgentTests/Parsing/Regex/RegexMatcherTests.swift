import Testing

@testable import LogAgent

struct RegexMatcherTests {
    @Test(
        arguments: [
            ("(?P<a>x+)", "yyxxx", ["a": "xxx"]),
            ("(?<a>x+)", "yy", nil),
            ("^(?P<a>\\w+) (?P<b>.*)$", "one two three", ["a": "one", "b": "two three"]),
            ("(?P<a>a*?)(?P<b>a*)", "aaa", ["a": "", "b": "aaa"]),
            ("(?P<a>a|ab)(?P<b>c|bcd)", "abcd", ["a": "a", "b": "bcd"]),
            ("(?P<a>[^\"]*)\"", "say \"x\"", ["a": "say "]),
            ("(?P<a>\\d{1,3})(?:\\.(?P<b>\\d{1,3}))?", "v 12.345", ["a": "12", "b": "345"]),
            ("(?P<a>\\d{1,3})(?:\\.(?P<b>\\d{1,3}))?", "v 12", ["a": "12"]),
            ("(?P<a>x{2,}?)", "xxxx", ["a": "xx"]),
            ("(?P<a>x{0})y", "xy", ["a": ""]),
            ("(?:(?P<a>a)|b)*", "ab", ["a": "a"]),
            ("(?P<a>(?:a|b)*)c", "xabbac", ["a": "abba"]),
            ("(?P<a>(?:a*)*)b", "aab", ["a": "aa"]),
            ("(?P<a>(?:a*)+)$", "", ["a": ""]),
            ("(?i)(?P<a>error)", "An ERRor", ["a": "ERRor"]),
            ("(?P<a>(?i:x)y)", "xY Xy", ["a": "Xy"]),
            ("(?i)(?P<a>[a-c]+)(?-i)d", "ABCd", ["a": "ABC"]),
            ("(?P<a>.+)", "x\ny", ["a": "x"]),
            ("(?s)(?P<a>.+)", "x\ny", ["a": "x\ny"]),
            ("(?m)^(?P<a>y.*)$", "x\nyz\nq", ["a": "yz"]),
            ("^(?P<a>y)", "x\ny", nil),
            ("\\b(?P<a>cat)\\b", "concat cat", ["a": "cat"]),
            ("\\B(?P<a>cat)", "cat concat", ["a": "cat"]),
            ("\\A(?P<a>\\S+)\\z", "one", ["a": "one"]),
            ("(?P<a>[[:alpha:]]+)[^[:space:]]", "ab1", ["a": "ab"]),
            ("(?P<a>[]x]+)", "a]x]", ["a": "]x]"]),
            ("(?P<a>[\\w.-]+)@", "me@x a.b-c@y", ["a": "me"]),
            ("(?P<a>[\\w-.]+)", " a-b.c ", ["a": "a-b.c"]),
            ("(?P<a>[a\\-z]+)", "b-za", ["a": "-za"]),
            ("(?P<a>é+.)", "xééü", ["a": "ééü"]),
            ("(?P<a>[à-ü]+)", "xéüz", ["a": "éü"]),
            ("(?P<a>[^a]{2})", "aéüb", ["a": "éü"]),
            ("(?P<a>\\x41\\x{1F600})", "A😀", ["a": "A😀"]),
            ("(?P<a>a{,2})", "a{,2}", ["a": "a{,2}"]),
            ("(?P<a>{)", "{", ["a": "{"]),
            ("(?P<a>a|)b", "b", ["a": ""]),
            ("(?P<a>x)", "", nil),
            ("(?P<a>)", "", ["a": ""]),
            (
                #"^(?P<ip>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>[^" ]*)[^"]*" (?P<status>\d{3}) "#,
                #"10.0.0.1 - bob [25/Nov/2026:22:47:47 +0000] "GET /a HTTP/1.1" 200 17 "-" "curl""#,
                [
                    "ip": "10.0.0.1", "user": "bob", "time": "25/Nov/2026:22:47:47 +0000", "method": "GET", "path": "/a",
                    "status": "200",
                ]
            ),
        ] as [(String, String, [String: String]?)])
    func `both engines find the first match in Perl's order`(pattern: String, line: String, groups: [String: String]?) throws {
        let matcher = RegexMatcher(try RegexProgram(pattern))
        #expect(matcher.groups(in: line) == groups)
        #expect(matcher.groups(in: line, byThreads: true) == groups)
    }

    @Test
    func `a byte that is no UTF-8 is a character of its own`() throws {
        let matcher = RegexMatcher(try RegexProgram("(?P<a>.)(?P<b>[^x])(?P<c>.)(?P<d>y)"))
        for search in [matcher.search, matcher.searchByThreads] {
            let isFound = ([0xFF, 0xC3, 0xA9, 0xE2] + Array("y".utf8)).withUnsafeBytes { search($0) }
            #expect(isFound)
            #expect((0..<4).map { matcher[$0] } == [0..<1, 1..<3, 3..<4, 4..<5])
        }
        let digits = RegexMatcher(try RegexProgram("(?P<a>\\w)"))
        #expect([0xFF, 0x80].withUnsafeBytes { digits.search($0) } == false)
    }

    /// Each of these takes other engines a time that grows with the square of the line, or doubles with each byte.
    @Test(arguments: [
        "^(?P<a>(?:a+)+)$", "^(?P<a>(?:a|a)*)$", "^(?P<a>(?:a|aa)+)$", "(?P<a>(?:a*)*)[cd]", "(?P<a>a*a*a*a*a*)[cd]",
        "(?P<a>[^c]*[^c]*)[cd]", "(?P<a>x*)(?:a?){20}a{20}[cd]", "(?P<a>.*)(?:.*)(?:.*)[cd]", "(?P<a>\\w+)\\s*[cd]",
        "(?P<a>(?:.*a){10})[cd]", "(?P<a>a*?)b*?[cd]", "(?P<a>x*)c",
    ])
    func `hostile expressions and lines end`(pattern: String) throws {
        let matcher = RegexMatcher(try RegexProgram(pattern))
        for count in [10, 1000, 10_000] {
            let line = String(repeating: "a", count: count) + "b"
            #expect(matcher.groups(in: line) == nil)
        }
    }

    @Test
    func `what is too much for going back is followed at once`() throws {
        let matcher = RegexMatcher(try RegexProgram("(?P<a>(?:a|b)*)(?P<b>c)"))
        let long = String(repeating: "ab", count: 60_000)
        #expect(matcher.groups(in: long + "c") == ["a": long, "b": "c"])
    }

    @Test
    func `texts that every match contains are known`() throws {
        #expect(try RegexProgram("(?P<a>ab+cd)e").required == Array("cde".utf8))
        #expect(try RegexProgram("(?P<a>ab+cd)e").prefix == Array("ab".utf8))
        #expect(try RegexProgram("level=(?P<a>\\w+) msg=").required == Array("level=".utf8))
        #expect(try RegexProgram("(?P<a>x|y)").required == [])
        #expect(try RegexProgram("(?i)err(?P<a>x)").required == [])
        #expect(try RegexProgram("^(?P<a>x)").isAnchored)
        #expect(try !RegexProgram("^x|(?P<a>y)").isAnchored)
    }
}
