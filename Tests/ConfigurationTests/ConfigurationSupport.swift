import Testing

@testable import Configuration

/// Parses `text` and gives its root, with what was told so far.
func parse(_ text: String, environment: [String: String] = [:]) -> (root: ConfigurationNode?, problems: ConfigurationProblems) {
    let problems = ConfigurationProblems()
    let file = ConfigurationFile(text, name: "f", problems: problems)
    return (file?.root(environment: { environment[$0] }, problems: problems), problems)
}

/// What is told about `text` when it is read by `read`: `file:line:column: severity: message | hint`.
func problems(of text: String, environment: [String: String] = [:], _ read: (ConfigurationObject) -> Void = { _ in }) -> [String] {
    let (root, problems) = parse(text, environment: environment)
    _ = root?.object(read)
    return problems.sorted.map { problem in
        if let hint = problem.hint { "\(problem.summary) | \(hint)" } else { problem.summary }
    }
}
