import Foundation
import TestSupport
import Testing

/// An agent with one source that is no file, whose lines are text, each counted by `lines_total`.
extension AgentSetup {
    static let linesTotal = "lines_total"

    /// `source`: JSON5 of the source without its name, format and labels.
    static func capturing(_ directory: String, _ source: String, sink: LokiSink) throws -> AgentSetup {
        var setup = try AgentSetup(directory)
        setup.sources = #"{ name: "in", format: "text", labels: { job: "in", stream: "$stream", path: "$__path__" }, \#(source) }"#
        setup.metrics =
            #"metrics: [{ name: "\#(linesTotal)", type: "counter", help: "Lines", where: { message: { exists: true } } }],"#
        // Small pushes and a long time-out: a sink on a busy machine is slow.
        setup.outputs = [
            #"{ name: "loki", type: "loki", url: "\#(sink.url)", batch: { max_bytes: "64KiB", max_wait: "20ms" }, "#
                + #"retry: { min_backoff: "10ms", max_backoff: "200ms", timeout: "30s" } }"#
        ]
        return setup
    }

    /// The segments that are on the disk.
    var segments: [String] {
        let files = FileManager.default.enumerator(atPath: dataDirectory + "/capture")?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".log") }.sorted()
    }
}

extension AgentProcess {
    /// What `/api/v1/status` says of the first source.
    func capture() throws -> [String: Any] {
        let sources = try json("/api/v1/status")["sources"] as? [[String: Any]] ?? []
        return sources.first?["capture"] as? [String: Any] ?? [:]
    }

    /// The same of the part of its kind, `exec` or `syslog`.
    func capture(_ kind: String) throws -> [String: Any] { try capture()[kind] as? [String: Any] ?? [:] }
}

struct NotInSink: Error, CustomStringConvertible { let description: String }

extension LokiSink {
    /// Every entry's line, in order of arrival within its stream; one that came again as the same entry is one.
    var lines: [String] { streams.values.flatMap { $0.map(\.entry.line) } }

    func lines(ofStream name: String) -> [String] {
        streams.filter { $0.key["stream"] == name }.values.flatMap { $0.map(\.entry.line) }
    }

    func waitFor(_ what: String, in agent: AgentProcess? = nil, _ condition: ([String]) -> Bool) throws {
        do {
            try waitUntil("\(what) in the sink") { condition(lines) }
        } catch {
            throw NotInSink(
                description: "\(error); it has \(lines.count) lines, the last \(lines.suffix(3)); the agent said "
                    + (agent?.process.errorText.suffix(3000) ?? ""))
        }
    }
}

/// A pipe whose ends are closed with it.
final class PipeEnds {
    let reading: Int32
    private(set) var writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        // No program that is started by the way may hold an end open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        closeWriting()
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(writing, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            if count < 0 { return }
            written += count
        }
    }
}
