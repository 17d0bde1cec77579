import Configuration

@testable import LogAgent

/// A configuration: settings, or problems that can be shown.
enum ConfigurationFuzzing {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        let problems = ConfigurationProblems()
        let file = ConfigurationFile(Array(bytes), name: "f", directory: "/nowhere", problems: problems)
        do throws(ConfigurationError) {
            let loaded = try LogAgentSettings.load(file, environment: { $0 == "SET" ? "x" : nil }, problems: problems)
            for problem in loaded.warnings { _ = problem.summary }
        } catch {
            precondition(error.problems.contains { $0.severity == .error }, "a configuration is refused without an error")
            for problem in error.problems { _ = problem.summary }
        }
    }
}
