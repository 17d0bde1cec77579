import CommandLineInterface
import Configuration
import StructuredLogging

/// `transcode-service serve`: until it is told to stop.
enum ServeCommand {
    static func run(_ loaded: LoadedSettings, terminal: Terminal) -> ExitCode {
        // What is wrong before there is a log of its own goes to standard error, as JSON lines where no person reads them.
        let logger = Logger(name: "service", output: LogOutput(service: "transcode-service"))
        if terminal.errorIsTerminal {
            ProblemReport.print(loaded.warnings, showingLines: true, terminal: terminal)
        } else {
            ProblemReport.log(loaded.warnings, to: logger.named("configuration"))
        }
        do throws(ServiceError) {
            try TranscodeService(settings: loaded.settings).run()
            return .success
        } catch {
            if terminal.errorIsTerminal {
                terminal.error("transcode-service: \(error.description)\n")
            } else {
                logger.error("transcode-service can't run.", ["error": .describing(error)])
            }
            return .failure
        }
    }
}
