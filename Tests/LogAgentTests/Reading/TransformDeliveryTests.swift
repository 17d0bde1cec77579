import Foundation
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

/// What steps do must be the same however a file is read: at once, in pieces, after a restart, or again for an output that fell behind.
@Suite(.timeLimit(.minutes(5)))
struct TransformDeliveryTests {
    private static let steps = """
        { sample: { one_in: 2, key: "$id", where: { kind: "c" } } },
        { limit: { per_second: 1, burst: 2, key: "$kind", where: { kind: ["a", "c"] } } },
        { dedupe: { fields: ["kind", "m"], window: "7s" } },
        { redact: { fields: ["mail"] } }
        """

    /// `{"t":1700000000,"kind":"a","id":7,"m":3,"mail":"x7@example.com","pad":"…"}`
    private static func log(lines count: Int, seed: UInt64, padding: Int = 0) -> [String] {
        var random = SeededNumbers(state: seed)
        let pad = String(repeating: "p", count: padding)
        return (0..<count).map { number in
            let kind = random.pick(["a", "b", "c"])
            let m = Int.random(in: 0...3, using: &random)
            return
                #"{"t":\#(1_700_000_000 + number / 4),"kind":"\#(kind)","id":\#(number),"m":\#(m),"mail":"x\#(number)@example.com","pad":"\#(pad)"}"#
        }
    }

