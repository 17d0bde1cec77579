@testable import LogAgent

/// An expression, a newline and a line: both engines find the same, within the line.
enum RegexFuzzing {
    static func run(_ input: UnsafeRawBufferPointer) {
        let (text, line) = input.splitAtNewline
        do throws(RegexError) {
            let matcher = RegexMatcher(try RegexProgram(String(decoding: text, as: UTF8.self)))
            let isFound = matcher.search(line)
            let groups = matcher.program.names.indices.map { matcher[$0] }
            let isFoundByThreads = matcher.searchByThreads(line)
            precondition(isFound == isFoundByThreads, "one engine finds what the other does not")
            guard isFound else { return }
            precondition(groups == matcher.program.names.indices.map { matcher[$0] }, "the engines find different groups")
            for case .some(let range) in groups { precondition(range.upperBound <= line.count, "a group stands beyond the line") }
        } catch {
            _ = error.description
        }
    }
}
