/// `log-agent run`.
enum RunCommand {
    static func run(settings: LogAgentSettings, terminal: Terminal) -> ExitCode {
        terminal.error("log-agent: `run` is not part of this build.\n")
        return .failure
    }
}
