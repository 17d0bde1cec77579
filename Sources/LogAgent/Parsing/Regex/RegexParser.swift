import Configuration

/// Reads a regular expression in the syntax of RE2 and Go, which is Perl's without what cannot be matched in linear time.
///
/// | syntax | meaning |
/// | --- | --- |
/// | `.` | any character but a newline; with `(?s)` that too |
/// | `[a-z]` `[^a-z]` `[[:alpha:]]` `[^[:alpha:]]` | one of these characters, or none of these |
/// | `\d \w \s \D \W \S` | digit, word character, blank, of ASCII, or none of these; also in a set |
/// | `* + ? {n} {n,} {n,m}`, followed by `?` | repetitions, which take as much as possible, or with `?` as little |
/// | `a|b` | a, or else b |
/// | `(…)` `(?:…)` `(?P<name>…)` `(?<name>…)` | groups; only those with a name give a field |
/// | `(?i)` `(?m)` `(?s)` `(?i:…)` `(?-i)` | ASCII letters in any case; `^` and `$` at each line; `.` takes newlines |
/// | `^ $ \A \z \b \B` | start and end of the text, a word's edge |
/// | `\t \n \r \f \v \a \xhh \x{h…}`, `\` and a sign | that character |
struct RegexParser {
    static let maximumDepth = 100
    static let maximumCount = 1000
    static let maximumNames = 100

    private var cursor: RegexCursor
    private var flags = Flags()
    private var depth = 0
    /// Of the named groups, in the order of their opening.
    private(set) var names: [String] = []

    private struct Flags: Equatable {
        var ignoresCase = false
        var isMultiline = false
        var dotTakesNewline = false
    }

    private init(_ pattern: String) {
        cursor = RegexCursor(pattern)
    }

    static func parse(_ pattern: String) throws(RegexError) -> (node: RegexNode, names: [String]) {
        var parser = RegexParser(pattern)
        let node = try parser.alternatives()
        if !parser.cursor.isAtEnd { throw .groupNotOpened(position: parser.cursor.place) }
        return (node, parser.names)
    }