    /// What a directory output has of one agent that reads everything at once.
    private static func entries(of lines: [String], _ steps: String) throws -> [LokiEntry] {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append(lines.map { $0 + "\n" }.joined(), to: path)
            let sink = try LokiSink()
            defer { sink.stop() }
            let agent = try AgentDriver(
                in: directory, sources: AgentDriver.json(path), outputs: AgentDriver.loki(sink.url), transforms: steps)
            try agent.stepUntil("all lines") { agent.ledger.totals[0].pending.lines == 0 && agent.ledger.totals[0].read.lines > 0 }
            agent.kill()
            return sink.entries(["job": "s"])
        }
    }

    @Test func `an outage and restarts in its middle change no entry`() throws {
        let lines = Self.log(lines: 400, seed: 1)
        let expected = try Self.entries(of: lines, Self.steps)
        #expect(expected.count > 40 && expected.count < 300)
        #expect(expected.contains { $0.metadata["repeats"] != nil })
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
            defer { down.stop() }
            let sink = try LokiSink()
            defer { sink.stop() }
            var random = SeededNumbers(state: 2)
            var written = 0
            // Each with one life; every second one has an output that takes nothing.
            for life in 0..<6 {
                let url = life.isMultiple(of: 2) ? down.url : sink.url
                let agent = try AgentDriver(
                    in: directory, sources: AgentDriver.json(path), outputs: AgentDriver.loki(url, maximumBatchBytes: "4KiB"),
                    transforms: Self.steps)
                let end = life == 5 ? lines.count : min(lines.count, written + Int.random(in: 20...90, using: &random))
                while written < end {
                    let next = min(end, written + Int.random(in: 1...30, using: &random))
                    try append(lines[written..<next].map { $0 + "\n" }.joined(), to: path)
                    written = next
                    agent.step()
                }
                try agent.stepUntil("the lines") {
                    let total = agent.ledger.totals[0]
                    return total.read.lines == written && (url == down.url || total.pending.lines == 0)
                }
                // Sometimes the state of some while ago is what is left.
                agent.kill(savingFirst: life != 3)
            }
            #expect(Set(sink.entries(["job": "s"])) == Set(expected))
            #expect(sink.entryCount == expected.count)
        }
    }

    @Test func `an output that fell behind gets the same as one that did not`() throws {
        // More than memory holds, and more than a block.
        let lines = Self.log(lines: 6000, seed: 3, padding: 1000)
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let sinks = try (0..<2).map { _ in try LokiSink() }
            defer { for sink in sinks { sink.stop() } }
            sinks[1].script([], otherwise: .answer(status: 503, text: "down"))
            try append(lines.map { $0 + "\n" }.joined(), to: path)
            let outputs = sinks.enumerated().map { index, sink in
                AgentDriver.loki(sink.url, maximumBatchBytes: "64KiB").replacing("\"loki\", type", with: "\"loki\(index)\", type")
            }
            // All go through, or nothing would fall behind.
            let steps = """
                { limit: { per_second: 1, burst: 5, key: "$kind", where: { kind: "a" } } },
                { dedupe: { fields: ["kind", "m"], window: "5s", where: { kind: "b" } } }
                """
            let agent = try AgentDriver(
                in: directory, sources: AgentDriver.json(path), outputs: outputs.joined(separator: ","), transforms: steps, memory: "4MiB")
            try agent.stepUntil("the first output") {
                agent.ledger.totals[0].pending.lines == 0 && agent.ledger.totals[0].read.lines == 6000
            }
            #expect(agent.ledger.totals[1].delivered.lines == 0)
            sinks[1].script([], otherwise: .accept)
            try agent.stepUntil("the second output") { agent.ledger.totals[1].pending.lines == 0 }
            let filtered = agent.ledger.totals.map(\.filtered.lines)
            #expect(filtered[0] == filtered[1] && filtered[0] > 1000)
            let counted = agent.shared.update { state in
                (0...1).map { output in state.transformCounts.filtered.reduce(0) { $0 + $1[output] } }
            }
            #expect(counted == filtered)
            agent.kill()
            #expect(Set(sinks[0].entries(["job": "s"])) == Set(sinks[1].entries(["job": "s"])))
        }
    }

    @Test func `an entry that is routed elsewhere is filtered, and a tenant has its own requests`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let sinks = try (0..<2).map { _ in try LokiSink() }
            defer { for sink in sinks { sink.stop() } }
            let outputs = sinks.enumerated().map { index, sink in
                AgentDriver.loki(sink.url).replacing("\"loki\", type", with: "\"loki\(index)\", type")
            }
            try append(
                """
                {"t":1,"n":1}
                {"t":2,"n":2,"audit":true}
                {"t":3,"n":3,"team":"blue"}
                {"t":4,"n":4,"team":"not/valid"}

                """, to: path)
            let agent = try AgentDriver(
                in: directory, sources: AgentDriver.json(path), outputs: outputs.joined(separator: ","),
                transforms: """
                    { route: { outputs: ["loki0"], where: { audit: { not: true } } } },
                    { route: { outputs: ["loki1"], where: { audit: true } } },
                    { route: { tenant: "$team", where: { team: { exists: true } } } }
                    """)
            try agent.stepUntil("all lines") { agent.ledger.totals.allSatisfy { $0.pending.lines == 0 && $0.read.lines == 4 } }
            #expect(agent.ledger.totals.map(\.delivered.lines) == [3, 1])
            #expect(agent.ledger.totals.map(\.filtered.lines) == [1, 3])
            agent.kill()
            #expect(sinks[1].lines(["job": "s"]) == [#"{"t":2,"n":2,"audit":true}"#])
            #expect(sinks[0].tenants.sorted { ($0 ?? "") < ($1 ?? "") } == [nil, "blue"])
        }
    }

    @Test func `steps before the metrics change what is counted, others do not`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append((0..<10).map { "{\"t\":\($0),\"level\":\"\($0 < 4 ? "DEBUG" : "INFO")\"}\n" }.joined(), to: path)
            let sink = try LokiSink()
            defer { sink.stop() }
            for (more, expected) in [("", ["DEBUG", "INFO"]), (", before_metrics: true", ["INFO"])] {
                let agent = try AgentDriver(
                    in: directory, sources: AgentDriver.json(path), outputs: AgentDriver.loki(sink.url),
                    transforms: "{ drop: { where: { level: 'DEBUG' }\(more) } }",
                    metrics: "{ name: 'lines_total', type: 'counter', labels: { level: '$level' } }")
                try agent.stepUntil("all lines") { agent.ledger.totals[0].pending.lines == 0 && agent.ledger.totals[0].read.lines == 10 }
                #expect(agent.ledger.totals[0].filtered.lines == 4)
                #expect(agent.shared.update { $0.derived.table.families[0].seriesCount } == expected.count)
                agent.kill(savingFirst: false)
                try FileManager.default.removeItem(atPath: directory + "/data")
            }
        }
    }
}

extension LokiSink {
    /// Of one stream, in order of arrival.
    fileprivate func entries(_ labels: [String: String]) -> [LokiEntry] { streams[labels]?.map(\.entry) ?? [] }

    /// Each that a request was for; nil for none.
    fileprivate var tenants: Set<String?> { Set(received.map { $0.headers.first("X-Scope-OrgID") }) }
}
