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

    private let pattern: [Unicode.Scalar]
    private var place = 0
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
        self.pattern = Array(pattern.unicodeScalars)
    }

    static func parse(_ pattern: String) throws(RegexError) -> (node: RegexNode, names: [String]) {
        var parser = RegexParser(pattern)
        let node = try parser.alternatives()
        if parser.place < parser.pattern.count { throw .groupNotOpened(position: parser.place) }
        return (node, parser.names)
    }

    private var next: Unicode.Scalar? { place < pattern.count ? pattern[place] : nil }

    private func text(from start: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: pattern[start..<min(place, pattern.count)])
        return String(text)
    }

    private mutating func skip(_ wanted: String) -> Bool {
        guard pattern[place...].starts(with: wanted.unicodeScalars) else { return false }
        place += wanted.unicodeScalars.count
        return true
    }

    private mutating func alternatives() throws(RegexError) -> RegexNode {
        // What flags are set in a group ends with it.
        let outer = flags
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        flags = outer
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(RegexError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let character = next, character != "|", character != ")" {
            let start = place
            guard let node = try atom() else { continue }
            nodes.append(try repeated(node, from: start))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ node: RegexNode, from start: Int) throws(RegexError) -> RegexNode {
        let quantifierStart = place
        guard let counts = try quantifier() else { return node }
        var isGreedy = true
        if skip("?") {
            isGreedy = false
        } else if next == "+" {
            place += 1
            throw .noBackingOff(text(from: quantifierStart), position: quantifierStart)
        }
        let again = place
        if try quantifier() != nil { throw .repeatedTwice(text(from: again), position: again) }
        return .repetition(node, minimum: counts.minimum, maximum: counts.maximum, isGreedy: isGreedy)
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
            guard let minimum = number() else { break }
            var maximum: Int? = minimum
            if skip(",") { maximum = number() }
            guard skip("}") else { break }
            guard minimum <= Self.maximumCount, maximum ?? 0 <= Self.maximumCount, maximum ?? minimum >= minimum else {
                throw .repetition(text(from: start), position: start)
            }
            return (minimum, maximum)
        default: return nil
        }
        // A brace that counts nothing is a character.
        place = start
        return nil
    }

    /// Numbers beyond what is allowed stop growing, not being read.
    private mutating func number() -> Int? {
        let start = place
        var value = 0
        while let digit = next, ("0"..."9").contains(digit) {
            value = min(value * 10 + Int(digit.value - 0x30), Self.maximumCount + 1)
            place += 1
        }
        return place > start ? value : nil
    }

    /// nil for flags, which are nothing themselves.
    private mutating func atom() throws(RegexError) -> RegexNode? {
        let start = place
        guard let character = next else { return nil }
        place += 1
        switch character {
        case "(": return try group(from: start)
        case "[": return .set(try set(from: start))
        case ".": return .set(flags.dotTakesNewline ? .all : RegexSet(0x0A).inverted)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw .nothingToRepeat(String(character), position: start)
        case "{":
            place = start
            if try quantifier() != nil { throw .nothingToRepeat(text(from: start), position: start) }
            place = start + 1
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
        if skip("?") {
            if skip("P<") || (next == "<" && !isLookBehind && skip("<")) {
                index = try groupName()
            } else if skip("P=") || skip("P>") || next == "&" || next == "R" {
                throw .backReference(text(from: start), position: start)
            } else if skip("=") || skip("!") || skip("<=") || skip("<!") {
                throw .lookAround(text(from: start), position: start)
            } else if skip(">") {
                throw .noBackingOff(text(from: start), position: start)
            } else if try readFlags(from: start) {
                // `(?i)` holds up to the end of the group that it stands in.
                return nil
            }
        }
        let inner = try alternatives()
        guard skip(")") else { throw .groupNotClosed(position: start) }
        flags = outer
        return index.map { .capture(inner, index: $0) } ?? inner
    }

    private var isLookBehind: Bool { place + 1 < pattern.count && (pattern[place + 1] == "=" || pattern[place + 1] == "!") }

    private mutating func groupName() throws(RegexError) -> Int {
        let start = place
        while let character = next, character != ">", character != ")" { place += 1 }
        let name = text(from: start)
        guard skip(">"), ConfigurationNode.isLabelName(name) else { throw .groupName(name, position: start) }
        if names.contains(name) { throw .groupNameRepeated(name, position: start) }
        if names.count == Self.maximumNames { throw .tooManyGroups }
        names.append(name)
        return names.count - 1
    }

    /// The flags behind `(?`, up to `:`, which opens a group, or `)`: then it gives true.
    private mutating func readFlags(from start: Int) throws(RegexError) -> Bool {
        var isOn = true
        while let character = next {
            place += 1
            switch character {
            case "i": flags.ignoresCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotTakesNewline = isOn
            case "-" where isOn: isOn = false
            case ":": return false
            case ")": return true
            default: throw .unknownGroup(text(from: start), position: start)
            }
        }
        throw .groupNotClosed(position: start)
    }

    // Escapes

    private mutating func escape(from start: Int) throws(RegexError) -> RegexNode {
        switch next {
        case "b", "B", "A", "z":
            place += 1
            switch pattern[place - 1] {
            case "b": return .assertion(.wordBoundary)
            case "B": return .assertion(.noWordBoundary)
            case "A": return .assertion(.textStart)
            default: return .assertion(.textEnd)
            }
        case let digit? where ("1"..."9").contains(digit):
            place += 1
            throw .backReference(text(from: start), position: start)
        case "k":
            place += 1
            throw .backReference(text(from: start), position: start)
        default: return .set(cased(try escapedSet(from: start)))
        }
    }

    /// What an escape stands for in a set as well as outside of one. The backslash is behind us.
    private mutating func escapedSet(from start: Int) throws(RegexError) -> RegexSet {
        guard let character = next else { throw .endsWithBackslash }
        place += 1
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
            guard !isLetterOrDigit else { throw .unknownEscape(text(from: start), position: start) }
            return RegexSet(character.value)
        }
    }

    /// `hh` or `{h…}`.
    private mutating func hexadecimal(from start: Int) throws(RegexError) -> UInt32 {
        let isBraced = skip("{")
        let digitsStart = place
        while let digit = next, digit.properties.isASCIIHexDigit, place - digitsStart < (isBraced ? 6 : 2) { place += 1 }
        let digits = text(from: digitsStart)
        guard isBraced ? skip("}") && !digits.isEmpty : digits.count == 2, let value = UInt32(digits, radix: 16),
            Unicode.Scalar(value) != nil
        else { throw .unknownEscape(text(from: start), position: start) }
        return value
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
            let low = try setMember()
            // Behind a class a `-` is a character, as in `[\w-.]`.
            guard next == "-", low.single != nil, place + 1 < pattern.count, pattern[place + 1] != "]" else {
                result = result.union(low)
                continue
            }
            place += 1
            let high = try setMember()
            guard let low = low.single, let high = high.single, low <= high else {
                throw .setEmptyRange(text(from: rangeStart), position: rangeStart)
            }
            result = result.union(RegexSet([low...high]))
        }
        result = cased(result)
        return isInverted ? result.inverted : result
    }

    private mutating func setMember() throws(RegexError) -> RegexSet {
        let start = place
        guard let character = next else { throw .setNotClosed(position: start) }
        place += 1
        return character == "\\" ? try escapedSet(from: start) : RegexSet(character.value)
    }

    /// `[:alpha:]` or `[:^alpha:]`, of ASCII.
    private mutating func namedClass() throws(RegexError) -> RegexSet {
        let start = place
        place += 2
        let isInverted = skip("^")
        let nameStart = place
        while let letter = next, ("a"..."z").contains(letter) { place += 1 }
        let name = text(from: nameStart)
        let isClosed = skip(":]")
        guard isClosed, let ranges = Self.classes[name] else { throw .unknownClass(text(from: start), position: start) }
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
