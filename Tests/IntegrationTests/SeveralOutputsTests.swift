import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct SeveralOutputsTests {
        /// Several times what one output may hold.
        private let lineCount = 16_000

        @Test func `a dead output and a slow one hold up neither the healthy one nor the metrics, and get everything later`() throws {
            try withTemporaryDirectory { directory in
                // A port on which nothing listens: whoever connects is refused.
                let absent = try LokiSink()
                absent.stop()
                let healthy = try LokiSink(keepsBodies: false)
                let slow = try LokiSink(otherwise: .stall, keepsBodies: false)
                defer {
                    healthy.stop()
                    slow.stop()
                }

                var setup = try AgentSetup(
                    directory,
                    source: #"name: "transcode", timestamp: { field: "timestamp", format: "rfc3339" }, labels: { job: "transcode" }"#)
                setup.memory = "24MiB"
                for (name, url) in [("dead", absent.url), ("slow", slow.url), ("healthy", healthy.url)] {
                    setup.outputs.append(
                        #"{ name: "\#(name)", type: "loki", url: "\#(url)", batch: { max_bytes: "256KiB" }, retry: { min_backoff: "10ms", max_backoff: "200ms" } }"#
                    )
                }
                let agent = try setup.startReady()
                var events = TranscodeEvents()
                let log = try LogFile(setup.log("app.log"))
                for _ in 0..<lineCount / 500 { try log.write((0..<500).map { _ in events.next() + "\n" }.joined()) }

                // The healthy one has all, though the others have none or nearly none.
                try healthy.waitFor(entries: lineCount)
                try agent.waitFor(#"log_agent_read_lines_total{source="transcode"}"#, toBe: Double(lineCount))
                #expect(EventCount(try allLines(of: setup.logs)).differences(from: try agent.metrics()).isEmpty)
                try waitUntil("the healthy output's ledger to be closed") {
                    try agent.ledgerTotals()["healthy"] == LedgerTotal(read: lineCount, delivered: lineCount)
                }
                let totals = try agent.ledgerTotals()
                #expect(totals["dead"] == LedgerTotal(read: lineCount, delivered: 0, pending: lineCount))
                #expect(totals["slow"] == LedgerTotal(read: lineCount, delivered: 0, pending: lineCount))
                let metrics = try agent.metrics()
                #expect(metrics[#"log_agent_output_healthy{output="dead"}"#] == 0)
                #expect(metrics[#"log_agent_output_healthy{output="healthy"}"#] == 1)
                let highest = try agent.memory("VmHWM")
                #expect(highest < 64 << 20, "resident memory had reached \(highest >> 20) MiB")

                // The slow one answers at last, but takes its time; the dead one comes to life.
                slow.script([], otherwise: .acceptAfter(milliseconds: 20))
                slow.release()
                let late = try LokiSink(keepsBodies: false, port: absent.port)
                defer { late.stop() }
                try agent.waitUntilDelivered(lines: lineCount)
                let written = try allLines(of: setup.logs)
                for (name, sink) in [("dead", late), ("slow", slow), ("healthy", healthy)] {
                    #expect(try agent.ledgerTotals()[name] == LedgerTotal(read: lineCount, delivered: lineCount))
                    #expect(sink.lines(["job": "transcode"]) == written, "\(name)")
                }
                try agent.terminate()
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
            }
        }
    }
}
