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
    private let pattern: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    private init(_ pattern: String) {
        self.pattern = Array(pattern.unicodeScalars)
    }

    static func parse(_ pattern: String) throws(RegexError) -> RegexNode {
        var parser = PosixRegexParser(pattern)
        return try parser.alternatives()
    }

    private var next: Unicode.Scalar? { place < pattern.count ? pattern[place] : nil }

    private func text(from start: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: pattern[start..<min(place, pattern.count)])
        return String(text)
    }

    private mutating func skip(_ wanted: Unicode.Scalar) -> Bool {
        guard next == wanted else { return false }
        place += 1
        return true
    }

    private mutating func alternatives() throws(RegexError) -> RegexNode {
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(RegexError) -> RegexNode {
        var nodes: [RegexNode] = []
        // What closes no group is a character.
        while let character = next, character != "|", character != ")" || depth == 0 { nodes.append(try repeated(try atom())) }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ atom: RegexNode) throws(RegexError) -> RegexNode {
        // A repetition behind `^` has nothing to repeat.
        if case .assertion = atom { return atom }
        var node = atom
        var levels = 0
        while let counts = try quantifier() {
            levels += 1
            if depth + levels > RegexParser.maximumDepth { throw .tooDeep(position: place) }
            node = .repetition(node, minimum: counts.minimum, maximum: counts.maximum, isGreedy: true)
        }
        return node
    }

    private mutating func quantifier() throws(RegexError) -> (minimum: Int, maximum: Int?)? {
        let start = place
        switch next {
        case "*":
            place += 1
            return (0, nil)
        case "+":
            place += 1
            return (1, nil)
        case "?":
            place += 1
            return (0, 1)
        case "{":
            place += 1
            let first = number()
            var last = first
            let isRange = skip(",")
            if isRange { last = number() }
            let minimum = first ?? 0
            guard first != nil || isRange, skip("}"), minimum <= RegexParser.maximumCount, last ?? 0 <= RegexParser.maximumCount,
                last ?? minimum >= minimum
            else {
                while pattern[place - 1] != "}", place < pattern.count, place - start < 16 { place += 1 }
                throw .repetition(text(from: start), position: start)
            }
            return (minimum, last)
        default: return nil
        }
    }

    /// Numbers beyond what is allowed stop growing, not being read.
    private mutating func number() -> Int? {
        let start = place
        var value = 0
        while let digit = next, ("0"..."9").contains(digit) {
            value = min(value * 10 + Int(digit.value - 0x30), RegexParser.maximumCount + 1)
            place += 1
        }
        return place > start ? value : nil
    }

    private mutating func atom() throws(RegexError) -> RegexNode {
        let start = place
        guard let character = next else { return .empty }
        place += 1
        switch character {
        case "(":
            depth += 1
            defer { depth -= 1 }
            if depth > RegexParser.maximumDepth { throw .tooDeep(position: start) }
            let inner = try alternatives()
            guard skip(")") else { throw .groupNotClosed(position: start) }
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
        guard let character = next else { throw .endsWithBackslash }
        place += 1
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
        case "1"..."9": throw .backReference(text(from: start), position: start)
        default:
            // `regcomp` takes the letter, which nobody means by it.
            let isLetterOrDigit = character.isASCII && ConfigurationNode.isLetterOrDigit(UInt8(character.value))
            guard !isLetterOrDigit else { throw .unknownEscape(text(from: start), position: start) }
            return .set(RegexSet(character.value))
        }
    }

    // Sets

    private mutating func set(from start: Int) throws(RegexError) -> RegexSet {
        let isInverted = skip("^")
        var result = RegexSet([])
        var isFirst = true
        while true {
            guard let character = next else { throw .setNotClosed(position: start) }
            if character == "]", !isFirst {
                place += 1
                break
            }
            isFirst = false
            if character == "[", place + 1 < pattern.count, pattern[place + 1] == ":" {
                result = result.union(try namedClass())
                continue
            }
            let rangeStart = place
            let low = try setMember(of: start)
            guard next == "-", place + 1 < pattern.count, pattern[place + 1] != "]" else {
                result = result.union(RegexSet(low))
                continue
            }
            place += 1
            let high = try setMember(of: start)
            guard low <= high else { throw .setEmptyRange(text(from: rangeStart), position: rangeStart) }
            result = result.union(RegexSet([low...high]))
        }
        return isInverted ? result.inverted : result
    }

    /// A character, or one as `[.a.]` or `[=a=]`.
    private mutating func setMember(of start: Int) throws(RegexError) -> UInt32 {
        guard let character = next else { throw .setNotClosed(position: start) }
        let memberStart = place
        place += 1
        guard character == "[", let kind = next, kind == "." || kind == "=" else { return character.value }
        guard place + 3 < pattern.count else { throw .setNotClosed(position: start) }
        let member = pattern[place + 1]
        let isClosed = pattern[place + 2] == kind && pattern[place + 3] == "]"
        place += 4
        guard isClosed else { throw .unknownClass(text(from: memberStart), position: memberStart) }
        return member.value
    }

    private mutating func namedClass() throws(RegexError) -> RegexSet {
        let start = place
        place += 2
        let nameStart = place
        while let letter = next, ("a"..."z").contains(letter) { place += 1 }
        let name = text(from: nameStart)
        guard skip(":"), skip("]"), let ranges = RegexParser.classes[name] else {
            throw .unknownClass(text(from: start), position: start)
        }
        return RegexSet(ranges)
    }
}
