@testable import LogAgent

/// An expression, a newline and a line: in either syntax both engines find the same, within the line.
enum RegexFuzzing {
    static func run(_ input: UnsafeRawBufferPointer) {
        let (text, line) = input.splitAtNewline
        let expression = String(decoding: text, as: UTF8.self)
        do throws(RegexError) {
            _ = compare(RegexMatcher(try RegexProgram(expression)), on: line)
        } catch {
            _ = error.description
        }
        do throws(RegexError) {
            let program = try RegexProgram(expression, try PosixRegexParser.parse(expression))
            let isFound = compare(RegexMatcher(program), on: line)
            let pattern = try BytePattern(expression)
            precondition(pattern.matches(line) == isFound, "a plain text is found otherwise")
        } catch {
            _ = error.description
        }
    }

    private static func compare(_ matcher: RegexMatcher, on line: UnsafeRawBufferPointer) -> Bool {
        let isFound = matcher.search(line)
        let groups = matcher.program.names.indices.map { matcher[$0] }
        let isFoundByThreads = matcher.searchByThreads(line)
        precondition(isFound == isFoundByThreads, "one engine finds what the other does not")
        guard isFound else { return false }
        precondition(groups == matcher.program.names.indices.map { matcher[$0] }, "the engines find different groups")
        for case .some(let range) in groups { precondition(range.upperBound <= line.count, "a group stands beyond the line") }
        return true
    }
}
