/// What of a POSIX extended regular expression is plain text that every match contains. Where it is not sure, it finds nothing.
struct PatternLiterals {
    /// The longest run of plain text outside of groups; empty if there is none.
    private(set) var longest: [UInt8] = []
    /// There is nothing else in the pattern.
    private(set) var isWholePattern = false
    private(set) var hasBackReference = false

    private let pattern: [UInt8]
    private var place = 0
    private var run: [UInt8] = []
    private var isPlain = true
    private var isUnsure = false

    init(_ pattern: [UInt8]) {
        self.pattern = pattern
        read()
        endRun()
        isWholePattern = isPlain && !isUnsure && !longest.isEmpty
        if isUnsure { longest = [] }
    }

    private mutating func read() {
        var depth = 0
        var isAfterQuantifier = false
        while place < pattern.count {
            let byte = pattern[place]
            place += 1
            var isQuantifier = false
            switch byte {
            case UInt8(ascii: "\\"):
                readEscape(isInGroup: depth > 0)
            case UInt8(ascii: "["):
                skipBracketExpression()
            case UInt8(ascii: "("):
                special()
                depth += 1
            case UInt8(ascii: ")"):
                special()
                depth -= 1
                if depth < 0 { isUnsure = true }
            case UInt8(ascii: "|"):
                special()
                // One inside of a group concerns that alone.
                if depth == 0 { isUnsure = true }
            case UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "$"):
                special()
            case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "{"):
                // The character before may be missing.
                if depth == 0, !run.isEmpty { run.removeLast() }
                special()
                isQuantifier = true
                if byte == UInt8(ascii: "{") { skipInterval() }
            case UInt8(ascii: "+"):
                special()
                isQuantifier = true
            default:
                if depth == 0 { run.append(byte) } else { isPlain = false }
            }
            // `b+*` makes optional what `b+` alone does not.
            if isQuantifier && isAfterQuantifier { isUnsure = true }
            isAfterQuantifier = isQuantifier
        }
    }

    private mutating func endRun() {
        if run.count > longest.count { longest = run }
        run.removeAll()
    }

    private mutating func special() {
        isPlain = false
        endRun()
    }

    private mutating func readEscape(isInGroup: Bool) {
        guard place < pattern.count else {
            isUnsure = true
            return
        }
        let escaped = pattern[place]
        place += 1
        switch escaped {
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            hasBackReference = true
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0"), UInt8(ascii: "<"),
            UInt8(ascii: ">"), UInt8(ascii: "`"), UInt8(ascii: "'"):
            // GNU's classes and anchors.
            special()
        default:
            if isInGroup { isPlain = false } else { run.append(escaped) }
        }
    }

    private mutating func skipBracketExpression() {
        special()
        if place < pattern.count, pattern[place] == UInt8(ascii: "^") { place += 1 }
        // A bracket in the first place stands for itself.
        if place < pattern.count, pattern[place] == UInt8(ascii: "]") { place += 1 }
        while place < pattern.count, pattern[place] != UInt8(ascii: "]") {
            let next = place + 1 < pattern.count ? pattern[place + 1] : 0
            if pattern[place] == UInt8(ascii: "["), [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "=")].contains(next) {
                place += 2
                while place + 1 < pattern.count, !(pattern[place] == next && pattern[place + 1] == UInt8(ascii: "]")) { place += 1 }
                place += 2
            } else {
                place += 1
            }
        }
        place += 1
    }

    private mutating func skipInterval() {
        let start = place
        while place < pattern.count, pattern[place] != UInt8(ascii: "}") {
            let byte = pattern[place]
            if byte != UInt8(ascii: ",") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { isUnsure = true }
            place += 1
        }
        if place == start || place == pattern.count { isUnsure = true }
        place += 1
    }
}
