/// A regular expression as it was written: what ``RegexParser`` makes and ``RegexCompiler`` takes.
indirect enum RegexNode: Equatable, Sendable {
    case empty
    case set(RegexSet)
    case sequence([RegexNode])
    /// The first that leads to a match is taken.
    case alternatives([RegexNode])
    /// `maximum` is nil where there is none.
    case repetition(RegexNode, minimum: Int, maximum: Int?, isGreedy: Bool)
    /// A named group, by its place among them.
    case capture(RegexNode, index: Int)
    case assertion(RegexAssertion)

    /// The text that is all it matches, as UTF-8; nil if there is more to it.
    var literal: [UInt8]? {
        switch self {
        case .set(let set): return set.single.flatMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
        case .sequence(let nodes):
            var text: [UInt8] = []
            for node in nodes {
                guard let literal = node.literal else { return nil }
                text += literal
            }
            return text
        case .empty, .alternatives, .repetition, .capture, .assertion: return nil
        }
    }

    /// Whether it can match without reading anything.
    var matchesEmpty: Bool {
        switch self {
        case .empty, .assertion: true
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(\.matchesEmpty)
        case .alternatives(let nodes): nodes.contains(where: \.matchesEmpty)
        case .repetition(let node, let minimum, _, _): minimum == 0 || node.matchesEmpty
        case .capture(let node, _): node.matchesEmpty
        }
    }
}

/// What is true between two characters.
enum RegexAssertion: Int32, Equatable, Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary, wordStart, wordEnd
}
