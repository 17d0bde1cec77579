import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct OutageTests {
        /// Four of them are several times what the agent may hold.
        private let linesPerPhase = 8000

        @Test func `metrics go on, memory stays bounded and all arrives in order while Loki is away, stalls and fails`() throws {
            try withTemporaryDirectory { directory in
                // A port on which nothing listens: whoever connects is refused.
                let absent = try LokiSink()
                let port = absent.port
                absent.stop()

                var setup = try AgentSetup(
                    directory,
                    source: #"""
                        name: "transcode", timestamp: { field: "timestamp", format: "rfc3339" },
                        labels: { job: "transcode" }, metadata: { trace_id: "$trace_id" }
                        """#)
                setup.memory = "16MiB"
                setup.addLoki(url: absent.url, #"batch: { max_bytes: "512KiB" },"#)
                let agent = try setup.startReady()
                var events = TranscodeEvents()
                let log = setup.log("app.log")

                try write(linesPerPhase, &events, to: log, rotating: false)
                try expectExactMetrics(of: agent, after: events.count, in: setup, "while connections are refused")
                #expect(try agent.metrics()["log_agent_output_healthy{output=\"loki\"}"] == 0)
                #expect(try agent.ledgerTotals()["loki"] == LedgerTotal(read: events.count, delivered: 0, pending: events.count))

                let sink = try LokiSink(otherwise: .stall, keepsBodies: false, port: port)
                defer { sink.stop() }
                try write(linesPerPhase, &events, to: log, rotating: true)
                try sink.waitFor(requests: 1)
                try expectExactMetrics(of: agent, after: events.count, in: setup, "while pushes stall")

                sink.script([], otherwise: .answer(status: 503, text: "no healthy ingesters"))
                sink.release()
                let requests = sink.requestCount
                try write(linesPerPhase, &events, to: log, rotating: true)
                try write(linesPerPhase, &events, to: log, rotating: true)
                try sink.waitFor(requests: requests + 3)
                try expectExactMetrics(of: agent, after: events.count, in: setup, "while pushes are answered 503")
                let highest = try agent.memory("VmHWM")
                #expect(highest < 64 << 20, "resident memory had reached \(highest >> 20) MiB")

                sink.script([])
                try agent.waitUntilDelivered(lines: events.count)
                #expect(try agent.ledgerTotals()["loki"] == LedgerTotal(read: events.count, delivered: events.count))
                #expect(try agent.metrics()["log_agent_output_healthy{output=\"loki\"}"] == 1)
                let written = try (0..<4).reversed().flatMap { try linesInOrder(of: $0 == 0 ? log : "\(log).\($0)") }
                let arrived = sink.lines(["job": "transcode"])
                #expect(arrived.count == written.count)
                #expect(zip(arrived, written).first { $0 != $1 } == nil, "the order differs")
                print(
                    "outage: \(events.count) lines, \(try bytes(of: setup.logs) >> 20) MiB, resident at most "
                        + "\(highest >> 20) MiB during and \(try agent.memory("VmHWM") >> 20) MiB after the outage")
                try agent.terminate()
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
            }
        }

        private func write(_ count: Int, _ events: inout TranscodeEvents, to log: String, rotating: Bool) throws {
            if rotating { try rotate(log) }
            let file = try LogFile(log)
            var text = ""
            for number in 1...count {
                text += events.next() + "\n"
                if number % 500 == 0 || number == count {
                    try file.write(text)
                    text = ""
                }
            }
        }

        private func expectExactMetrics(of agent: AgentProcess, after lines: Int, in setup: AgentSetup, _ phase: String) throws {
            try agent.waitFor(#"log_agent_read_lines_total{source="transcode"}"#, toBe: Double(lines))
            let differences = EventCount(try allLines(of: setup.logs)).differences(from: try agent.metrics())
            #expect(differences.isEmpty, "\(phase): \(differences.prefix(5))")
        }

        @Test func `a push that the server fails on each time does not hold up other streams`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink(otherwise: .storeThenAnswer(status: 500, text: "panic"))
                defer { sink.stop() }
                var setup = try AgentSetup(
                    directory,
                    source: #"name: "plain", timestamp: { field: "timestamp", format: "rfc3339" }, labels: { stream: "$stream" }"#)
                setup.metrics = ""
                setup.addLoki(url: sink.url)
                let log = setup.log("app.log")
                let line = { (stream: String) in #"{"timestamp":"2026-01-01T00:00:00Z","stream":"\#(stream)"}"# + "\n" }
                let agent = try setup.startReady()
                defer { agent.kill() }
                try append(line("a"), to: log)
                try sink.waitFor(requests: 2)
                for stream in ["b", "c"] {
                    try append(line("a") + line(stream), to: log)
                    try waitUntil("stream \(stream) at the sink") { !sink.lines(["stream": stream]).isEmpty }
                }
            }
        }

        private func linesInOrder(of path: String) throws -> [String] {
            String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
        }

        private func bytes(of directory: String) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: directory).reduce(0) { sum, name in
                sum + (FileManager.default.contents(atPath: "\(directory)/\(name)")?.count ?? 0)
            }
        }
    }
}
