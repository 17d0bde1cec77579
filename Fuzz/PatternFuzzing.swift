@testable import LogAgent

/// A pattern, a newline and a line: captures and texts, put together again, are what the line starts with.
enum PatternFuzzing {
    static func run(_ input: UnsafeRawBufferPointer) {
        let (text, line) = input.splitAtNewline
        do throws(LinePatternError) {
            let pattern = try LinePattern(String(decoding: text, as: UTF8.self))
            var rebuilt = pattern.opening
            do throws(LinePatternMismatch) {
                try pattern.match(line) { index, range in
                    rebuilt += line[range]
                    rebuilt += pattern.captures[index].following
                }
                precondition(line.starts(with: rebuilt), "the parts do not make up the line")
            } catch {
                _ = error.description
            }
        } catch {
            _ = error.description
        }
    }
}
