import CommandLineInterface

/// `log-agent ledger`: what became of every line, from the last checkpoint.
enum LedgerCommand {
    /// What `--json` prints.
    private struct Report: Encodable {
        struct Finding: Encodable {
            var path: String
            var lines: UInt64
            /// `proven`, `gone`, `mismatch` or `unreadable`.
            var verdict: String
            var reason: String?
        }
        var ledger: LedgerReport
        /// nil: not asked for.
        var findings: [Finding]?
        var closes: Bool?
    }

    static func run(_ action: LedgerAction, settings: LogAgentSettings, asJSON: Bool = false, terminal: Terminal) -> ExitCode {
        let file = CheckpointFile(dataDirectory: settings.dataDirectory)
        let checkpoint: Checkpoint
        do throws(CheckpointError) {
            guard let loaded = try file.load() else {
                terminal.error("There is no checkpoint at \(file.path) yet: log-agent has not run with this data_dir.\n")
                return .failure
            }
            checkpoint = loaded
        } catch {
            terminal.error("\(file.path): \(error.description)\n")
            if case .damaged = error {
                terminal.error("  The next `log-agent run` sets it aside and reads the files from their beginning.\n")
            }
            return .failure
        }
        let limits = settings.sources.map {
            (
                $0.name,
                LedgerVerification.LineLimits(
                    maximumLineBytes: $0.maximumLineBytes, encoding: $0.files.encoding, isCaptured: $0.kind != .file)
            )
        }
        let verification =
            action == .verify ? LedgerVerification(checkpoint, limits: Dictionary(limits) { first, _ in first }) : nil
        if asJSON {
            terminal.print(
                Report(
                    ledger: LedgerReport(checkpoint), findings: verification?.findings.map(finding), closes: verification?.isProven))
        } else {
            terminal.output(LedgerTable(LedgerReport(checkpoint)).text)
            if let verification { print(verification, terminal) }
        }
        return verification?.isProven ?? true ? .success : .failure
    }

    private static func finding(_ finding: LedgerVerification.Finding) -> Report.Finding {
        switch finding.verdict {
        case .proven: Report.Finding(path: finding.path, lines: finding.lines, verdict: "proven")
        case .gone: Report.Finding(path: finding.path, lines: finding.lines, verdict: "gone")
        case .mismatch(let what): Report.Finding(path: finding.path, lines: finding.lines, verdict: "mismatch", reason: what)
        case .unreadable(let why): Report.Finding(path: finding.path, lines: finding.lines, verdict: "unreadable", reason: why)
        }
    }

    private static func print(_ verification: LedgerVerification, _ terminal: Terminal) {
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
            case .unreadable(let why):
                terminal.output("\(terminal.styled("UNREADABLE", .red))  \(finding.path): \(why)\n")
            }
        }
        terminal.output(
            verification.isProven
                ? "\nThe ledger closes: read = delivered + pending + filtered + refused + lost, for every file and output.\n"
                : "\n" + failure(verification))
    }

    private static func failure(_ verification: LedgerVerification) -> String {
        let mismatches = verification.findings.count { if case .mismatch = $0.verdict { true } else { false } }
        if mismatches > 0 {
            let files = mismatches == 1 ? "1 file" : "\(mismatches) files"
            return "The ledger does not close: \(files) changed after being read, or the checkpoint is wrong about them.\n"
        }
        return "The ledger is not proven: not every file can be read; run this as the user of `log-agent run`.\n"
    }
}
