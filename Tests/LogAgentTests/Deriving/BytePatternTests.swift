import Testing

@testable import LogAgent

@Suite struct BytePatternTests {
    @Test(arguments: [
        ("error", "error", true), ("error [0-9]+ in", "error ", true), ("a|b", "", false), ("(a|b)cd", "cd", true), ("abc?", "ab", true),
        ("abc*", "ab", true), ("abc+", "abc", true), ("abc+*", "", false), ("abc{0,1}d", "ab", true), ("ab{x", "", false),
        ("^/api/v1/$", "/api/v1/", true), (#"a\.b\w"#, "a.b", true), (#"foo\.bar"#, "foo.bar", true), ("[]x]yz", "yz", true),
        ("[^]x]y", "y", true), ("[[:digit:]]ms", "ms", true), ("", "", false), (".*", "", false), ("(((abc)))", "", false),
        (#"\bword\b"#, "word", true), ("(unclosed|x)y.zz", "zz", true),
    ])
    func `the literal is part of every match`(pattern: String, literal: String, hasLiteral: Bool) {
        let literals = PatternLiterals(Array(pattern.utf8))
        #expect(String(decoding: literals.longest, as: UTF8.self) == literal)
        #expect(literals.longest.isEmpty != hasLiteral)
    }

    @Test(arguments: [
        ("error", "an error!", true), ("error", "eror", false), ("^error", "an error", false), ("e{2}", "see", true),
        ("a.c", "a\0c", false), ("a[^b]c", "a\0c", true),
        ("x$", "a\0x", true), ("^$", "", true), ("", "", true), ("", "abc", true), ("abc?d", "abd", true), ("(GET|PUT) /", "PUT /x", true),
        ("[[:space:]]ms", "5 ms", true), ("ü", "für", true), ("b|c", "c", true), (#"1\.5"#, "1.5", true), (#"1\.5"#, "135", false),
        ("needle+", "needl", false), ("ab+*c", "ac", true), ("(a|b)cd", "xbcd", true),
    ])
    func `it matches what POSIX says`(pattern: String, text: String, expected: Bool) throws {
        let compiled = try BytePattern(pattern)
        #expect(Array(text.utf8).withUnsafeBytes { compiled.matches($0) } == expected)
    }

    @Test func `nothing behind the text is read`() throws {
        let bytes = Array("abcdef".utf8)
        let matched = try bytes.withUnsafeBytes { try BytePattern("c$").matches(UnsafeRawBufferPointer(rebasing: $0[..<3])) }
        #expect(matched)
    }

    @Test(arguments: [("(", "Unmatched ( or \\("), ("[a", "Unmatched [, [^, [:, [., or [="), ("a\0b", "it contains a NUL byte")])
    func `a pattern that does not compile says why`(pattern: String, reason: String) {
        #expect(throws: BytePatternError(pattern: pattern, reason: reason)) { try BytePattern(pattern) }
    }

    @Test func `back references are refused`() {
        #expect(throws: BytePatternError(pattern: #"(a+)\1"#, reason: "back references are not supported")) {
            try BytePattern(#"(a+)\1"#)
        }
    }

    @Test(arguments: [1, 2, 3])
    func `looking for the literal first never changes the answer`(seed: UInt64) throws {
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = ["a", "b", "ab", "a*", "b?", "(a|b)", "(ab)+", "[ab]", "a{1,2}", ".", "|", "^", "$", "b+"]
        var compared = 0
        for _ in 0..<400 {
            let pattern = (0..<(1 + next(5))).map { _ in pieces[next(pieces.count)] }.joined()
            guard let fast = try? BytePattern(pattern), let plain = try? BytePattern("(\(pattern))") else { continue }
            #expect(plain.requiredLiteral.isEmpty)
            for _ in 0..<20 {
                let text = (0..<next(6)).map { _ in ["a", "b", "c"][next(3)] }.joined()
                let bytes = Array(text.utf8)
                let answers = bytes.withUnsafeBytes { (fast.matches($0), plain.matches($0)) }
                #expect(answers.0 == answers.1, "\(pattern) on \(text)")
                compared += 1
            }
        }
        #expect(compared > 1000)
    }
}
