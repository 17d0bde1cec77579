import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct StoppingTests {
        @Test(arguments: [SIGTERM, SIGINT])
        func `a stop sends what was read and saves the exact position`(signal: Int32) throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup(directory)
                // A batch that nothing but the stop sends.
                setup.addLoki(url: sink.url, #"batch: { max_wait: "10m" }, in_flight: 1,"#)
                let log = setup.log("app.log")
                var events = TranscodeEvents()
                let agent = try setup.startReady()
                try append((0..<200).map { _ in events.next() + "\n" }.joined() + "half a li", to: log)
                try agent.waitFor(#"log_agent_read_lines_total{source="transcode"}"#, toBe: 200)
                #expect(sink.requestCount == 0)
                agent.process.signal(signal)
                #expect(try agent.process.wait() == .exited(0))
                #expect(sink.entryCount == 200)
                #expect(agent.events(saying: "has stopped").first?["pending_bytes"] as? Int == 0)

                let second = try setup.startReady()
                let ledger = try second.json("/api/v1/ledger")
                let file = (ledger["files"] as? [[String: Any]])?.first ?? [:]
                let size = (FileManager.default.contents(atPath: log) ?? Data()).count - "half a li".utf8.count
                #expect(file["read_offset"] as? Int == size)
                #expect(try second.ledgerTotals()["loki"] == LedgerTotal(read: 200, delivered: 200))
                let lines = try allLines(of: setup.logs)
                #expect(EventCount(lines).differences(from: try second.metrics()) == [])
                try append("ne\n", to: log)
                try second.waitFor(#"log_agent_read_lines_total{source="transcode"}"#, toBe: 1)
                try second.terminate()
                #expect(sink.entryCount == 201)
                #expect(sink.copies == 0)
                #expect(sink.streams.values.joined().contains { $0.entry.line == "half a line" })
            }
        }

        @Test func `a stop does not wait for an output that is away, and the next start sends the rest`() throws {
            try withTemporaryDirectory { directory in
                let absent = try LokiSink()
                absent.stop()
                var setup = try AgentSetup(directory)
                setup.addLoki(url: absent.url)
                var events = TranscodeEvents()
                try append((0..<100).map { _ in events.next() + "\n" }.joined(), to: setup.log("app.log"))
                let agent = try setup.startReady()
                try agent.waitFor(#"log_agent_output_healthy{output="loki"}"#, toBe: 0)
                try agent.terminate(seconds: 15)
                let sink = try LokiSink(port: absent.port)
                defer { sink.stop() }
                let second = try setup.startReady()
                try second.waitUntilDelivered(lines: 100)
                expectEachOnce(try allLines(of: setup.logs), in: sink.streams, of: "the sink")
            }
        }
    }
}
