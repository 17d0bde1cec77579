/// `log-agent ledger`.
enum LedgerCommand {
    static func run(_ action: LedgerAction, settings: LogAgentSettings, terminal: Terminal) -> ExitCode {
        terminal.error("log-agent: `ledger` is not part of this build.\n")
        return .failure
    }
}
