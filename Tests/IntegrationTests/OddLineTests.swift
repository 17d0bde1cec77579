import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct OddLineTests {
        private static let time = #"{"timestamp":"2026-01-02T03:04:05Z","n":"#

        @Test func `odd lines of a JSON source arrive as they are, marked and counted`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup(
                    directory,
                    source: #"""
                        name: "odd", timestamp: { field: "timestamp", format: "rfc3339" }, labels: { job: "odd" },
                        metadata: { n: "$n" }, max_line_bytes: "1KiB"
                        """#)
                setup.metrics = #"metrics: [{ name: "lines_total", type: "counter", help: "Lines", where: { n: { exists: true } } }],"#
                setup.addLoki(url: sink.url)
                var bytes: [UInt8] = []
                bytes += Array("\(Self.time)1}\n".utf8)
                bytes += Array("\(Self.time)2}\r\n".utf8)
                bytes += Array("\n\r\n".utf8)
                bytes += Array("\(Self.time)3,\"t\":\"".utf8) + [0xff, 0xfe, 0x61, 0xe2, 0x82] + Array("\"}\n".utf8)
                bytes += Array("\(Self.time)4,\"t\":\"a".utf8) + [0] + Array("b\"}\n".utf8)
                bytes += Array("no JSON at all\n".utf8)
                bytes += Array("\(Self.time)5\n".utf8)
                // 1023 bytes, then a character of two bytes: it does not fit into the limit as a whole.
                let long = "\(Self.time)6,\"t\":\""
                bytes += Array((long + String(repeating: "x", count: 1023 - long.utf8.count) + "é and more\"}\n").utf8)
                bytes += Array("\(Self.time)7}\n\(Self.time)8".utf8)
                try append(bytes, to: setup.log("odd.log"))
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: 10)
                let entries = (sink.streams[["job": "odd"]] ?? []).map(\.entry)
                let text = entries.map(\.line)
                #expect(
                    text == [
                        "\(Self.time)1}", "\(Self.time)2}", "", "", "\(Self.time)3,\"t\":\"\u{fffd}\u{fffd}a\u{fffd}\"}",
                        "\(Self.time)4,\"t\":\"a\u{0}b\"}", "no JSON at all", "\(Self.time)5",
                        long + String(repeating: "x", count: 1023 - long.utf8.count), "\(Self.time)7}",
                    ])
                #expect(entries.map { $0.metadata["n"] } == ["1", "2", nil, nil, "3", nil, nil, nil, nil, "7"])
                #expect(
                    entries.map { $0.metadata["parse_error"] != nil } == [false, false, false, false, false, true, true, true, true, false])
                #expect(entries.map { $0.metadata["truncated"] } == Array(repeating: nil, count: 8) + ["true", nil])
                let time: UInt64 = 1_767_323_045_000_000_000
                #expect(entries.filter { $0.metadata["n"] != nil }.allSatisfy { $0.timestamp == time })
                let now = UInt64(Date().timeIntervalSince1970 * 1e9)
                #expect(
                    entries.filter { $0.metadata["n"] == nil }.allSatisfy { $0.timestamp > now - 300_000_000_000 && $0.timestamp <= now })

                let metrics = try agent.metrics()
                func own(_ name: String) -> Double? { metrics["log_agent_\(name){source=\"odd\"}"] }
                #expect(own("read_lines_total") == 10)
                #expect(own("read_bytes_total") == Double(bytes.count - "\(Self.time)8".utf8.count))
                #expect(own("empty_lines_total") == 2)
                #expect(own("parse_errors_total") == 4)
                #expect(own("truncated_lines_total") == 1)
                #expect(own("truncated_bytes_total") == Double("é and more\"}".utf8.count))
                #expect(own("replaced_sequences_total") == 3)
                #expect(metrics["lines_total"] == 4)

                // The last line was waiting for its end.
                try append("}\n", to: setup.log("odd.log"))
                try agent.waitFor("lines_total", toBe: 5)
                try agent.terminate()
                #expect(sink.lines(["job": "odd"]).last == "\(Self.time)8}")
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
            }
        }

        @Test func `odd lines of a text source arrive as they are`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup(
                    directory, source: #"name: "odd", format: "text", labels: { job: "odd" }, max_line_bytes: "1KiB""#)
                setup.metrics =
                    #"metrics: [{ name: "errors_total", type: "counter", help: "Errors", where: { message: { matches: "^ERR" } } }],"#
                setup.addLoki(url: sink.url)
                let bytes: [UInt8] =
                    Array("plain\nERR one\r\n\n\tTab \"quote\" \\ back\n".utf8) + [0x80, 0x0a, 0x00, 0x0a]
                    + Array((String(repeating: "ERR", count: 700) + "\nend \r here\n").utf8)
                try append(bytes, to: setup.log("odd.log"))
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: 8)
                #expect(
                    sink.lines(["job": "odd"]) == [
                        "plain", "ERR one", "", "\tTab \"quote\" \\ back", "\u{fffd}", "\u{0}",
                        String(String(repeating: "ERR", count: 700).prefix(1024)),
                        "end \r here",
                    ])
                let metadata = (sink.streams[["job": "odd"]] ?? []).map(\.entry.metadata)
                #expect(metadata == [[:], [:], [:], [:], [:], [:], ["truncated": "true"], [:]])
                #expect(try agent.metrics()["errors_total"] == 2)
                #expect(try agent.metrics()[#"log_agent_parse_errors_total{source="odd"}"#] == 0)
            }
        }

        @Test func `a rotated file's last line is one without its newline`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup(directory, source: #"name: "odd", format: "text", labels: { job: "odd" }"#)
                setup.metrics = ""
                setup.addLoki(url: sink.url)
                let log = setup.log("odd.log")
                try append("one\nlast words", to: log)
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: 1)
                try rotate(log)
                try append("new\n", to: log)
                try agent.waitUntilDelivered(lines: 3)
                #expect(Set(sink.lines(["job": "odd"])) == ["one", "last words", "new"])
            }
        }
    }
}
