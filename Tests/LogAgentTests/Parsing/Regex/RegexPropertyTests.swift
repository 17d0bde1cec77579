import Delivery
import Foundation
import Testing

@testable import LogAgent

/// Random expressions and lines, judged by ICU's engine, which goes back over its tracks in the same order.
struct RegexPropertyTests {
    @Test(arguments: 0..<10)
    func `groups are those that ICU finds`(seed: Int) throws {
        var generator = ExpressionGenerator(seed: UInt64(seed))
        var matches = 0
        for _ in 0..<80 {
            let pattern = generator.expression()
            let matcher = RegexMatcher(try RegexProgram(pattern))
            let judge = try NSRegularExpression(pattern: pattern)
            for _ in 0..<12 {
                let line = generator.line()
                let expected = judged(judge, line, names: matcher.program.names)
                if expected != nil { matches += 1 }
                #expect(matcher.groups(in: line) == expected, "\(pattern) on \(line)")
                #expect(matcher.groups(in: line, byThreads: true) == expected, "\(pattern) on \(line), by threads")
            }
        }
        #expect(matches > 100, "too few expressions match: \(matches)")
    }

    private func judged(_ judge: NSRegularExpression, _ line: String, names: [String]) -> [String: String]? {
        guard let match = judge.firstMatch(in: line, range: NSRange(line.startIndex..., in: line)) else { return nil }
        var groups: [String: String] = [:]
        for name in names {
            if let range = Range(match.range(withName: name), in: line) { groups[name] = String(line[range]) }
        }
        return groups
    }
}

private struct ExpressionGenerator {
    private var random: SeededGenerator
    private var groupCount = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func line() -> String {
        String((0..<Int.random(in: 0...10, using: &random)).map { _ in "aabbc é".randomElement(using: &random) ?? "a" })
    }

    mutating func expression() -> String {
        groupCount = 0
        var text = alternatives(depth: 3)
        if groupCount == 0 { text = group(text) }
        if Int.random(in: 0..<6, using: &random) == 0 { text = "^(?:" + text + ")" }
        if Int.random(in: 0..<6, using: &random) == 0 { text = "(?:" + text + ")$" }
        return text
    }

    private mutating func group(_ text: String) -> String {
        groupCount += 1
        return "(?<g\(groupCount)>" + text + ")"
    }

    private mutating func alternatives(depth: Int) -> String {
        (0..<Int.random(in: 1...2, using: &random)).map { _ in sequence(depth: depth) }.joined(separator: "|")
    }

    private mutating func sequence(depth: Int) -> String {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in piece(depth: depth) }.joined()
    }

    private mutating func piece(depth: Int) -> String {
        let atom = atom(depth: depth)
        // What a round that reads nothing does to groups differs between engines.
        let node = try? RegexParser.parse(atom).node
        guard let node, !node.matchesEmpty, Bool.random(using: &random) else { return atom }
        return atom + (["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{2,}", "{0,2}?"].randomElement(using: &random) ?? "*")
    }

    private mutating func atom(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
        case 0...2: return ["a", "b", "c", "é"].randomElement(using: &random) ?? "a"
        case 3: return "."
        case 4: return ["[ab]", "[^a]", "[a-z]", "\\s", "[b-c]", "[^ ]"].randomElement(using: &random) ?? "[ab]"
        case 5: return ["\\S", "a", "b"].randomElement(using: &random) ?? "a"
        case 6: return "(?:" + alternatives(depth: depth - 1) + ")"
        default: return group(alternatives(depth: depth - 1))
        }
    }
}
