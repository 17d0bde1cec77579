/// Why a regular expression cannot be used. Positions count characters from 0.
enum RegexError: Error, Equatable, CustomStringConvertible {
    case groupNotClosed(position: Int)
    case groupNotOpened(position: Int)
    case setNotClosed(position: Int)
    case setEmptyRange(String, position: Int)
    case unknownClass(String, position: Int)
    case unknownEscape(String, position: Int)
    case endsWithBackslash
    case nothingToRepeat(String, position: Int)
    case repeatedTwice(String, position: Int)
    case repetition(String, position: Int)
    case groupName(String, position: Int)
    case groupNameRepeated(String, position: Int)
    case backReference(String, position: Int)
    case lookAround(String, position: Int)
    case noBackingOff(String, position: Int)
    case unknownGroup(String, position: Int)
    case tooDeep(position: Int)
    case tooManyGroups
    case tooLarge
    case noName

    var description: String {
        switch self {
        case .groupNotClosed(let position): "The group that opens at position \(position) is not closed; add `)`, or write `\\(`."
        case .groupNotOpened(let position): "`)` at position \(position) closes no group; write `\\)` for the character."
        case .setNotClosed(let position): "The set that opens at position \(position) is not closed; add `]`, or write `\\[`."
        case .setEmptyRange(let range, let position): "`\(range)` at position \(position) is no range of characters from low to high."
        case .unknownClass(let name, let position):
            "`\(name)` at position \(position) is no class; use alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, "
                + "space, upper, word or xdigit, as in `[[:digit:]]`."
        case .unknownEscape(let escape, let position): "`\(escape)` at position \(position) has no meaning here."
        case .endsWithBackslash: "The expression ends with a backslash; write `\\\\` for the character."
        case .nothingToRepeat(let quantifier, let position):
            "`\(quantifier)` at position \(position) has nothing before it to repeat; write `\\\(quantifier)` for the character."
        case .repeatedTwice(let quantifier, let position):
            "`\(quantifier)` at position \(position) repeats a repetition; put the inner one into `(?:…)`."
        case .repetition(let quantifier, let position):
            "`\(quantifier)` at position \(position) must count up, to \(RegexParser.maximumCount) at most."
        case .groupName(let name, let position):
            "`\(name)` at position \(position) is no name for a group; use letters, digits and `_`, as in `(?P<status>[0-9]+)`."
        case .groupNameRepeated(let name, let position): "The group name `\(name)` at position \(position) has come before."
        case .backReference(let text, let position):
            "`\(text)` at position \(position) is a back reference: it cannot be matched in time that is proportional to the line."
        case .lookAround(let text, let position):
            "`\(text)` at position \(position) looks around: it cannot be matched in time that is proportional to the line."
        case .noBackingOff(let text, let position):
            "`\(text)` at position \(position) is not needed: no expression takes more time than in proportion to the line."
        case .unknownGroup(let text, let position):
            "`\(text)` at position \(position) opens no group that is known; use `(…)`, `(?:…)`, `(?P<name>…)`, `(?i)` or `(?i:…)` "
                + "with the flags i, m and s."
        case .tooDeep(let position):
            "Groups are nested deeper than \(RegexParser.maximumDepth) at position \(position)."
        case .tooManyGroups: "More than \(RegexParser.maximumNames) groups have names."
        case .tooLarge:
            "With its counted repetitions written out the expression has more than \(RegexCompiler.maximumInstructions) steps; "
                + "use smaller counts, `+` or `*`."
        case .noName: "No group has a name; write (?P<name>…) where a field stands."
        }
    }
}
