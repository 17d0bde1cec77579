/// A pattern of the configuration: finds what its named groups match, or where it has none, all that it matches.
final class OwnPattern {
    private static let wholeName = "whole_match"
    /// Where more is found in one text, everything behind it is taken, so that no line takes long.
    private static let maximumMatches = 1000

    private let matcher: RegexMatcher
    private let groups: Range<Int>

    init(_ program: RegexProgram) {
        matcher = RegexMatcher(program)
        groups = program.names.count > 1 ? 1..<program.names.count : 0..<1
    }

    /// The expression with a group around it.
    static func program(_ expression: String) throws(RegexError) -> RegexProgram {
        do throws(RegexError) {
            // By itself, so that an error names a place in what was written.
            _ = try RegexProgram(expression)
        } catch {
            guard case .noName = error else { throw error }
        }
        return try RegexProgram("(?P<\(wholeName)>\(expression))")
    }

    /// Whether what stands in every match is there: false means that no part of `text` matches.
    func mayMatch(_ text: UnsafeRawBufferPointer) -> Bool {
        matcher.program.required.isEmpty || RegexMatcher.find(matcher.program.required, in: text, from: 0) != nil
    }

    /// Every match, one behind the other; those of no byte are passed over.
    func find(in text: UnsafeRawBufferPointer, _ found: (Range<Int>) -> Void) {
        var place = 0
        var count = 0
        while place < text.count {
            guard matcher.search(UnsafeRawBufferPointer(rebasing: text[place...])), let whole = matcher[0] else { return }
            for group in groups {
                if let range = matcher[group], !range.isEmpty { found(place + range.lowerBound..<place + range.upperBound) }
            }
            if matcher.program.isAnchored { return }
            place += max(whole.upperBound, whole.isEmpty ? whole.upperBound + 1 : 1)
            count += 1
            if count == Self.maximumMatches && place < text.count { return found(place..<text.count) }
        }
    }
}
