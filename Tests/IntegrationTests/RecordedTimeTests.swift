import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct RecordedTimeTests {
        private let text = #"name: "plain", format: "text", labels: { job: "plain", file: "$__path__" }, metadata: {}"#

        @Test func `lines without a time are sent again with the time that they had, and equal lines are all kept`() throws {
            try withTemporaryDirectory { directory in
                // It stores everything, and says that it failed.
                let sink = try LokiSink(otherwise: .storeThenAnswer(status: 503, text: "timeout"))
                defer { sink.stop() }
                var setup = try AgentSetup(directory, source: text)
                setup.metrics = ""
                setup.addLoki(url: sink.url)
                let log = setup.log("plain.log")
                var lines: [String] = []
                for round in 0..<5 {
                    let agent = try setup.startReady()
                    for _ in 0..<3 {
                        let more = ["same", "same", "round \(round)", "same"]
                        lines += more
                        try append(more.joined(separator: "\n") + "\n", to: log)
                        try agent.waitFor(#"log_agent_pending_lines{output="loki"}"#, toBe: Double(lines.count))
                    }
                    try sink.waitFor(requests: sink.requestCount + 2)
                    agent.kill()
                }
                sink.script([])
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: lines.count)
                let stored = sink.streams[["job": "plain", "file": log]] ?? []
                #expect(stored.map(\.entry.line) == lines)
                #expect(stored.map(\.entry.timestamp) == stored.map(\.entry.timestamp).sorted())
                #expect(stored.contains { $0.count > 1 }, "nothing was sent again, so nothing was tested")
                let now = UInt64(Date().timeIntervalSince1970 * 1e9)
                #expect(stored.allSatisfy { $0.entry.timestamp <= now && $0.entry.timestamp > now - 300_000_000_000 })
            }
        }

        @Test func `each file keeps its own recorded times when the agent dies before its first checkpoint`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink(otherwise: .storeThenAnswer(status: 503, text: "timeout"))
                defer { sink.stop() }
                var setup = try AgentSetup(directory, source: text)
                setup.metrics = ""
                setup.addLoki(url: sink.url)
                try append("a one\na two\n", to: setup.log("a.log"))
                try append("b one\n", to: setup.log("b.log"))
                try setModified(setup.log("a.log"), secondsAgo: 20)
                try setModified(setup.log("b.log"), secondsAgo: 10)
                let agent = try setup.start()
                try sink.waitFor(entries: 3)
                agent.kill()
                // As if there had been no time for one; and the files are found in another order.
                try? FileManager.default.removeItem(atPath: setup.dataDirectory + "/checkpoint")
                try append("a three\n", to: setup.log("a.log"))
                try setModified(setup.log("a.log"), secondsAgo: 5)
                sink.script([])
                let second = try setup.startReady()
                try second.waitUntilDelivered(lines: 4)
                #expect(sink.lines(["job": "plain", "file": setup.log("a.log")]) == ["a one", "a two", "a three"])
                #expect(sink.lines(["job": "plain", "file": setup.log("b.log")]) == ["b one"])
            }
        }

        private func setModified(_ path: String, secondsAgo: Double) throws {
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)], ofItemAtPath: path)
        }
    }
}
