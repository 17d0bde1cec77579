import CommandLineInterface
import Configuration
import SystemIO

/// `transcode-service check`: every error of a configuration at once, or a summary of what it would do.
enum CheckCommand {
    static func run(_ configuration: String?, terminal: Terminal, environment: @escaping (String) -> String?) -> ExitCode {
        do throws(ConfigurationError) {
            let loaded = try ServiceSettings.load(configuration, environment: environment)
            ProblemReport.print(loaded.warnings, showingLines: true, terminal: terminal)
            terminal.output(summary(loaded, terminal: terminal))
            // The file is right all the same: it may be checked on another machine.
            for problem in programProblems(loaded.settings.workers) {
                terminal.error("\(terminal.styled("warning:", .yellow, onError: true)) \(problem)\n")
            }
            return .success
        } catch {
            ProblemReport.print(error.problems, showingLines: true, terminal: terminal)
            let errors = error.problems.count { $0.severity == .error }
            terminal.error("\(errors) \(errors == 1 ? "error" : "errors").\n")
            return .usage
        }
    }

    private static func programProblems(_ workers: WorkerSettings) -> [String] {
        do throws(SystemError) {
            return MediaPrograms.problems(workers, control: try JobControl()).map(\.description)
        } catch {
            return ["ffmpeg can't be looked at: \(error)"]
        }
    }

    static func summary(_ loaded: LoadedSettings, terminal: Terminal) -> String {
        let settings = loaded.settings
        let workers = settings.workers
        let rows = [
            ("serves", settings.listen + (settings.adminToken == nil ? "" : ", keys with the admin token")),
            ("data", "\(settings.dataDirectory), uploads of at most \(SizeText.text(settings.limits.uploadBytes))"),
            ("store", settings.databaseURL == nil ? "embedded, in \(settings.storeDirectory)" : "PostgreSQL"),
            (
                "workers",
                "\(workers.count), \(workers.resolutions.map(\.rawValue).joined(separator: " and ")), "
                    + "at most \(DurationText.text(workers.timeoutNanoseconds)) a job"
            ),
            ("speech", workers.transcriber.map { "\($0.command[0]), model \($0.model)" } ?? "not transcribed"),
            ("log", logPlaces(settings.log)),
            ("spans", spanPlaces(settings.spans)),
        ]
        return "\(terminal.styled("ok", .green)): \(loaded.file)\n"
            + rows.map { "  \(TextLayout.padded($0.0, to: 10))\($0.1)\n" }.joined()
    }

    private static func logPlaces(_ log: LogSettings) -> String {
        let places = (log.toStandardOutput ? ["standard output"] : []) + [log.file].compactMap(\.self)
        return places.isEmpty ? "nowhere" : places.joined(separator: " and ")
    }

    private static func spanPlaces(_ spans: SpanSettings) -> String {
        let places = [spans.file, spans.endpoint].compactMap(\.self)
        return places.isEmpty ? "not exported" : places.joined(separator: " and ")
    }
}
