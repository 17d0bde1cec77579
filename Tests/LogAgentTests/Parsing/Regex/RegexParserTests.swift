import Testing

@testable import LogAgent

struct RegexParserTests {
    @Test(
        arguments: [
            ("(?P<a>x", .groupNotClosed(position: 0)),
            ("(?P<a>x))", .groupNotOpened(position: 8)),
            ("(?P<a>x)[a", .setNotClosed(position: 8)),
            ("(?P<a>x)[]", .setNotClosed(position: 8)),
            ("(?P<a>x)[z-a]", .setEmptyRange("z-a", position: 9)),
            ("(?P<a>x)[a-\\d]", .setEmptyRange("a-\\d", position: 9)),
            ("(?P<a>x)[[:alfa:]]", .unknownClass("[:alfa:]", position: 9)),
            ("(?P<a>x)\\", .endsWithBackslash),
            ("(?P<a>x)\\p{L}", .unknownEscape("\\p", position: 8)),
            ("(?P<a>x)\\x4", .unknownEscape("\\x4", position: 8)),
            ("(?P<a>x)\\x{110000}", .unknownEscape("\\x{110000}", position: 8)),
            ("(?P<a>x)\\x{D800}", .unknownEscape("\\x{D800}", position: 8)),
            ("*(?P<a>x)", .nothingToRepeat("*", position: 0)),
            ("(?P<a>x)|+", .nothingToRepeat("+", position: 9)),
            ("(?P<a>{2})", .nothingToRepeat("{2}", position: 6)),
            ("(?P<a>x**)", .repeatedTwice("*", position: 8)),
            ("(?P<a>x+{2})", .repeatedTwice("{2}", position: 8)),
            ("(?P<a>x*+)", .noBackingOff("*+", position: 7)),
            ("(?P<a>x{3,2})", .repetition("{3,2}", position: 7)),
            ("(?P<a>x{1001})", .repetition("{1001}", position: 7)),
            ("(?P<a>x{99999999999999999999})", .repetition("{99999999999999999999}", position: 7)),
            ("(?P<1>x)", .groupName("1", position: 4)),
            ("(?P<>x)", .groupName("", position: 4)),
            ("(?<a-b>x)", .groupName("a-b", position: 3)),
            ("(?P<a>x)(?P<a>y)", .groupNameRepeated("a", position: 12)),
            ("(?P<a>x)\\1", .backReference("\\1", position: 8)),
            ("(?P<a>x)\\k<a>", .backReference("\\k", position: 8)),
            ("(?P<a>x)(?P=a)", .backReference("(?P=", position: 8)),
            ("(?P<a>x)(?=y)", .lookAround("(?=", position: 8)),
            ("(?P<a>x)(?!y)", .lookAround("(?!", position: 8)),
            ("(?<=y)(?P<a>x)", .lookAround("(?<=", position: 0)),
            ("(?<!y)(?P<a>x)", .lookAround("(?<!", position: 0)),
            ("(?>y)(?P<a>x)", .noBackingOff("(?>", position: 0)),
            ("(?x)(?P<a>x)", .unknownGroup("(?x", position: 0)),
            ("(?#x)(?P<a>x)", .unknownGroup("(?#", position: 0)),
            (String(repeating: "(", count: 200), .tooDeep(position: 100)),
            ("(?P<a>(?:(?:x{100}){100}){100})", .tooLarge),
            ("(?P<a>x{1000}{1000})", .repeatedTwice("{1000}", position: 13)),
            ("(?P<a>(?:(?:){1000}){1000}x)", nil),
            ("(?P<a>(?:(?:(?:(?:(?:(?:){1000}){1000}){1000}){1000}){1000}){1000,}x)", nil),
            ("x+", .noName),
            ("(x)(?:y)", .noName),
            ("", .noName),
        ] as [(String, RegexError?)])
    func `what cannot be used says why and where`(pattern: String, error: RegexError?) {
        if let error {
            #expect(throws: error) { try RegexProgram(pattern) }
        } else {
            #expect(throws: Never.self) { try RegexProgram(pattern) }
        }
    }

    @Test
    func `errors say what to do`() {
        #expect(
            RegexError.lookAround("(?=", position: 8).description
                == "`(?=` at position 8 looks around: it cannot be matched in time that is proportional to the line.")
        #expect(
            RegexError.nothingToRepeat("*", position: 0).description
                == "`*` at position 0 has nothing before it to repeat; write `\\*` for the character.")
    }

    @Test
    func `more than a hundred names are refused`() {
        let groups = (0...100).map { "(?P<g\($0)>x)" }
        #expect(throws: RegexError.tooManyGroups) { try RegexProgram(groups.joined()) }
        #expect(throws: Never.self) { try RegexProgram(groups.dropLast().joined()) }
    }

    @Test
    func `a loop that never has to give back is known`() throws {
        func loops(_ pattern: String) throws -> [RegexProgram.Instruction.Operation] {
            try RegexProgram(pattern).instructions.map(\.operation).filter { $0 == .loop || $0 == .possessiveLoop }
        }
        #expect(try loops("(?P<a>[^\"]*)\"") == [.possessiveLoop])
        #expect(try loops("(?P<a>\\S+) ") == [.possessiveLoop])
        #expect(try loops("(?P<a>.*)") == [.possessiveLoop])
        #expect(try loops("(?P<a>\\d*)$") == [.possessiveLoop])
        #expect(try loops("(?P<a>.*)x") == [.loop])
        #expect(try loops("(?P<a>a*)(?:b|a)") == [.loop])
        #expect(try loops("(?P<a>\\w*)\\b") == [.loop])
        #expect(try loops("(?P<a>a*)b*c*a") == [.loop, .possessiveLoop, .possessiveLoop])
    }
}
