import CommandLineInterface
import Configuration

/// `trace-collector check`: every error of a configuration at once, or a summary of what it would do.
enum CheckCommand {
    static func run(_ configuration: String?, terminal: Terminal, environment: @escaping (String) -> String?) -> ExitCode {
        do throws(ConfigurationError) {
            let loaded = try TraceCollectorSettings.load(configuration, environment: environment)
            ProblemReport.print(loaded.warnings, showingLines: true, terminal: terminal)
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
        var text = "\(terminal.styled("ok", .green)): \(loaded.file)\n"
        func row(_ title: String, _ values: [String]) {
            for (index, value) in values.enumerated() {
                let heading = index == 0 ? title : ""
                text += "  \(heading)\(String(repeating: " ", count: max(1, 10 - heading.count)))\(value)\n"
            }
        }
        row("receives", receivers(settings))
        row("samples", [settings.sampling.map(describe) ?? "nothing: every trace is kept"])
        row("metrics", metrics(settings))
        row("outputs", settings.outputs.map(describe))
        row(
            "buffer",
            [
                "\(settings.dataDirectory), \(SizeText.text(settings.buffer.maximumBytes)) at most, "
                    + "fsync \(settings.buffer.synchronization.rawValue)"
            ])
        row("serves", [settings.server.listen])
        return text
    }

    private static func receivers(_ settings: TraceCollectorSettings) -> [String] {
        let http = settings.otlpHTTP.map { receiver in
            "otlp_http  \(receiver.server.listen)\(receiver.server.tls == nil ? "" : " with TLS")"
                + (receiver.server.bearerToken == nil ? "" : " with a token")
        }
        return [http].compactMap(\.self) + settings.files.map { "files  \($0.include.joined(separator: ", "))" }
    }

    private static func describe(_ sampling: TailSampler.Settings) -> String {
        "after \(DurationText.text(sampling.waitNanoseconds)), \(SizeText.text(UInt64(sampling.memoryBytes))) of memory; keeps by "
            + (sampling.policies.isEmpty ? "no policy" : sampling.policies.map(\.name).joined(separator: ", "))
    }

    private static func metrics(_ settings: TraceCollectorSettings) -> [String] {
        let spans = settings.spanMetrics.map { metrics in
            "spans by \((SpanMetrics.intrinsicLabels + metrics.dimensions.map(SpanMetrics.labelName)).joined(separator: ", "))"
        }
        let graph = settings.serviceGraph.map { "calls between services, paired within \(DurationText.text($0.waitNanoseconds))" }
        let rows = [spans, graph].compactMap(\.self)
        return rows.isEmpty ? ["none"] : rows
    }

    private static func describe(_ output: OutputSettings) -> String {
        switch output.destination {
        case .otlp(let otlp): "\(output.name)  otlp_http  \(otlp.url)" + (otlp.proxy.map { " by way of the proxy \($0)" } ?? "")
        case .directory(let directory):
            "\(output.name)  directory  \(directory.path), \(SizeText.text(directory.maximumBytes)) at most, "
                + (directory.retentionNanoseconds.map { "for \(DurationText.text($0))" } ?? "for ever")
        }
    }
}
