/// A regular expression compiled for ``RegexMatcher``: a list of instructions that starts with the first.
struct RegexProgram: Equatable, Sendable {
    struct Instruction: Equatable, Sendable {
        enum Operation: UInt8, Sendable {
            /// Reads the unit `a`.
            case unit
            /// Reads a unit of the set with number `a`.
            case set
            /// Reads any number of units of the set `a`, as many as possible first.
            case loop
            /// The same, where fewer than possible never lead to a match: what follows cannot start with such a unit.
            case possessiveLoop
            /// Goes on at `a`, or else at `b`.
            case split
            /// Goes on at `a`.
            case jump
            /// Remembers the place as boundary `a`: twice the group's index, and one more for its end.
            case save
            /// Demands the ``RegexAssertion`` `a`.
            case assertion
            case match
        }

        var operation: Operation
        var a: Int32 = 0
        var b: Int32 = 0
    }

    /// Instructions times named groups: what ``RegexThreads`` needs memory for, 32 bytes each.
    static let maximumBoundaries = 50_000

    /// As it was written.
    let pattern: String
    /// Of the named groups, in the order of their opening.
    let names: [String]
    let instructions: [Instruction]
    let sets: [RegexSet]
    /// Matches only at the start of a text.
    let isAnchored: Bool
    /// What every match starts with, as UTF-8; may be empty.
    let prefix: [UInt8]
    /// The units that a match can start with; nil where one can be empty.
    let firstUnits: RegexSet?
    /// The longest text that is known to stand in every match, as UTF-8; may be empty.
    let required: [UInt8]

    /// Throws also for one without named groups, unless it is only to be searched for.
    init(_ pattern: String, needsNames: Bool = true) throws(RegexError) {
        let (node, names) = try RegexParser.parse(pattern)
        if names.isEmpty && needsNames { throw .noName }
        try self.init(pattern, node, names: names)
    }

    init(_ pattern: String, _ node: RegexNode, names: [String] = []) throws(RegexError) {
        var compiler = RegexCompiler()
        try compiler.compile(node)
        guard compiler.instructions.count * max(1, names.count) <= Self.maximumBoundaries else { throw .tooLarge }
        self.pattern = pattern
        self.names = names
        instructions = compiler.instructions
        sets = compiler.sets
        isAnchored = compiler.isAnchored
        prefix = compiler.prefix
        firstUnits = compiler.firstUnits
        required = RegexLiterals(node).longest
    }
}
