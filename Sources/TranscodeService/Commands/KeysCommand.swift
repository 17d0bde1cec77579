import CommandLineInterface
import Configuration
import JobStore

/// `transcode-service keys`: makes, lists and removes API keys, in the store or by way of the service that has it open.
enum KeysCommand {
    static func run(_ action: KeysAction, settings: ServiceSettings, terminal: Terminal) -> ExitCode {
        do throws(KeysError) {
            let keys = try KeyAdministration(settings)
            defer { keys.close() }
            switch action {
            case .list: terminal.output(table(try keys.list(), terminal: terminal))
            case .create(let name, let quotaBytes):
                let text = try keys.create(name: name, quotaBytes: quotaBytes)
                // The key alone stands in the output, for scripts.
                terminal.error("The key `\(name)` is made. This is the only time that it is shown:\n")
                terminal.output(text + "\n")
            case .remove(let name):
                try keys.remove(name: name)
                terminal.output("\(terminal.styled("ok", .green)): the key `\(name)` is removed; its jobs stay\n")
            }
            return .success
        } catch {
            terminal.error("\(terminal.styled("error:", .red, onError: true)) \(error.description)\n")
            if let hint = error.hint { terminal.error("  \(hint)\n") }
            return .failure
        }
    }

    static func table(_ keys: [KeyResource], terminal: Terminal) -> String {
        if keys.isEmpty { return "There are no keys.\n" }
        let rows =
            [["NAME", "JOBS", "USED", "QUOTA", "CREATED", "ID"]]
            + keys.map { key in
                [key.name, "\(key.jobs)", "\(key.usedBytes)", key.quotaBytes.map { SizeText.text($0) } ?? "none", key.createdAt, key.id]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.enumerated().map { index, row in
            let cells = row.enumerated().map {
                $0.offset == row.count - 1 ? $0.element : TextLayout.padded($0.element, to: widths[$0.offset])
            }
            let line = cells.joined(separator: "  ")
            return (index == 0 ? terminal.styled(line, .bold) : line) + "\n"
        }.joined()
    }
}
