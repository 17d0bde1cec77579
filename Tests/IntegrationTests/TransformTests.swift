import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct TransformTests {
        private let source = """
            name: "app", timestamp: { field: "t", format: "unix" }, labels: { job: "app" }, metadata: { who: "$mail" }
            """
        private let steps = """
            transforms: [
              { drop: { where: { level: "DEBUG" } } },
              { redact: { patterns: ["email"] } },
              { dedupe: { fields: ["message"], window: "10s" } },
              { add: { fields: { region: "eu-1" } } },
            ],
            """

        @Test func `what steps leave of a log is the same across kill -9, without a secret, and the ledger closes`() throws {
            try withTemporaryDirectory { directory in
                // It stores everything, and says that it failed.
                let sink = try LokiSink(otherwise: .storeThenAnswer(status: 503, text: "timeout"))
                defer { sink.stop() }
                var setup = try AgentSetup(directory, source: source)
                setup.metrics = #"metrics: [{ name: "lines_total", type: "counter" }],"#
                setup.extra = steps
                setup.addLoki(url: sink.url)
                let log = setup.log("app.log")
                var written = 0
                for _ in 0..<4 {
                    let agent = try setup.startReady()
                    for _ in 0..<3 {
                        // One second each; the message changes every seventh.
                        let more = (written..<written + 10).map { number in
                            #"{"t":\#(1_700_000_000 + number),"level":"\#(number % 5 == 0 ? "DEBUG" : "INFO")","message":"m\#(number / 7)","#
                                + #""mail":"user\#(number)@example.com"}"#
                        }
                        written += more.count
                        try append(more.map { $0 + "\n" }.joined(), to: log)
                        try agent.waitFor("lines_total", toBe: Double(written))
                    }
                    try sink.waitFor(requests: sink.requestCount + 2)
                    agent.kill()
                }
                sink.script([])
                let agent = try setup.startReady()
                try agent.waitFor(#"log_agent_pending_lines{output="loki"}"#, toBe: 0)
                let expected = Self.expected(lines: written)
                let stored = sink.streams[["job": "app"]] ?? []
                #expect(stored.map(\.entry).sorted { $0.timestamp < $1.timestamp } == expected)
                #expect(stored.contains { $0.count > 1 }, "nothing was sent again, so nothing was tested")
                #expect(!sink.received.contains { String(decoding: $0.body, as: UTF8.self).contains("@example.com") })
                let total = LedgerTotal(read: written, delivered: expected.count, filtered: written - expected.count)
                #expect(try agent.ledgerTotals()["loki"] == total)
                try agent.terminate()
                let verification = try setup.command("ledger", "verify")
                #expect(verification.ending == .exited(0), "\(verification.output)\(verification.error)")
            }
        }

        /// By the definition of the steps.
        private static func expected(lines count: Int) -> [LokiEntry] {
            var entries: [LokiEntry] = []
            var passed: [Int: Int] = [:]
            for number in 0..<count where number % 5 != 0 {
                if let last = passed[number / 7], number - last < 10 { continue }
                passed[number / 7] = number
                entries.append(
                    LokiEntry(
                        timestamp: UInt64(1_700_000_000 + number) * 1_000_000_000,
                        line:
                            #"{"t":\#(1_700_000_000 + number),"level":"INFO","message":"m\#(number / 7)","mail":"<redacted>","region":"eu-1"}"#,
                        metadata: ["who": "<redacted>"]))
            }
            return entries
        }
    }
}
