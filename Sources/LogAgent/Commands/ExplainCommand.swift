import CommandLineInterface
import Configuration
import Glibc
import SystemIO
import Tailing

/// `log-agent explain`: what becomes of each line of a sample.
enum ExplainCommand {
    static func run(_ request: ExplainRequest, settings: LogAgentSettings, terminal: Terminal) -> ExitCode {
        guard let source = source(request, settings, terminal) else { return .usage }
        let name = request.sample ?? "standard input"
        do {
            let sample = try SampleReader(request.sample)
            let explainer = try LineExplainer(settings, source: source, path: request.sample.map(absolute) ?? "/dev/stdin")
            let layout = ExplanationText(terminal: terminal)
            let count = try sample.forEach(explainer) { explanation in
                if request.asJSON {
                    terminal.print(explanation, indented: false)
                } else {
                    terminal.output(layout.text(of: explanation))
                }
            }
            if count == 0 && !request.asJSON { terminal.output("There is no line in \(name).\n") }
            return .success
        } catch {
            terminal.error("log-agent explain: \(error)\n")
            return .failure
        }
    }

    /// The one that is named; else the first that takes the sample's path; else the first.
    private static func source(_ request: ExplainRequest, _ settings: LogAgentSettings, _ terminal: Terminal) -> Int? {
        if let name = request.source {
            if let index = settings.sources.firstIndex(where: { $0.name == name }) { return index }
            let names = settings.sources.map(\.name)
            let guess = UsageError.guess(name, among: names).map { " \($0)" } ?? ""
            terminal.error("There is no source `\(name)`.\(guess) Sources: \(names.joined(separator: ", ")).\n")
            return nil
        }
        guard let sample = request.sample else { return 0 }
        let path = absolute(sample)
        let tails = LogAgentService(settings: settings, log: .silent).tailSources
        return tails.firstIndex { $0.takes(path) } ?? 0
    }

    private static func absolute(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}

/// Reads a sample piece by piece; a long one, or a pipe, is explained while it is read.
struct SampleReader: ~Copyable {
    private let file: FileDescriptor

    /// nil: standard input.
    init(_ path: String?) throws(SystemError) {
        let opened = try FileDescriptor(opening: path ?? "/dev/stdin")
        if try FileStatus(ofDescriptor: opened).kind == .directory {
            throw SystemError(call: "read", subject: path ?? "standard input", code: EISDIR)
        }
        file = opened
    }

    /// Gives each line's explanation to `tell`; returns how many there were.
    func forEach(_ explainer: LineExplainer, _ tell: (LineExplanation) -> Void) throws(SystemError) -> Int {
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        var count = 0
        var position = 0
        while true {
            let descriptor = file.rawValue
            let read = chunk.withUnsafeMutableBytes { raw in
                retryingOnInterrupt { Glibc.read(descriptor, raw.baseAddress, raw.count) }
            }
            if read < 0 { throw SystemError(call: "read", subject: "the sample") }
            rest += chunk[..<read]
            position = rest.withUnsafeBytes { bytes in
                explainer.explain(bytes, from: position, isFinal: read == 0) { explanation in
                    count += 1
                    tell(explanation)
                }
            }
            // Lines that may go on stay right before what follows.
            let unused = max(0, position - explainer.reach)
            rest.removeFirst(unused)
            position -= unused
            if read == 0 { return count }
        }
    }
}
