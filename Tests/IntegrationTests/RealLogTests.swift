import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// The logs of real programs (`fixtures/logs/README.md`), through a rotation and a `kill -9`.
    struct RealLogTests {
        private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "fixtures/logs").path
        private static let text = ["nginx-access.log", "nginx-error.log", "redis.log", "celery-worker.log"]
        private static let json = [
            "postgresql.jsonl": ##"timestamp: { field: "timestamp", format: "%Y-%m-%d %H:%M:%S.%f UTC" }"##,
            "transcode.jsonl": ##"timestamp: { field: "timestamp", format: "rfc3339" }"##,
        ]

        @Test func `what real programs write arrives whole and is counted exactly`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup(directory)
                setup.sources = Self.sources(in: setup)
                setup.metrics = #"""
                    recipes: ["transcode"],
                    metrics: [
                      { name: "postgresql_messages_total", type: "counter", help: "Messages by severity",
                        where: { error_severity: { exists: true } }, labels: { severity: "$error_severity" } },
                      { name: "nginx_gateway_errors_total", type: "counter", help: "Requests that no upstream answered",
                        where: { message: { matches: "\" 502 [0-9]+ \"" } } },
                    ],
                    """#
                setup.addLoki(url: sink.url)

                var agent = try setup.startReady()
                let names = Self.text + Self.json.keys.sorted()
                var contents: [String: [[UInt8]]] = [:]
                for name in names {
                    let lines = try Self.lines(of: name)
                    contents[name] = lines
                    try append(Self.joined(lines[..<(lines.count / 3)]), to: setup.log(name))
                }
                try sink.waitFor(requests: 3)
                agent.kill()
                for name in names {
                    let lines = contents[name] ?? []
                    try append(Self.joined(lines[(lines.count / 3)..<(lines.count / 2)]), to: setup.log(name))
                    try rotate(setup.log(name))
                    try append(Self.joined(lines[(lines.count / 2)...]), to: setup.log(name))
                }
                agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: contents.values.reduce(0) { $0 + $1.count })

                for (name, lines) in contents {
                    let expected = lines.map { String(decoding: $0, as: UTF8.self) }
                    let stored = sink.lines(["job": name])
                    #expect(stored.count == expected.count, "\(name)")
                    let difference = zip(stored, expected).first { $0 != $1 }
                    #expect(difference == nil, "\(name)")
                }
                try expectExact(agent.metrics(), contents)
                try agent.terminate()
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
            }
        }

        private func expectExact(_ metrics: MetricsText, _ contents: [String: [[UInt8]]]) throws {
            var severities: [String: Double] = [:]
            for line in contents["postgresql.jsonl"] ?? [] {
                let object = try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
                severities[try #require(object["error_severity"] as? String), default: 0] += 1
            }
            #expect(severities.count >= 4)
            for (severity, count) in severities {
                #expect(metrics["postgresql_messages_total{severity=\"\(severity)\"}"] == count, "\(severity)")
            }
            let gateway = (contents["nginx-access.log"] ?? []).count { String(decoding: $0, as: UTF8.self).contains("\" 502 ") }
            #expect(gateway > 0)
            #expect(metrics["nginx_gateway_errors_total"] == Double(gateway))
            let events = (contents["transcode.jsonl"] ?? []).map { String(decoding: $0, as: UTF8.self) }
            #expect(EventCount(events).differences(from: metrics).isEmpty)
        }

        private static func sources(in setup: AgentSetup) -> String {
            let texts = text.map { ($0, #"format: "text""#) }
            return (texts + json.sorted { $0.key < $1.key }).map { name, format in
                let id = name.prefix { $0 != "." }
                return
                    #"{ name: "\#(id)", include: ["\#(setup.log(name))", "\#(setup.log(name)).*"], labels: { job: "\#(name)" }, \#(format) }"#
            }.joined(separator: ",\n")
        }

        private static func lines(of name: String) throws -> [[UInt8]] {
            let bytes = [UInt8](try #require(FileManager.default.contents(atPath: "\(fixtures)/\(name)")))
            #expect(bytes.last == 0x0a)
            return bytes.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false).map { Array($0) }
        }

        private static func joined(_ lines: ArraySlice<[UInt8]>) -> [UInt8] { lines.flatMap { $0 + [0x0a] } }
    }
}
