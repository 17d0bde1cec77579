import Foundation
import TestSupport
import Testing

@testable import LogAgent

/// Lines of each format on their whole way: labels, metadata, time, and what is told of lines that do not fit.
@Suite(.timeLimit(.minutes(2)))
struct FormatDeliveryTests {
    private struct Shipped: Equatable {
        var line: String
        var labels: [String: String]
        var metadata: [String: String]
        var timestamp: UInt64
    }

    private func ship(_ lines: [String], source: String) throws -> (shipped: [Shipped], counts: LinePipeline.LineCounts) {
        let sink = try LokiSink()
        defer { sink.stop() }
        return try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append(lines.joined(separator: "\n") + "\n", to: path)
            let agent = try AgentDriver(
                in: directory, sources: "{ name: \"s\", include: \"\(path)\", \(source) }", outputs: AgentDriver.loki(sink.url))
            try agent.stepUntil("the lines") { sink.entryCount == lines.count }
            agent.kill()
            let shipped = sink.streams.flatMap { labels, entries in
                entries.map {
                    Shipped(line: $0.entry.line, labels: labels, metadata: $0.entry.metadata, timestamp: $0.entry.timestamp)
                }
            }
            return (
                lines.compactMap { line in shipped.first { $0.line == line } },
                agent.shared.update { $0.pipelines[0].counts }
            )
        }
    }

    @Test func `logfmt`() throws {
        let (shipped, counts) = try ship(
            [#"ts=2026-11-25T10:00:00Z level=info msg="hello \"you\"" retry"#, "plain words", "ts=never level=warn"],
            source:
                #"format: "logfmt", timestamp: { field: "ts" }, labels: { level: "$level" }, metadata: { msg: "$msg", retry: "$retry" }"#)
        #expect(shipped.map(\.labels) == [["level": "info"], [:], ["level": "warn"]])
        #expect(
            shipped.map(\.metadata) == [
                ["msg": #"hello "you""#, "retry": "true"], ["parse_error": "there is no `name=value` in the line"], [:],
            ])
        #expect(shipped.first?.timestamp == 1_795_600_800_000_000_000)
        #expect((counts.lines, counts.parseErrors, counts.timestampErrors) == (3, 1, 1))
    }

    @Test func `syslog`() throws {
        let (shipped, counts) = try ship(
            [#"<11>1 2026-11-25T10:00:00Z host app - - [x@1 y="a\]b"] text"#, "nothing"],
            source: #"format: "syslog", labels: { level: "$level", app: "$app_name" }, metadata: { y: "$sd.x@1.y" }"#)
        #expect(shipped.map(\.labels) == [["level": "error", "app": "app"], [:]])
        #expect(shipped.map(\.metadata.count) == [1, 1])
        #expect(shipped.first?.metadata == ["y": "a]b"])
        #expect(shipped.first?.timestamp == 1_795_600_800_000_000_000)
        #expect((counts.lines, counts.parseErrors, counts.timestampErrors) == (2, 1, 0))
    }

    @Test func `pattern and regex`() throws {
        for source in [
            #"format: "pattern", pattern: "[<t>] <level> <_>""#, #"format: "regex", regex: "^\\[(?P<t>[^\\]]*)\\] (?P<level>[A-Z]+) ""#,
        ] {
            let (shipped, counts) = try ship(
                ["[25.11.2026 11:00] WARN disk", "x"],
                source: source + #", timestamp: { field: "t", format: "%d.%m.%Y %H:%M", zone: "+01:00" }, labels: { level: "$level" }"#)
            #expect(shipped.map(\.labels) == [["level": "WARN"], [:]])
            #expect(shipped.first?.timestamp == 1_795_600_800_000_000_000)
            #expect(shipped.last?.metadata["parse_error"] != nil)
            #expect((counts.lines, counts.parseErrors, counts.timestampErrors) == (2, 1, 0))
        }
    }

    @Test func `times without a year are the same when lines are sent again`() throws {
        // It stores everything, and says that it failed.
        let failing = try LokiSink(otherwise: .storeThenAnswer(status: 503, text: "timeout"))
        defer { failing.stop() }
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("Jan  1 00:00:01 host app: one\nDec 31 23:59:59 host app: two\n", to: path)
            let source = "{ name: \"s\", include: \"\(path)\", format: \"syslog\", labels: { job: \"s\" } }"
            for round in 1...2 {
                let requests = failing.requestCount
                let agent = try AgentDriver(in: directory, sources: source, outputs: AgentDriver.loki(failing.url))
                try agent.stepUntil("push \(round)") { failing.requestCount > requests && failing.entryCount >= 2 }
                agent.kill()
            }
            let stored = failing.streams[["job": "s"]] ?? []
            #expect(stored.count == 2)
            #expect(stored.allSatisfy { $0.count > 1 })
            #expect(Set(stored.map(\.entry.line)).count == 2)
        }
    }
}
