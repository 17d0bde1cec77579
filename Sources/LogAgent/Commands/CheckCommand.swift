import CommandLineInterface
import Configuration
import ConnectionSettings

/// `log-agent check`: every error of a configuration at once, or a summary of what it would do.
enum CheckCommand {
    static func run(_ configuration: String?, terminal: Terminal, environment: @escaping (String) -> String?) -> ExitCode {
        do throws(ConfigurationError) {
            let loaded = try LogAgentSettings.load(configuration, environment: environment)
            ProblemReport.print(loaded.warnings, showingLines: true, terminal: terminal)
            for warning in PresentConditions.warnings(loaded.settings) {
                terminal.error("\(terminal.styled("warning:", .yellow, onError: true)) \(warning)\n")
            }
            terminal.output(summary(loaded, terminal: terminal))
            return .success
        } catch {
            ProblemReport.print(error.problems, showingLines: true, terminal: terminal)
            let errors = error.problems.count { $0.severity == .error }
            terminal.error("\(errors) \(errors == 1 ? "error" : "errors").\n")
            return .usage
        }
    }

    static func summary(_ loaded: LoadedSettings, terminal: Terminal) -> String {
        let settings = loaded.settings
        var text = "\(terminal.styled("ok", .green)): \(loaded.files.joined(separator: ", "))\n"
        func row(_ title: String, _ values: [String]) {
            for (index, value) in values.enumerated() {
                let heading = index == 0 ? title : ""
                text += "  \(heading)\(String(repeating: " ", count: max(1, 10 - heading.count)))\(value)\n"
            }
        }
        row("sources", settings.sources.map { "\($0.name)  \($0.format.name)  \($0.place)" })
        row("steps", settings.transforms.map { StepText.describe($0, outputs: settings.outputs.map(\.name)) })
        row("metrics", metrics(settings.metrics))
        row("outputs", settings.outputs.isEmpty ? ["none: lines are counted, not shipped"] : settings.outputs.map(describe))
        row("state", ["\(settings.dataDirectory), \(SizeText.text(UInt64(settings.memoryBytes))) of buffers"])
        row("serves", [serving(settings.server)])
        return text
    }

    private static func serving(_ server: ServerSettings) -> String {
        var text = server.listen
        if let tls = server.tls { text += tls.clientAuthoritiesFile == nil ? " with TLS" : " with TLS and client certificates" }
        if server.bearerToken != nil { text += " with a token" }
        return text
    }

    private static func metrics(_ metrics: [MetricSettings]) -> [String] {
        if metrics.isEmpty { return ["none"] }
        var rows: [String] = []
        var line = ""
        for name in metrics.map(\.name) {
            if line.count + name.count + 1 > 88 {
                rows.append(line)
                line = ""
            }
            line += line.isEmpty ? name : " " + name
        }
        return ["\(metrics.count) \(metrics.count == 1 ? "family" : "families")"] + rows + [line]
    }

    private static func describe(_ output: OutputSettings) -> String {
        switch output.destination {
        case .loki(let loki):
            "\(output.name)  loki  \(loki.url)\(loki.encoding == .otlp ? " as OTLP" : "")"
                + (loki.proxy.map { " by way of the proxy \($0)" } ?? "")
        case .stdout(let stdout): "\(output.name)  stdout  \(stdout.format.rawValue)"
        case .directory(let directory):
            "\(output.name)  directory  \(directory.path), \(SizeText.text(directory.maximumBytes)) at most, "
                + (directory.retentionNanoseconds.map { "for \(DurationText.text($0))" } ?? "for ever")
        }
    }
}
