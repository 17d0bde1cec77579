/// One thing that is wrong, or looks wrong, in a configuration.
package struct ConfigurationProblem: Error, Hashable, Sendable {
    package enum Severity: String, Sendable { case error, warning }

    package var severity: Severity
    /// The file's name as it was given.
    package var file: String
    /// nil where no place in the file is meant.
    package var position: TextPosition?
    /// What was found, and what is allowed: one sentence.
    package var message: String
    /// What to do about it, if more can be said.
    package var hint: String?
    /// The line of the file that ``position`` is in; nil where it must not be shown.
    package var line: String?
    /// How many characters from ``position`` on are meant.
    package var length: Int

    package init(
        _ severity: Severity, file: String, position: TextPosition? = nil, message: String, hint: String? = nil, line: String? = nil,
        length: Int = 1
    ) {
        self.severity = severity
        self.file = file
        self.position = position
        self.message = message
        self.hint = hint
        self.line = line
        self.length = length
    }

    /// `file:line:column: severity: message`, without the hint.
    package var summary: String {
        let place = position.map { ":\($0.line):\($0.column)" } ?? ""
        return "\(file)\(place): \(severity.rawValue): \(message)"
    }
}

/// A place in a text, both counted from 1; the column in Unicode scalars.
package struct TextPosition: Hashable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: TextPosition, right: TextPosition) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// Everything that was found wrong with a configuration, so that a person can mend it in one go.
package struct ConfigurationError: Error, CustomStringConvertible {
    /// At least one of them is an error; in the order of the files' lines.
    package let problems: [ConfigurationProblem]

    package init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    package var description: String {
        problems.map { problem in problem.hint.map { "\(problem.summary)\n  \($0)" } ?? problem.summary }.joined(separator: "\n")
    }
}

/// Collects the problems of one load. Used by one thread; lives as long as the load.
package final class ConfigurationProblems {
    private var seen: Set<ConfigurationProblem> = []
    /// The order in which files were opened: problems are told in it.
    private var fileOrder: [String] = []
    private var collected: [ConfigurationProblem] = []
    /// `file:line`.
    private var hiddenLines: Set<String> = []

    package init() {}

    package func add(_ problem: ConfigurationProblem) {
        if !fileOrder.contains(problem.file) { fileOrder.append(problem.file) }
        if seen.insert(problem).inserted { collected.append(problem) }
    }

    /// Keeps lines out of all problems, also of others that they hold: there is a secret in them.
    func hideLines(_ lines: ClosedRange<Int>, ofFile file: String) {
        for line in lines { hiddenLines.insert("\(file):\(line)") }
    }

    package var hasErrors: Bool { collected.contains { $0.severity == .error } }

    /// By file, then by place; those without a place come last.
    package var sorted: [ConfigurationProblem] {
        let end = TextPosition(line: .max, column: .max)
        return collected.enumerated().sorted { left, right in
            let files = (fileOrder.firstIndex(of: left.element.file) ?? 0, fileOrder.firstIndex(of: right.element.file) ?? 0)
            if files.0 != files.1 { return files.0 < files.1 }
            let positions = (left.element.position ?? end, right.element.position ?? end)
            return positions.0 == positions.1 ? left.offset < right.offset : positions.0 < positions.1
        }.map { _, problem in
            var problem = problem
            if let position = problem.position, hiddenLines.contains("\(problem.file):\(position.line)") { problem.line = nil }
            return problem
        }
    }
}
