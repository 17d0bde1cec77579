import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// Sources whose entries have several lines, or parts of lines, under `kill -9`: the sink and the metrics must have what the files have.
    struct AssembledEntryTests {
        private static let rounds = 6

        /// A container's program that logs JSON to both of its outputs, long lines in parts, and an application with stack traces.
        private struct Writer {
            let container: LogFile
            let application: LogFile
            /// What the programs wrote, entry by entry.
            var events: [String] = []
            var traces: [String] = []
            private var random = SystemRandomNumberGenerator()

            init(container: String, application: String) throws {
                self.container = try LogFile(container)
                self.application = try LogFile(application)
            }

            private func time(_ number: Int) -> String {
                let digits = String(number)
                return "2024-05-01T12:00:00." + String(repeating: "0", count: 9 - digits.count) + digits + "Z"
            }

            /// Both streams write one event each, their parts in any order.
            mutating func writeEvents() throws {
                var waiting: [[String]] = []
                for stream in ["stdout", "stderr"] {
                    let number = events.count
                    let padding = String(repeating: "x", count: Int.random(in: 0...40, using: &random))
                    let event = #"{"event":"work.done","stream_was":"\#(stream)","n":\#(number),"padding":"\#(padding)"}"#
                    events.append(event)
                    let cut = event.index(event.startIndex, offsetBy: Int.random(in: 1..<event.count, using: &random))
                    waiting.append(
                        Bool.random(using: &random)
                            ? ["\(time(number)) \(stream) F \(event)\n"]
                            : ["\(time(number)) \(stream) P \(event[..<cut])\n", "\(time(number)) \(stream) F \(event[cut...])\n"])
                }
                // In one write: a line's parts are never further apart than the clock lets them be.
                var text = ""
                while let index = waiting.indices.filter({ !waiting[$0].isEmpty }).randomElement(using: &random) {
                    text += waiting[index].removeFirst()
                }
                try container.write(text)
            }

            mutating func writeTrace() throws {
                let number = traces.count
                let lines =
                    ["2024-05-01 12:00:00 ERROR trace \(number)"]
                    + (0..<Int.random(in: 0...5, using: &random)).map { "  at frame\($0) of \(number)" }
                traces.append(lines.joined(separator: "\n"))
                for line in lines { try application.write(line + "\n") }
            }
        }

        @Test func `kill -9 at any moment leaves entries of several lines whole, once, and counted`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup(directory)
                let pod = directory + "/pods/shop_cart-0_1b2c/app"
                try FileManager.default.createDirectory(atPath: pod, withIntermediateDirectories: true)
                // No time-out in the middle of an entry, however slow the machine is: only what stands at the end waits for one.
                setup.sources = """
                    { name: "pods", include: ["\(directory)/pods/*/*/*.log"], format: "cri", inner: "json",
                      labels: { job: "pods", pod: "$pod", stream: "$stream" }, metadata: { restart: "$restart" } },
                    { name: "app", include: ["\(directory)/logs/*.log"], format: "regex",
                      regex: "^(?P<time>\\\\S+ \\\\S+) (?P<level>[A-Z]+) (?P<what>\\\\S+)",
                      multiline: { start: "^\\\\d{4}-", timeout: "1h" }, labels: { job: "app", level: "$level" } }
                    """
                setup.metrics = """
                    metrics: [
                      { name: "work_total", type: "counter", where: { event: "work.done" }, labels: { stream: "$stream" } },
                      { name: "traces_total", type: "counter", where: { what: "trace" }, labels: { level: "$level" } },
                    ],
                    """
                setup.addLoki(url: sink.url)
                var writer = try Writer(container: pod + "/3.log", application: setup.log("app.log"))
                for _ in 0..<Self.rounds {
                    let agent = try setup.start()
                    for _ in 0..<Int.random(in: 20...60) {
                        try writer.writeEvents()
                        try writer.writeTrace()
                    }
                    // Sometimes it has read everything, sometimes nothing.
                    if Bool.random() { try agent.waitUntilReady() }
                    agent.kill()
                }
                // What ends the last trace, which waits for its next line itself.
                try writer.writeTrace()

                let agent = try setup.startReady()
                let wanted = writer.events.count + writer.traces.count - 1
                try waitUntil("every entry", seconds: 120) { sink.entryCount >= wanted }
                try waitUntil("the ledger to close", seconds: 120) {
                    try agent.metrics()[#"log_agent_pending_lines{output="loki"}"#]
                        == Double(writer.traces.last?.split(separator: "\n").count ?? 0)
                }
                let metrics = try agent.metrics()
                for stream in ["stdout", "stderr"] {
                    let events = writer.events.filter { $0.contains(#""stream_was":"\#(stream)""#) }
                    #expect(metrics[#"work_total{stream="\#(stream)"}"#] == Double(events.count))
                    let stored = sink.streams[["job": "pods", "pod": "cart-0", "stream": stream]] ?? []
                    #expect(stored.map(\.entry.line).sorted() == events.sorted())
                    #expect(stored.allSatisfy { $0.entry.metadata == ["restart": "3"] })
                }
                #expect(metrics[#"traces_total{level="ERROR"}"#] == Double(writer.traces.count - 1))
                let traces = sink.streams[["job": "app", "level": "ERROR"]] ?? []
                #expect(traces.map(\.entry.line).sorted() == writer.traces.dropLast().sorted())
                #expect(sink.entryCount == wanted)
                try agent.terminate()
                let verification = try setup.command("ledger", "verify")
                #expect(verification.ending == .exited(0), "\(verification.output)\(verification.error)")
            }
        }
    }
}
