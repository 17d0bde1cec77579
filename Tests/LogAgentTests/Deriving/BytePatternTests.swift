import Glibc
import Testing

@testable import LogAgent

@Suite struct BytePatternTests {
    @Test(arguments: [
        ("error", "an error!", true), ("error", "eror", false), ("^error", "an error", false), ("e{2}", "see", true),
        ("a.c", "a\0c", false), ("a[^b]c", "a\0c", true), ("a.c", "a\nc", true),
        ("x$", "a\0x", true), ("^$", "", true), ("", "", true), ("", "abc", true), ("abc?d", "abd", true), ("(GET|PUT) /", "PUT /x", true),
        ("[[:space:]]ms", "5 ms", true), ("ü", "für", true), ("b|c", "c", true), (#"1\.5"#, "1.5", true), (#"1\.5"#, "135", false),
        ("needle+", "needl", false), ("ab+*c", "ac", true), ("(a|b)cd", "xbcd", true), ("a)", "a)", true), ("()b", "b", true),
        (#"[\d]"#, "\\", true), (#"[\d]"#, "5", false), ("[]x]y", "]y", true), ("[^]x]y", "]y", false), ("[a-]c", "-c", true),
        ("[[.-.]]", "-", true), ("[[=a=]b]c", "ac", true), ("a{,2}b$", "aaab", true), ("^a{,2}b", "aaab", false), ("a{1,}b", "b", false),
        (#"\<in"#, "begin", false), (#"\<in"#, "go in", true), (#"in\>"#, "begin", true), (#"in\>"#, "inn", false),
        (#"\bword\b"#, "a word.", true), (#"\w\W\s\S"#, "a- x", true), ("^.{3}$", "füü", true), ("[äö]", "ü", false),
        ("(^|,)b(,|$)", "a,b", true), ("a||b", "", true), ("(a*)*b", "aab", true),
    ])
    func `it matches what POSIX says`(pattern: String, text: String, expected: Bool) throws {
        let compiled = try BytePattern(pattern)
        #expect(Array(text.utf8).withUnsafeBytes { compiled.matches($0) } == expected)
    }

    @Test func `a byte that is no UTF-8 is a character`() throws {
        let pattern = try BytePattern("^a.[^x]b$")
        #expect(([0x61, 0xff, 0x80, 0x62] as [UInt8]).withUnsafeBytes { pattern.matches($0) })
    }

    @Test func `nothing behind the text is read`() throws {
        let bytes = Array("abcdef".utf8)
        let matched = try bytes.withUnsafeBytes { try BytePattern("c$").matches(UnsafeRawBufferPointer(rebasing: $0[..<3])) }
        #expect(matched)
        #expect(try BytePattern("x").matches(UnsafeRawBufferPointer(start: nil, count: 0)) == false)
        #expect(try BytePattern("x*").matches(UnsafeRawBufferPointer(start: nil, count: 0)))
    }

    @Test(
        arguments: [
            ("(", .groupNotClosed(position: 0)), ("[a", .setNotClosed(position: 0)), ("a|*b", .nothingToRepeat("*", position: 2)),
            ("^*", .nothingToRepeat("*", position: 1)), ("a{2,1}", .repetition("{2,1}", position: 1)),
            ("a{x", .repetition("{x", position: 1)),
            ("a{1001}", .repetition("{1001}", position: 1)), ("[[:digits:]]", .unknownClass("[:digits:]", position: 1)),
            ("[b-a]", .setEmptyRange("b-a", position: 1)), (#"\d"#, .unknownEscape(#"\d"#, position: 0)), ("\\", .endsWithBackslash),
            (#"(a+)\1"#, .backReference(#"\1"#, position: 4)), ("((a{100}){100}){100}", .tooLarge),
            (String(repeating: "(", count: 101), .tooDeep(position: 100)),
            ("a" + String(repeating: "*", count: 200), .tooDeep(position: 102)),
        ] as [(String, RegexError)])
    func `a pattern that does not compile says why`(pattern: String, error: RegexError) {
        #expect(throws: error) { try BytePattern(pattern) }
    }

    /// Whether the C library finds `pattern` in `text`; nil where it does not take the pattern.
    private func expected(_ pattern: String, _ texts: [String]) -> [Bool]? {
        var expression = regex_t()
        guard regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
        defer { regfree(&expression) }
        return texts.map { regexec(&expression, $0, 0, nil, 0) == 0 }
    }

    @Test(arguments: [1, 2, 3, 4])
    func `it agrees with the C library`(seed: UInt64) throws {
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = [
            "a", "b", "ab", "a*", "b?", "(a|b)", "(ab)+", "[ab]", "a{1,2}", ".", "|", "^", "$", "b+", "(", ")", "[^a]", "c{,2}", "{2}", "*",
            "[[:alpha:]]", "\\.", "[]-]", "()",
        ]
        var compared = 0
        for _ in 0..<600 {
            let pattern = (0..<(1 + next(6))).map { _ in pieces[next(pieces.count)] }.joined()
            let texts = (0..<20).map { _ in (0..<next(6)).map { _ in ["a", "b", "c", ".", "]"][next(5)] }.joined() }
            let ours = try? BytePattern(pattern)
            guard let theirs = expected(pattern, texts) else {
                #expect(ours == nil, "\(pattern) is taken")
                continue
            }
            guard let ours else {
                Issue.record("\(pattern) is not taken")
                continue
            }
            for (text, answer) in zip(texts, theirs) {
                #expect(Array(text.utf8).withUnsafeBytes { ours.matches($0) } == answer, "\(pattern) on \(text)")
                compared += 1
            }
        }
        #expect(compared > 1000)
    }

    @Test func `a hostile pair of pattern and text takes no more than its share`() throws {
        let pattern = try BytePattern("^(((a|aa)*)*b|(a*)*c)+$")
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)
        #expect(text.withUnsafeBytes { pattern.matches($0) } == false)
    }
}
