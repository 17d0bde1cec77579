import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct KillTests {
        /// More of them in the soak: `TAILSPAN_KILL_ROUNDS=1000`.
        static let rounds = ProcessInfo.processInfo.environment["TAILSPAN_KILL_ROUNDS"].flatMap(Int.init) ?? 20

        @Test(.timeLimit(.minutes(300)))
        func `kill -9 at any moment loses no line, sends none twice, and no counter ever falls`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink(keepsBodies: false)
                defer { sink.stop() }
                var setup = try AgentSetup(directory)
                setup.addLoki(url: sink.url)
                setup.addDirectoryOutput()
                let program = LoggingProgram(logs: setup.logs, linesPerSecond: 2000)
                let watch = ScrapeWatch()
                defer { watch.stop() }
                do {
                    defer { try? program.stop() }
                    // Content that is renamed before an agent has ever saved that it saw it is no part of a source.
                    let first = try setup.start()
                    watch.watch(first)
                    try waitUntil("a checkpoint") { access(setup.dataDirectory + "/checkpoint", F_OK) == 0 }
                    first.kill()
                    program.beginRotating()
                    for _ in 1..<Self.rounds {
                        let agent = try setup.start()
                        watch.watch(agent)
                        let end = program.lineCount + Int.random(in: 0..<3000)
                        try waitUntil("the program to write") { program.lineCount >= end }
                        agent.kill()
                    }
                }
                try program.stop()

                let agent = try setup.startReady()
                watch.watch(agent)
                let lines = try allLines(of: setup.logs)
                #expect(lines.count == program.lineCount)
                try agent.waitUntilDelivered(lines: lines.count)
                let delivered = LedgerTotal(read: lines.count, delivered: lines.count)
                #expect(try agent.ledgerTotals() == ["loki": delivered, "local": delivered])
                let differences = EventCount(lines).differences(from: try agent.metrics())
                #expect(differences.isEmpty, "\(differences.prefix(5))")
                watch.stop()
                #expect(watch.falls.prefix(10) == [])
                #expect(watch.scrapes.all - watch.scrapes.withheld > Self.rounds)
                try agent.terminate()
                let verification = try setup.command("ledger", "verify")
                #expect(verification.ending == .exited(0), "\(verification.output)\(verification.error)")

                expectEachOnce(lines, in: sink.streams, of: "the Loki sink")
                expectEachOnce(lines, in: try PushDirectory(setup.pushes).streams, of: "the directory")
                print(
                    "kill -9: \(Self.rounds) rounds, \(program.lineCount) lines, \(program.rotations) rotations, "
                        + "\(watch.scrapes.all) scrapes (\(watch.scrapes.withheld) while catching up), \(sink.copies) copies at Loki")
            }
        }
    }
}

extension LokiSink {
    /// How many entries came again.
    var copies: Int { streams.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count - 1 } } }
}

/// Expects that `streams` hold each line once, where entries that are equal in everything have been made one, and that the time,
/// labels and metadata of each are those of the line. Lines are transcode events, no two of them equal.
func expectEachOnce(
    _ lines: [String], in streams: [[String: String]: [LokiSinkModel.Stored]], of place: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    var found: [String: Int] = [:]
    var wrong: [String] = []
    for (labels, entries) in streams {
        for stored in entries {
            found[stored.entry.line, default: 0] += 1
            let event = (try? JSONSerialization.jsonObject(with: Data(stored.entry.line.utf8)) as? [String: Any]) ?? [:]
            let level = event["level"] as? String ?? ""
            var metadata = ["trace_id": event["trace_id"] as? String ?? ""]
            metadata["job_id"] = event["job_id"] as? String
            if labels != ["job": "transcode", "level": level] || stored.entry.metadata != metadata
                || stored.entry.timestamp != nanoseconds(event["timestamp"] as? String ?? "")
            {
                wrong.append("\(labels) \(stored.entry)")
            }
        }
    }
    #expect(wrong.prefix(5) == [], "entries of \(place) that do not fit their lines", sourceLocation: sourceLocation)
    let expected = Set(lines)
    let missing = expected.filter { found[$0] == nil }
    #expect(missing.isEmpty, "\(missing.count) lines are not in \(place): \(missing.sorted().prefix(3))", sourceLocation: sourceLocation)
    let different = found.filter { $0.value > 1 }
    #expect(
        different.isEmpty, "\(different.count) lines differ from their copies in \(place): \(different.prefix(3))",
        sourceLocation: sourceLocation)
    let foreign = found.keys.filter { !expected.contains($0) }
    #expect(foreign.isEmpty, "\(foreign.count) lines of \(place) are in no log: \(foreign.prefix(3))", sourceLocation: sourceLocation)
}

/// Of `2026-01-02T03:04:05.678901Z`.
private func nanoseconds(_ text: String) -> UInt64? {
    let parts = text.split { !$0.isNumber }.map { Int($0) ?? 0 }
    guard parts.count == 7, text.hasSuffix("Z") else { return nil }
    var time = tm()
    (time.tm_year, time.tm_mon, time.tm_mday) = (Int32(parts[0] - 1900), Int32(parts[1] - 1), Int32(parts[2]))
    (time.tm_hour, time.tm_min, time.tm_sec) = (Int32(parts[3]), Int32(parts[4]), Int32(parts[5]))
    return UInt64(timegm(&time)) * 1_000_000_000 + UInt64(parts[6]) * 1000
}