    private mutating func alternatives() throws(RegexError) -> RegexNode {
        // What flags are set in a group ends with it.
        let outer = flags
        var branches = [try sequence()]
        while cursor.skip("|") { branches.append(try sequence()) }
        flags = outer
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(RegexError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let character = cursor.next, character != "|", character != ")" {
            let start = cursor.place
            guard let node = try atom() else { continue }
            nodes.append(try repeated(node, from: start))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ node: RegexNode, from start: Int) throws(RegexError) -> RegexNode {
        let quantifierStart = cursor.place
        guard let counts = try quantifier() else { return node }
        var isGreedy = true
        if cursor.skip("?") {
            isGreedy = false
        } else if cursor.next == "+" {
            cursor.place += 1
            throw .noBackingOff(cursor.text(from: quantifierStart), position: quantifierStart)
        }
        let again = cursor.place
        if try quantifier() != nil { throw .repeatedTwice(cursor.text(from: again), position: again) }
        return .repetition(node, minimum: counts.minimum, maximum: counts.maximum, isGreedy: isGreedy)
    }

    private mutating func quantifier() throws(RegexError) -> (minimum: Int, maximum: Int?)? {
        if let counts = cursor.repetitionSign() { return counts }
        let start = cursor.place
        guard cursor.skip("{") else { return nil }
        if let minimum = cursor.number() {
            var maximum: Int? = minimum
            if cursor.skip(",") { maximum = cursor.number() }
            if cursor.skip("}") {
                guard minimum <= Self.maximumCount, maximum ?? 0 <= Self.maximumCount, maximum ?? minimum >= minimum else {
                    throw .repetition(cursor.text(from: start), position: start)
                }
                return (minimum, maximum)
            }
        }
        // A brace that counts nothing is a character.
        cursor.place = start
        return nil
    }

    /// nil for flags, which are nothing themselves.
    private mutating func atom() throws(RegexError) -> RegexNode? {
        let start = cursor.place
        guard let character = cursor.next else { return nil }
        cursor.place += 1
        switch character {
        case "(": return try group(from: start)
        case "[": return .set(try set(from: start))
        case ".": return .set(flags.dotTakesNewline ? .all : RegexSet(0x0A).inverted)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw .nothingToRepeat(String(character), position: start)
        case "{":
            cursor.place = start
            if try quantifier() != nil { throw .nothingToRepeat(cursor.text(from: start), position: start) }
            cursor.place = start + 1
            return literal(character)
        case "\\": return try escape(from: start)
        default: return literal(character)
        }
    }

    private func literal(_ character: Unicode.Scalar) -> RegexNode { .set(cased(RegexSet(character.value))) }

    private func cased(_ set: RegexSet) -> RegexSet { flags.ignoresCase ? set.ignoringCase : set }

    // Groups

    private mutating func group(from start: Int) throws(RegexError) -> RegexNode? {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.maximumDepth { throw .tooDeep(position: start) }
        let outer = flags
        var index: Int?
        if cursor.skip("?") {
            if cursor.skip("P<") || (cursor.next == "<" && !isLookBehind && cursor.skip("<")) {
                index = try groupName()
            } else if cursor.skip("P=") || cursor.skip("P>") || cursor.next == "&" || cursor.next == "R" {
                throw .backReference(cursor.text(from: start), position: start)
            } else if cursor.skip("=") || cursor.skip("!") || cursor.skip("<=") || cursor.skip("<!") {
                throw .lookAround(cursor.text(from: start), position: start)
            } else if cursor.skip(">") {
                throw .noBackingOff(cursor.text(from: start), position: start)
            } else if try readFlags(from: start) {
                // `(?i)` holds up to the end of the group that it stands in.
                return nil
            }
        }
        let inner = try alternatives()
        guard cursor.skip(")") else { throw .groupNotClosed(position: start) }
        flags = outer
        return index.map { .capture(inner, index: $0) } ?? inner
    }

    private var isLookBehind: Bool { cursor.ahead(1) == "=" || cursor.ahead(1) == "!" }

    private mutating func groupName() throws(RegexError) -> Int {
        let start = cursor.place
        while let character = cursor.next, character != ">", character != ")" { cursor.place += 1 }
        let name = cursor.text(from: start)
        guard cursor.skip(">"), ConfigurationNode.isLabelName(name) else { throw .groupName(name, position: start) }
        if names.contains(name) { throw .groupNameRepeated(name, position: start) }
        if names.count == Self.maximumNames { throw .tooManyGroups }
        names.append(name)
        return names.count - 1
    }

    /// The flags behind `(?`, up to `:`, which opens a group, or `)`: then it gives true.
    private mutating func readFlags(from start: Int) throws(RegexError) -> Bool {
        var isOn = true
        while let character = cursor.next {
            cursor.place += 1
            switch character {
            case "i": flags.ignoresCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotTakesNewline = isOn
            case "-" where isOn: isOn = false
            case ":": return false
            case ")": return true
            default: throw .unknownGroup(cursor.text(from: start), position: start)
            }
        }
        throw .groupNotClosed(position: start)
    }

    // Escapes

    private mutating func escape(from start: Int) throws(RegexError) -> RegexNode {
        switch cursor.next {
        case "b", "B", "A", "z":
            cursor.place += 1
            switch cursor.ahead(-1) {
            case "b": return .assertion(.wordBoundary)
            case "B": return .assertion(.noWordBoundary)
            case "A": return .assertion(.textStart)
            default: return .assertion(.textEnd)
            }
        case let digit? where ("1"..."9").contains(digit):
            cursor.place += 1
            throw .backReference(cursor.text(from: start), position: start)
        case "k":
            cursor.place += 1
            throw .backReference(cursor.text(from: start), position: start)
        default: return .set(cased(try escapedSet(from: start)))
        }
    }

    /// What an escape stands for in a set as well as outside of one. The backslash is behind us.
    private mutating func escapedSet(from start: Int) throws(RegexError) -> RegexSet {
        guard let character = cursor.next else { throw .endsWithBackslash }
        cursor.place += 1
        switch character {
        case "d": return .digits
        case "D": return RegexSet.digits.inverted
        case "w": return .wordCharacters
        case "W": return RegexSet.wordCharacters.inverted
        case "s": return .blanks
        case "S": return RegexSet.blanks.inverted
        case "t": return RegexSet(0x09)
        case "n": return RegexSet(0x0A)
        case "v": return RegexSet(0x0B)
        case "f": return RegexSet(0x0C)
        case "r": return RegexSet(0x0D)
        case "a": return RegexSet(0x07)
        case "x": return RegexSet(try hexadecimal(from: start))
        default:
            let isLetterOrDigit = character.isASCII && ConfigurationNode.isLetterOrDigit(UInt8(character.value))
            guard !isLetterOrDigit else { throw .unknownEscape(cursor.text(from: start), position: start) }
            return RegexSet(character.value)
        }
    }

    /// `hh` or `{h…}`.
    private mutating func hexadecimal(from start: Int) throws(RegexError) -> UInt32 {
        let isBraced = cursor.skip("{")
        let digitsStart = cursor.place
        while let digit = cursor.next, digit.properties.isASCIIHexDigit, cursor.place - digitsStart < (isBraced ? 6 : 2) {
            cursor.place += 1
        }
        let digits = cursor.text(from: digitsStart)
        guard isBraced ? cursor.skip("}") && !digits.isEmpty : digits.count == 2, let value = UInt32(digits, radix: 16),
            Unicode.Scalar(value) != nil
        else { throw .unknownEscape(cursor.text(from: start), position: start) }
        return value
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
            let low = try setMember()
            // Behind a class a `-` is a character, as in `[\w-.]`.
            guard cursor.next == "-", low.single != nil, let after = cursor.ahead(1), after != "]" else {
                result = result.union(low)
                continue
            }
            cursor.place += 1
            let high = try setMember()
            guard let low = low.single, let high = high.single, low <= high else {
                throw .setEmptyRange(cursor.text(from: rangeStart), position: rangeStart)
            }
            result = result.union(RegexSet([low...high]))
        }
        result = cased(result)
        return isInverted ? result.inverted : result
    }

    private mutating func setMember() throws(RegexError) -> RegexSet {
        let start = cursor.place
        guard let character = cursor.next else { throw .setNotClosed(position: start) }
        cursor.place += 1
        return character == "\\" ? try escapedSet(from: start) : RegexSet(character.value)
    }

    /// `[:alpha:]` or `[:^alpha:]`, of ASCII.
    private mutating func namedClass() throws(RegexError) -> RegexSet {
        let start = cursor.place
        cursor.place += 2
        let isInverted = cursor.skip("^")
        let nameStart = cursor.place
        while let letter = cursor.next, ("a"..."z").contains(letter) { cursor.place += 1 }
        let name = cursor.text(from: nameStart)
        let isClosed = cursor.skip(":]")
        guard isClosed, let ranges = Self.classes[name] else { throw .unknownClass(cursor.text(from: start), position: start) }
        let set = RegexSet(ranges)
        return isInverted ? set.inverted : set
    }

    static let classes: [String: [ClosedRange<UInt32>]] = [
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "ascii": [0...0x7F],
        "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0...0x1F, 0x7F...0x7F], "digit": [0x30...0x39], "graph": [0x21...0x7E],
        "lower": [0x61...0x7A], "print": [0x20...0x7E], "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
        "space": [0x09...0x0D, 0x20...0x20], "upper": [0x41...0x5A], "word": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]
}
