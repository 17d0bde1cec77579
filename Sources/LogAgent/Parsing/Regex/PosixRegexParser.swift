import Configuration

/// Reads a POSIX extended regular expression (IEEE Std 1003.1, 9.4) in the C locale's classes, as GNU's `regcomp` takes it.
///
/// | syntax | meaning |
/// | --- | --- |
/// | `.` | any character but NUL |
/// | `[a-z]` `[^a-z]` `[[:alpha:]]` `[[.-.]]` `[[=a=]]` | one of these characters, or none of these; a backslash is one as well |
/// | `* + ? {n} {n,} {,m} {n,m}` | repetitions, also of repetitions |
/// | `a|b` `(…)` | one of these; a group |
/// | `^ $` | start and end of the text, wherever they stand |
/// | `\w \W \s \S \b \B \< \>`, backslash and backquote or quote | GNU's: word characters, blanks, a word's edges, start and end of the text |
/// | `\` and a sign | that character |
struct PosixRegexParser {
    private var cursor: RegexCursor
    private var depth = 0

    private init(_ pattern: String) {
        cursor = RegexCursor(pattern)
    }

    static func parse(_ pattern: String) throws(RegexError) -> RegexNode {
        var parser = PosixRegexParser(pattern)
        return try parser.alternatives()
    }

    private mutating func alternatives() throws(RegexError) -> RegexNode {
        var branches = [try sequence()]
        while cursor.skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(RegexError) -> RegexNode {
        var nodes: [RegexNode] = []
        // What closes no group is a character.
        while let character = cursor.next, character != "|", character != ")" || depth == 0 { nodes.append(try repeated(try atom())) }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ atom: RegexNode) throws(RegexError) -> RegexNode {
        // A repetition behind `^` has nothing to repeat.
        if case .assertion = atom { return atom }
        var node = atom
        var levels = 0
        while let counts = try quantifier() {
            levels += 1
            if depth + levels > RegexParser.maximumDepth { throw .tooDeep(position: cursor.place) }
            node = .repetition(node, minimum: counts.minimum, maximum: counts.maximum, isGreedy: true)
        }
        return node
    }

    private mutating func quantifier() throws(RegexError) -> (minimum: Int, maximum: Int?)? {
        if let counts = cursor.repetitionSign() { return counts }
        let start = cursor.place
        guard cursor.skip("{") else { return nil }
        let first = cursor.number()
        var last = first
        let isRange = cursor.skip(",")
        if isRange { last = cursor.number() }
        let minimum = first ?? 0
        guard first != nil || isRange, cursor.skip("}"), minimum <= RegexParser.maximumCount, last ?? 0 <= RegexParser.maximumCount,
            last ?? minimum >= minimum
        else {
            while cursor.ahead(-1) != "}", !cursor.isAtEnd, cursor.place - start < 16 { cursor.place += 1 }
            throw .repetition(cursor.text(from: start), position: start)
        }
        return (minimum, last)
    }

    private mutating func atom() throws(RegexError) -> RegexNode {
        let start = cursor.place
        guard let character = cursor.next else { return .empty }
        cursor.place += 1
        switch character {
        case "(":
            depth += 1
            defer { depth -= 1 }
            if depth > RegexParser.maximumDepth { throw .tooDeep(position: start) }
            let inner = try alternatives()
            guard cursor.skip(")") else { throw .groupNotClosed(position: start) }
            // A group of nothing but an assertion can be repeated.
            return .sequence([inner])
        case "[": return .set(try set(from: start))
        case ".": return .set(RegexSet(0).inverted)
        case "^": return .assertion(.textStart)
        case "$": return .assertion(.textEnd)
        case "*", "+", "?", "{": throw .nothingToRepeat(String(character), position: start)
        case "\\": return try escape(from: start)
        default: return .set(RegexSet(character.value))
        }
    }

    private mutating func escape(from start: Int) throws(RegexError) -> RegexNode {
        guard let character = cursor.next else { throw .endsWithBackslash }
        cursor.place += 1
        switch character {
        case "w": return .set(.wordCharacters)
        case "W": return .set(RegexSet.wordCharacters.inverted)
        case "s": return .set(.blanks)
        case "S": return .set(RegexSet.blanks.inverted)
        case "b": return .assertion(.wordBoundary)
        case "B": return .assertion(.noWordBoundary)
        case "<": return .assertion(.wordStart)
        case ">": return .assertion(.wordEnd)
        case "`": return .assertion(.textStart)
        case "'": return .assertion(.textEnd)
        case "1"..."9": throw .backReference(cursor.text(from: start), position: start)
        default:
            // `regcomp` takes the letter, which nobody means by it.
            let isLetterOrDigit = character.isASCII && ConfigurationNode.isLetterOrDigit(UInt8(character.value))
            guard !isLetterOrDigit else { throw .unknownEscape(cursor.text(from: start), position: start) }
            return .set(RegexSet(character.value))
        }
    }

    // Sets

    private mutating func set(from start: Int) throws(RegexError) -> RegexSet {
        let isInverted = cursor.skip("^")
        var result = RegexSet([])
        var isFirst = true
        while true {
            guard let character = cursor.next else { throw .setNotClosed(position: start) }
            if character == "]", !isFirst {
                cursor.place += 1
                break
            }
            isFirst = false
            if character == "[", cursor.ahead(1) == ":" {
                result = result.union(try namedClass())
                continue
            }
            let rangeStart = cursor.place
            let low = try setMember(of: start)
            guard cursor.next == "-", let after = cursor.ahead(1), after != "]" else {
                result = result.union(RegexSet(low))
                continue
            }
            cursor.place += 1
            let high = try setMember(of: start)
            guard low <= high else { throw .setEmptyRange(cursor.text(from: rangeStart), position: rangeStart) }
            result = result.union(RegexSet([low...high]))
        }
        return isInverted ? result.inverted : result
    }

    /// A character, or one as `[.a.]` or `[=a=]`.
    private mutating func setMember(of start: Int) throws(RegexError) -> UInt32 {
        guard let character = cursor.next else { throw .setNotClosed(position: start) }
        let memberStart = cursor.place
        cursor.place += 1
        guard character == "[", let kind = cursor.next, kind == "." || kind == "=" else { return character.value }
        guard let member = cursor.ahead(1), let end = cursor.ahead(3) else { throw .setNotClosed(position: start) }
        let isClosed = cursor.ahead(2) == kind && end == "]"
        cursor.place += 4
        guard isClosed else { throw .unknownClass(cursor.text(from: memberStart), position: memberStart) }
        return member.value
    }

    private mutating func namedClass() throws(RegexError) -> RegexSet {
        let start = cursor.place
        cursor.place += 2
        let nameStart = cursor.place
        while let letter = cursor.next, ("a"..."z").contains(letter) { cursor.place += 1 }
        let name = cursor.text(from: nameStart)
        guard cursor.skip(":"), cursor.skip("]"), let ranges = RegexParser.classes[name] else {
            throw .unknownClass(cursor.text(from: start), position: start)
        }
        return RegexSet(ranges)
    }
}
