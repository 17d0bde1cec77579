import StructuredLogging

/// `log-agent run`: until it is told to stop.
enum RunCommand {
    static func run(settings: LogAgentSettings, terminal: Terminal) -> ExitCode {
        let logger = Logger(name: "log-agent", level: .info, output: LogOutput(service: "log-agent"))
        let service = LogAgentService(settings: settings, log: AgentLog(logger: logger))
        do throws(LogAgentError) {
            try service.run()
            return .success
        } catch {
            terminal.error("log-agent: \(error.description)\n")
            return .failure
        }
    }
}
