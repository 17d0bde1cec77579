import Configuration
import Foundation
import Testing

@testable import LogAgent

/// The `config` directory of this repository.
let shippedConfigurations = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../config").standardized.path

/// What a configuration with this text gives.
func load(_ text: String, directory: String = "/nowhere", environment: [String: String] = [:]) throws(ConfigurationError) -> LoadedSettings
{
    let problems = ConfigurationProblems()
    let file = ConfigurationFile(text, name: "f", directory: directory, problems: problems)
    return try LogAgentSettings.load(file, environment: { environment[$0] }, problems: problems)
}

/// Everything that is told about it: `file:line:column: severity: message | hint`.
func told(about text: String, directory: String = "/nowhere", environment: [String: String] = [:]) -> [String] {
    let problems: [ConfigurationProblem]
    do {
        problems = try load(text, directory: directory, environment: environment).warnings
    } catch {
        problems = error.problems
    }
    return problems.map { problem in problem.hint.map { "\(problem.summary) | \($0)" } ?? problem.summary }
}
