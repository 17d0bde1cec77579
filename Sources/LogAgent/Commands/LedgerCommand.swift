/// `log-agent ledger`: what became of every line, from the last checkpoint.
enum LedgerCommand {
    static func run(_ action: LedgerAction, settings: LogAgentSettings, terminal: Terminal) -> ExitCode {
        let file = CheckpointFile(dataDirectory: settings.dataDirectory)
        let checkpoint: Checkpoint
        do throws(CheckpointError) {
            guard let loaded = try file.load() else {
                terminal.error("There is no checkpoint at \(file.path) yet: log-agent has not run with this data_dir.\n")
                return .failure
            }
            checkpoint = loaded
        } catch {
            terminal.error("\(error.description) (\(file.path))\n")
            return .failure
        }
        terminal.output(LedgerTable(LedgerReport(checkpoint)).text)
        return action == .verify ? verify(checkpoint, settings, terminal) : .success
    }

    private static func verify(_ checkpoint: Checkpoint, _ settings: LogAgentSettings, _ terminal: Terminal) -> ExitCode {
        let limits = Dictionary(settings.sources.map { ($0.name, $0.maximumLineBytes) }) { first, _ in first }
        let verification = LedgerVerification(checkpoint, maximumLineBytes: limits)
        terminal.output("\n")
        for finding in verification.findings {
            switch finding.verdict {
            case .proven:
                terminal.output("\(terminal.styled("proven", .green))    \(finding.path): \(finding.lines) lines, read again and equal\n")
            case .gone:
                terminal.output(
                    "\(terminal.styled("gone", .dim))      \(finding.path): its content is not there any more; its sums close\n")
            case .mismatch(let what):
                terminal.output("\(terminal.styled("MISMATCH", .red))  \(finding.path): \(what)\n")
            }
        }
        terminal.output(
            verification.isProven
                ? "\nThe ledger closes: read = delivered + pending + filtered + refused + lost, for every file and output.\n"
                : "\nThe ledger does not close.\n")
        return verification.isProven ? .success : .failure
    }
}
