import JSONScanning
import Testing

/// Cases in the manner of JSONTestSuite (Nicolas Seriot, "Parsing JSON is a Minefield"), as values of a member.
struct JSONCorpusTests {
    @Test(arguments: [
        "[]", "[ ]", "[\n]", "[[]   ]", "[[[]]]", "{}", "{ }", #"{"":0}"#, #"{"a":[],"b":{}}"#, #"{"a":"b","a":"c"}"#, #"{"\u0000foo":42}"#,
        "0", "-0", "-0.0", "0e1", "0E+1", "1e1", "1E-2", "1.5", "123e65", "-123", "20e1", "0.1e5", "1e-999", "1e999", "123123e100000",
        "123456789012345678901234567890", "0.000000000000000000000000000000000000000000000000000000000000001", "-1.0E+28",
        "true", "false", "null", #""""#, #"" ""#, #""asd""#, #""\"\\\/\b\f\n\r\t""#, #""\u0060\u012a\u12AB\uabcd\uABCD""#,
        #""\ud83d\ude39\ud83d\udc8d""#, #""\uDBFF\uDFFF""#, #""\\u0000""#, #""\\\"""#, #""\uFFFF""#, #""/*comment*/""#, #""é日本語🙂""#,
        "\"\u{7F}\"", "\"\u{2028}\u{2029}\"", "\"new\u{A0}line\"", #""\u200B""#, #""a\\""#, #""\\\\""#,
        // Implementation-defined in the suite; decided in the scanner's documentation.
        #""\uD800""#, #""\uDC00\uD800""#, #""\uD800\uD800\n""#, #""\ud800abc""#,
        "[1 , 2\t,\r\n3 ]", #"[1,null,"x",{},[],true]"#,
    ])
    func `valid values are accepted`(value: String) {
        let scanner = JSONScanner("m")
        for line in ["{\"m\":\(value)}", " {  \"m\" : \(value) \t} ", "{\"x\":[0,\(value),1],\"m\":\(value)}"] {
            #expect(scanner.error(in: line) == nil, "\(line)")
        }
    }

    @Test(arguments: [
        "", " ", "[1 true]", "[a]", "[,", "[1,]", "[1,,]", "[,1]", "[1,,2]", "[", "]", "[1}", "[1", #"["x"#, "[1,\n1\n,1", "[[1]", "[]]",
        "{", "}", "{]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1,,"b":2}"#, "{a:1}", "{'a':1}", #"{"a" b}"#, "{1:1}",
        #"{"a":1:2}"#, #"{:"b"}"#, #"{"a":1 "b":2}"#, "{null:1}", #"{"a":"a" 1}"#, #"{"a":[}]"#, #"{"a"::1}"#, #"{"a",1}"#,
        "-", "+1", "++1", "-+1", "--1", "01", "-01", "00", "1.", "-1.", ".1", "-.1", "1.e1", "1.2.3", "0e", "0e+", "0.e1", "1e", "1e+",
        "1eE2",
        "1e1.5", "0x1", "0x42", "1_000", "1 000", "1+2", "1-2", "Infinity", "-Infinity", "NaN", "-NaN", "inf", "nan", "2.e-3", "9.e+", "1a",
        "-a",
        "１", "- 1", "1e 1",
        "tru", "truee", "True", "TRUE", "nul", "nulll", "fals", "falsee", "undefined", "t", "f", "n", "*", "@", "#", "\\", "/", "'a'",
        "`a`",
        #"""#, #"""""#, #""\"#, #""\""#, #""\a""#, #""\x00""#, #""\u""#, #""\u1""#, #""\u12""#, #""\u123""#, #""\u123g""#, #""\uqqqq""#,
        #""\U0041""#,
        #""\ ""#, #""\'""#, #""\0""#, #""\é""#, "\"\\\u{0}\"", "\"a\nb\"", "\"a\tb\"", "\"\u{0}\"", "\"\u{1F}\"", "\"12345678\u{1}\"",
        "\"a\"b", "a\"b\"", "\"a\" \"b\"", #"\u0022a""#, "1/*c*/", "/**/1", "1//", "\u{FEFF}1", "\u{A0}1", "\u{C}1", "\u{B}1", "\u{0}1",
        "1\u{0}", "1\u{7F}",
    ])
    func `invalid values are refused`(value: String) {
        let scanner = JSONScanner("m")
        for line in ["{\"m\":\(value)}", "{\"m\":\(value) }", "{\"x\":[0,\(value),1]}", "{\"m\":\(value),\"after_it\":\"12345678\"}"] {
            #expect(scanner.error(in: line) != nil, "\(line)")
        }
    }

    @Test(arguments: [
        "1", "\"a\"", "null", "[]", "[{}]", "{", "}", "{}}", "{}{}", "{},", "{}x", "x{}", "{}\u{0}", "\u{0}{}", "{} #", "{}//",
        "{\"a\":1}\"", "\u{FEFF}",
        "\u{FEFF}\u{FEFF}{}", "{\u{FEFF}}", "{\u{A0}}", "{\"", "{\"}", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{{}}", "{[]}",
        "{1}", "{,}",
    ])
    func `lines that are no single object are refused`(line: String) {
        #expect(JSONScanner("a").error(in: line) != nil)
    }
}
