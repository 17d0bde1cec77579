import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// `kill -9` of `log-agent refused replay`.
    struct RefusedReplayKillTests {
        private static let kills = 8
        /// The least that a stretch of lines can be, which is what a replay has on its way: `batch.max_bytes`.
        private static let stretchBytes = 64 << 10

        /// An agent whose output has refused all lines, and has ended.
        private func refuse(_ count: Int, in directory: String, by sink: LokiSink) throws -> (setup: AgentSetup, lines: [String]) {
            var limits = LokiSinkModel.Limits()
            limits.maximumLineBytes = 1
            sink.setLimits(limits)
            var setup = try AgentSetup(directory)
            setup.addLoki(url: sink.url, #"batch: { max_bytes: "64KiB" },"#)
            var events = TranscodeEvents()
            let lines = (0..<count).map { _ in events.next() }
            try append(lines.map { $0 + "\n" }.joined(), to: setup.log("app.log"))
            let agent = try setup.startReady()
            try agent.waitUntilDelivered(lines: lines.count)
            #expect(try agent.ledgerTotals()["loki"] == LedgerTotal(read: lines.count, delivered: 0, refused: lines.count))
            try agent.terminate()
            sink.setLimits(LokiSinkModel.Limits())
            return (setup, lines)
        }

        private func startReplay(_ setup: AgentSetup) throws -> ChildProcess {
            try ChildProcess(
                [BuiltProducts.path(of: "log-agent"), "refused", "replay", "--output", "loki", "--config", setup.configurationPath],
                outputPath: setup.directory + "/replay.out", errorPath: setup.directory + "/replay.err")
        }

        /// The lines that the progress on disk says are decided, while the first file is worked on.
        private func decided(_ setup: AgentSetup) throws -> [String] {
            let file = setup.dataDirectory + "/dead-letter/replay/loki/1.jsonl"
            guard let progress = FileManager.default.contents(atPath: file + ".done"),
                let offset = Int(String(decoding: progress, as: UTF8.self).split(separator: "\n").first ?? ""),
                let letters = FileManager.default.contents(atPath: file)
            else { return [] }
            return try letters.prefix(offset).split(separator: 0x0a).map { letter in
                try #require((try JSONSerialization.jsonObject(with: letter) as? [String: Any])?["line"] as? String)
            }
        }

        private func timesStored(_ sink: LokiSink) -> [String: Int] {
            Dictionary(sink.streams.values.flatMap { $0.map { ($0.entry.line, $0.count) } }) { $0 + $1 }
        }

        @Test func `a replay that is killed loses no line, and sends none again that was decided before`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let (setup, lines) = try refuse(2500, in: directory, by: sink)
                sink.script([], otherwise: .acceptAfter(milliseconds: 10))
                var decidedTimes: [String: Int] = [:]
                var killed = 0
                for round in 0..<Self.kills {
                    let replay = try startReplay(setup)
                    // With the third push the first stretch, which is two of them, is decided.
                    let goal = sink.requestCount + 1 + round % 3
                    try waitUntil("pushes of the replay") { sink.requestCount >= goal || !replay.isRunning }
                    if replay.isRunning { killed += 1 }
                    replay.kill()
                    let stored = timesStored(sink)
                    for line in try decided(setup) { decidedTimes[line] = decidedTimes[line] ?? stored[line] ?? 0 }
                }
                #expect(killed > 2 && !decidedTimes.isEmpty)
                let ending = try startReplay(setup).wait()
                #expect(ending == .exited(0))

                expectEachOnce(lines, in: sink.streams, of: "the sink")
                let stored = timesStored(sink)
                let again = decidedTimes.filter { $0.value == 0 || $0.value != stored[$0.key] }
                #expect(again.isEmpty, "\(again.count) lines were sent again, or had not been sent, after they were decided")
                let shortest = try #require(lines.map(\.utf8.count).min())
                #expect(sink.copies <= Self.kills * (Self.stretchBytes / shortest + 1))
                let left = try setup.command("refused", "list")
                #expect(left.output.contains("loki: 0 refused lines"), "\(left.output.prefix(300))")
                print(
                    "kill -9 of refused replay: \(killed) kills, \(decidedTimes.count) lines decided before the last, \(sink.copies) copies"
                )
            }
        }

        @Test func `lines that are refused again stay, however often the replay is killed`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let (setup, lines) = try refuse(700, in: directory, by: sink)
                var limits = LokiSinkModel.Limits()
                limits.maximumLineBytes = 1
                sink.setLimits(limits)
                sink.script([], otherwise: .acceptAfter(milliseconds: 10))
                for _ in 0..<3 {
                    let replay = try startReplay(setup)
                    let goal = sink.requestCount + Int.random(in: 1...4)
                    try waitUntil("pushes of the replay") { sink.requestCount >= goal || !replay.isRunning }
                    replay.kill()
                }
                #expect(try startReplay(setup).wait() == .exited(0))
                #expect(sink.entryCount == 0)
                let left = try setup.command("refused", "list", "--json").output.split(separator: "\n").compactMap {
                    (try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["line"] as? String
                }
                #expect(Set(left) == Set(lines))
            }
        }
    }
}
