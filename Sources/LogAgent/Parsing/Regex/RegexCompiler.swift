/// Turns a regular expression into the instructions of a ``RegexProgram`` (Ken Thompson's construction, as in Russ Cox,
/// "Regular Expression Matching: the Virtual Machine Approach").
struct RegexCompiler {
    /// Counted repetitions are written out, so a short expression can make a long program: `((a{100}){100}){100}`.
    static let maximumInstructions = 5_000

    private(set) var instructions: [RegexProgram.Instruction] = []
    private(set) var sets: [RegexSet] = []

    mutating func compile(_ node: RegexNode) throws(RegexError) {
        try emit(node)
        try append(.match)
        for index in instructions.indices where instructions[index].operation == .loop {
            let following = followingUnits(index + 1)
            if let following, following.isDisjoint(with: sets[Int(instructions[index].a)]) {
                instructions[index].operation = .possessiveLoop
            }
        }
    }

    /// Whether the first thing that every way through asks for is the start of the text.
    var isAnchored: Bool {
        for instruction in instructions {
            switch instruction.operation {
            case .save: continue
            case .assertion: return instruction.a == RegexAssertion.textStart.rawValue
            case .unit, .set, .loop, .possessiveLoop, .split, .jump, .match: return false
            }
        }
        return false
    }

    /// The units that a match can start with; nil where one can be empty.
    var firstUnits: RegexSet? {
        let ahead = unitsAhead(of: 0)
        return ahead.reachesMatch ? nil : ahead.units
    }

    /// The characters that every way through starts with.
    var prefix: [UInt8] {
        var bytes: [UInt8] = []
        for instruction in instructions {
            switch instruction.operation {
            case .save: continue
            case .unit:
                guard let scalar = Unicode.Scalar(UInt32(bitPattern: instruction.a)) else { return bytes }
                bytes += Array(String(scalar).utf8)
            case .assertion, .set, .loop, .possessiveLoop, .split, .jump, .match: return bytes
            }
        }
        return bytes
    }

    private mutating func append(_ operation: RegexProgram.Instruction.Operation, _ a: Int = 0, _ b: Int = 0) throws(RegexError) {
        guard instructions.count < Self.maximumInstructions else { throw .tooLarge }
        instructions.append(
            RegexProgram.Instruction(operation: operation, a: Int32(truncatingIfNeeded: a), b: Int32(truncatingIfNeeded: b)))
    }

    private mutating func emit(_ node: RegexNode) throws(RegexError) {
        switch node {
        case .empty: return
        case .set(let set):
            if let unit = set.single { try append(.unit, Int(unit)) } else { try append(.set, number(of: set)) }
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternatives(let nodes): try emitAlternatives(nodes)
        case .capture(let node, let index):
            try append(.save, index * 2)
            try emit(node)
            try append(.save, index * 2 + 1)
        case .assertion(let assertion): try append(.assertion, Int(assertion.rawValue))
        case .repetition(let node, let minimum, let maximum, let isGreedy):
            try emitRepetition(node, minimum, maximum, isGreedy)
        }
    }

    private mutating func emitAlternatives(_ nodes: [RegexNode]) throws(RegexError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try emit(node)
                break
            }
            let split = instructions.count
            try append(.split, split + 1)
            try emit(node)
            jumps.append(instructions.count)
            try append(.jump)
            instructions[split].b = Int32(instructions.count)
        }
        for jump in jumps { instructions[jump].a = Int32(instructions.count) }
    }

    private mutating func emitRepetition(
        _ node: RegexNode, _ minimum: Int, _ maximum: Int?, _ isGreedy: Bool
    ) throws(RegexError) {
        guard let maximum else {
            if minimum == 0 { return try emitStar(node, isGreedy) }
            try emit(node, times: minimum - 1)
            return try emitPlus(node, isGreedy)
        }
        try emit(node, times: minimum)
        // x{0,2} is (?:x(?:x)?)?: each may only come where the one before has.
        var splits: [Int] = []
        for _ in minimum..<max(maximum, minimum) {
            splits.append(instructions.count)
            try append(.split)
            try emit(node)
        }
        for split in splits { set(split, body: split + 1, out: instructions.count, isGreedy) }
    }

    private mutating func emit(_ node: RegexNode, times: Int) throws(RegexError) {
        for _ in 0..<times {
            let start = instructions.count
            try emit(node)
            // Nothing, a thousand times over, within a thousand times nothing: that has no instructions, but takes long to write out.
            if instructions.count == start { return }
        }
    }

    private mutating func emitStar(_ node: RegexNode, _ isGreedy: Bool) throws(RegexError) {
        if isGreedy, case .set(let set) = node { return try append(.loop, number(of: set)) }
        let split = instructions.count
        try append(.split)
        if node.matchesEmpty {
            // (?:x+)?: a round that reads nothing must not hide that x can match so.
            try emitPlus(node, isGreedy)
        } else {
            try emit(node)
            try append(.jump, split)
        }
        set(split, body: split + 1, out: instructions.count, isGreedy)
    }

    private mutating func emitPlus(_ node: RegexNode, _ isGreedy: Bool) throws(RegexError) {
        let start = instructions.count
        try emit(node)
        if isGreedy, case .set(let set) = node { return try append(.loop, number(of: set)) }
        let split = instructions.count
        try append(.split)
        set(split, body: start, out: instructions.count, isGreedy)
    }

    private mutating func set(_ split: Int, body: Int, out: Int, _ isGreedy: Bool) {
        instructions[split].a = Int32(isGreedy ? body : out)
        instructions[split].b = Int32(isGreedy ? out : body)
    }

    private mutating func number(of set: RegexSet) -> Int {
        if let known = sets.firstIndex(of: set) { return known }
        sets.append(set)
        return sets.count - 1
    }

    /// The units that the ways on from `start` can read next; nil if a way on depends on more than the next unit. The end of the
    /// match and of the text need none: where a loop stops early there is a unit.
    private func followingUnits(_ start: Int) -> RegexSet? {
        let ahead = unitsAhead(of: start)
        return ahead.assertions.allSatisfy { $0 == RegexAssertion.textEnd.rawValue } ? ahead.units : nil
    }

    /// What the ways on from `start` can read next, what they demand before, and whether one comes to a match without reading.
    private func unitsAhead(of start: Int) -> (units: RegexSet, assertions: [Int32], reachesMatch: Bool) {
        var units = RegexSet([])
        var assertions: [Int32] = []
        var reachesMatch = false
        var isSeen = [Bool](repeating: false, count: instructions.count)
        var waiting = [start]
        while let index = waiting.popLast() {
            if isSeen[index] { continue }
            isSeen[index] = true
            let instruction = instructions[index]
            switch instruction.operation {
            case .unit: units = units.union(RegexSet(UInt32(bitPattern: instruction.a)))
            case .set: units = units.union(sets[Int(instruction.a)])
            case .loop, .possessiveLoop:
                units = units.union(sets[Int(instruction.a)])
                waiting.append(index + 1)
            case .split: waiting += [Int(instruction.a), Int(instruction.b)]
            case .jump: waiting.append(Int(instruction.a))
            case .save: waiting.append(index + 1)
            case .assertion:
                assertions.append(instruction.a)
                waiting.append(index + 1)
            case .match: reachesMatch = true
            }
        }
        return (units, assertions, reachesMatch)
    }
}
