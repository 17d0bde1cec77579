/// The texts that every match of a regular expression contains: a line without the longest needs no further look.
struct RegexLiterals {
    private(set) var longest: [UInt8] = []
    private var run: [UInt8] = []

    init(_ node: RegexNode) {
        read(node)
        endRun()
    }

    private mutating func read(_ node: RegexNode) {
        switch node {
        case .set(let set):
            if let unit = set.single, let scalar = Unicode.Scalar(unit) {
                run += Array(String(scalar).utf8)
            } else {
                endRun()
            }
        case .sequence(let nodes): for node in nodes { read(node) }
        case .capture(let node, _): read(node)
        // They read nothing.
        case .empty, .assertion: break
        case .repetition(let node, let minimum, _, _):
            endRun()
            if minimum > 0 { read(node) }
            endRun()
        case .alternatives: endRun()
        }
    }

    private mutating func endRun() {
        if run.count > longest.count { longest = run }
        run = []
    }
}
