import Configuration
import StructuredLogging

/// Shows problems as compilers do: place, message, the line with a mark under it, and what to do.
package enum ProblemReport {
    /// Lines longer than this are shown from near the mark.
    private static let shownCharacters = 100

    package static func print(_ problems: [ConfigurationProblem], showingLines: Bool, terminal: Terminal) {
        for problem in problems { terminal.error(text(problem, showingLine: showingLines, terminal: terminal)) }
    }

    /// For a program that is about to run without a person in front of it: its errors are JSON lines from the first on.
    package static func log(_ warnings: [ConfigurationProblem], to logger: Logger) {
        for warning in warnings { logger.warning("The configuration looks odd.", fields(warning)) }
    }

    /// For a program that runs, and was asked to read its configuration again.
    package static func log(errors: [ConfigurationProblem], to logger: Logger) {
        for error in errors { logger.error("The new configuration has an error.", fields(error)) }
    }

    private static func fields(_ problem: ConfigurationProblem) -> LogFields {
        [
            "config.place": .string(problem.position.map { "\(problem.file):\($0.line):\($0.column)" } ?? problem.file),
            "config.problem": .string(problem.message), "config.hint": problem.hint.map(LogValue.string) ?? .null,
        ]
    }

    package static func text(_ problem: ConfigurationProblem, showingLine: Bool = true, terminal: Terminal) -> String {
        let place = problem.position.map { "\(problem.file):\($0.line):\($0.column)" } ?? problem.file
        let severity = terminal.styled("\(problem.severity.rawValue):", problem.severity == .error ? .red : .yellow, onError: true)
        var text = "\(terminal.styled(place, .bold, onError: true)): \(severity) \(visible(problem.message))\n"
        if showingLine, let position = problem.position, let line = problem.line {
            text += marked(line, position, problem.length, terminal)
        }
        if let hint = problem.hint { text += "  \(terminal.styled("hint:", .cyan, onError: true)) \(visible(hint))\n" }
        return text
    }

    /// The line with its number, and carets under what is meant.
    private static func marked(_ line: String, _ position: TextPosition, _ length: Int, _ terminal: Terminal) -> String {
        let scalars = Array(line.unicodeScalars)
        let column = min(position.column - 1, scalars.count)
        let start = column < shownCharacters - 20 ? 0 : min(column - 20, max(0, scalars.count - shownCharacters))
        let shown = scalars[start..<min(scalars.count, start + shownCharacters)]
        let carets = max(1, min(length, shown.endIndex - column))
        let number = "\(position.line)"
        let gutter = terminal.styled(" \(number) | ", .dim, onError: true)
        let blank = terminal.styled(" \(String(repeating: " ", count: number.count)) | ", .dim, onError: true)
        let before = start > 0 ? "…" : ""
        let after = shown.endIndex < scalars.count ? "…" : ""
        // Tabs stay tabs, so that the marks stand where the text does.
        let indent = before.map { _ in " " } + scalars[start..<column].map { $0 == "\t" ? "\t" : " " }
        let marks = terminal.styled(String(repeating: "^", count: carets), .green, onError: true)
        return "\(gutter)\(before)\(visible(String(String.UnicodeScalarView(shown))))\(after)\n\(blank)\(indent.joined())\(marks)\n"
    }

    /// Control characters of a file must not reach the terminal.
    private static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0 == "\t" || ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)) ? $0 : "\u{fffd}" }))
    }
}
