import CommandLineInterface
import Configuration
import Glibc
import SystemIO

/// `log-agent refused`: lines that outputs refused for good.
enum RefusedCommand {
    static func run(_ request: RefusedRequest, settings: LogAgentSettings, terminal: Terminal) -> ExitCode {
        let outputs = settings.outputs.filter { request.output == nil || $0.name == request.output }
        if let name = request.output, outputs.isEmpty {
            let names = settings.outputs.map(\.name)
            let guess = UsageError.guess(name, among: names).map { " \($0)" } ?? ""
            terminal.error("There is no output `\(name)`.\(guess) Outputs: \(names.joined(separator: ", ")).\n")
            return .usage
        }
        do {
            switch request.action {
            case .list:
                for output in outputs { try list(output.name, request, settings, terminal) }
                return .success
            case .replay: return try replay(outputs, request, settings, terminal)
            }
        } catch {
            terminal.error("log-agent refused: \(error)\n")
            return .failure
        }
    }

    private static func list(
        _ output: String, _ request: RefusedRequest, _ settings: LogAgentSettings, _ terminal: Terminal
    ) throws(SystemError) {
        let reader = RefusedLineReader()
        let files = try DeadLetters(dataDirectory: settings.dataDirectory, output: output).files()
        var reasons: [String: Int] = [:]
        if request.asJSON {
            try forEachLine(of: files) { terminal.output(String(decoding: $0, as: UTF8.self) + "\n") }
            return
        }
        try forEachLine(of: files) { line in
            let refused = line.withUnsafeBytes { reader.read($0) }
            reasons[refused?.reason ?? "unreadable", default: 0] += 1
        }
        let total = reasons.values.reduce(0, +)
        let sums = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        terminal.output(
            "\(terminal.styled(output, .bold)): \(total) refused \(total == 1 ? "line" : "lines")\(total == 0 ? "" : " (\(sums))")\n")
        try forEachLine(of: files) { line in
            guard let refused = line.withUnsafeBytes({ reader.read($0) }) else { return }
            let head = "\(TimeText.rfc3339(refused.timestamp))  \(terminal.styled(refused.reason, .yellow))"
            let tenant = refused.tenant.map { "  tenant \(visible($0))" } ?? ""
            terminal.output("  \(head)  \(visible(String(decoding: refused.stream, as: UTF8.self)))\(tenant)\n")
            for part in TextLayout.wrap(visible(refused.detail), width: TextLayout.width - 4) {
                terminal.output("    \(terminal.styled(part, .dim))\n")
            }
            terminal.output("    \(visible(String(decoding: refused.line, as: UTF8.self)))\n")
        }
    }

    private static func forEachLine(of files: [String], _ body: ([UInt8]) -> Void) throws(SystemError) {
        for path in files {
            do throws(SystemError) {
                var file = try DeadLetterReader(path)
                while let line = try file.next() { body(line) }
            } catch {
                // The agent has given it another name meanwhile, or removed it as the oldest.
                if error.code != ENOENT { throw error }
            }
        }
    }

    private static func replay(
        _ outputs: [OutputSettings], _ request: RefusedRequest, _ settings: LogAgentSettings, _ terminal: Terminal
    ) throws -> ExitCode {
        let directory = settings.dataDirectory + "/dead-letter"
        try Directory.create(directory + "/replay")
        // Two at once would send the same lines.
        let lock = try FileDescriptor(opening: directory + "/replay/lock", O_RDWR | O_CREAT)
        if flock(lock.rawValue, LOCK_EX | LOCK_NB) < 0 {
            terminal.error("Another `refused replay` works on \(directory); wait until it is done.\n")
            return .failure
        }
        var isComplete = true
        for output in outputs {
            let replay = try RefusedReplay(output, dataDirectory: settings.dataDirectory)
            isComplete = try replay.run() && isComplete
            if request.asJSON {
                terminal.print(replay.counts, indented: false)
            } else {
                tell(replay.counts, terminal)
            }
        }
        _ = consume lock
        return isComplete ? .success : .failure
    }

    private static func tell(_ counts: RefusedReplay.Counts, _ terminal: Terminal) {
        if counts.delivered + counts.refused + counts.unreadable + counts.left == 0 {
            return terminal.output("\(terminal.styled(counts.output, .bold)): there is nothing to send again\n")
        }
        var parts = ["\(counts.delivered) delivered"]
        if counts.refused > 0 { parts.append("\(counts.refused) refused again") }
        if counts.unreadable > 0 { parts.append("\(counts.unreadable) unreadable") }
        if counts.left > 0 { parts.append("\(counts.left) left for the next replay") }
        terminal.output("\(terminal.styled(counts.output, .bold)): \(parts.joined(separator: ", "))\n")
        if let error = counts.error { terminal.error("  \(terminal.styled("stopped:", .red, onError: true)) \(visible(error))\n") }
    }

    /// What stood in a log must not reach the terminal as more than text.
    private static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0 == "\t" || ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)) ? $0 : "\u{fffd}" }))
    }
}
