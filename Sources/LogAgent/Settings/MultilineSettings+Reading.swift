import Configuration

extension MultilineSettings {
    static let timeouts: ClosedRange<UInt64> = 10_000_000...3_600_000_000_000

    init?(reading object: ConfigurationObject, maximumLineBytes: Int) {
        if !object.has("start") && !object.has("continuation") {
            object.node.tell(
                "`\(object.node.path)` has neither `start` nor `continuation`; one of them is required.",
                hint: #"For example: start: "^\\d{4}-\\d{2}-\\d{2} ", or continuation: "^\\s""#)
        }
        start = object["start"]?.linePattern()
        continuation = object["continuation"]?.linePattern()
        maximumLines = object["max_lines"]?.integer(in: 2...100_000) ?? Self.defaultMaximumLines
        maximumBytes = object["max_bytes"]?.size(in: 1 << 10...16 << 20).map(Int.init) ?? maximumLineBytes
        timeoutNanoseconds = object["timeout"]?.duration(in: Self.timeouts) ?? Self.defaultTimeoutNanoseconds
        if start == nil && continuation == nil { return nil }
    }
}

extension ConfigurationNode {
    /// A regular expression that lines are compared with.
    fileprivate func linePattern() -> RegexProgram? {
        guard let program = regexProgram(needsNames: false) else { return nil }
        let matcher = RegexMatcher(program)
        let matchesAll = ["", "x", " x", "0"].allSatisfy { Array($0.utf8).withUnsafeBytes { matcher.search($0) } }
        if matchesAll { warn("`\(path)` matches every line, as it is written.") }
        if !program.isAnchored && !matchesAll {
            warn("`\(path)` may match in the middle of a line.", hint: "Begin it with `^` to look at a line's beginning alone.")
        }
        return program
    }
}
