import Foundation
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `Refused lines` {
    private func write(_ lines: ClosedRange<Int>, in data: String, output: String = "loki") throws {
        let file = DeadLetterFile(directory: data + "/dead-letter", name: output)
        for number in lines {
            let batch = BatchMaking.batch(sequence: UInt64(number), lines: ["line \"\(number)\" \u{1f600}"])
            try file.append(
                [RefusedEntry(index: 0, reason: RefusalReason(.tooOld, "entry too far behind"))], of: batch, output: output,
                wallNanoseconds: 1_700_000_000_000_000_000)
        }
    }

    private func settings(_ directory: String, url: String) throws -> LogAgentSettings {
        try load(
            """
            data_dir: "\(directory)", sources: [{ name: "a", include: "/a" }],
            outputs: [{ name: "loki", type: "loki", url: "\(url)",
              retry: { min_backoff: "1ms", max_backoff: "5ms", timeout: "1s" } }]
            """
        ).settings
    }

    @Test func `are listed with their reasons`() throws {
        try withTemporaryDirectory { directory in
            try write(1...2, in: directory)
            try
                "data_dir: '\(directory)', sources: [{ name: 'a', include: '/a' }], outputs: [{ name: 'loki', type: 'loki', url: 'http://h/p' }]"
                .write(toFile: directory + "/f.json5", atomically: false, encoding: .utf8)
            let outcome = runCommand(["refused", "-c", directory + "/f.json5"])
            #expect(outcome.code == .success && outcome.error == "")
            #expect(outcome.output.hasPrefix("loki: 2 refused lines (2 greater_than_max_sample_age)\n"))
            #expect(outcome.output.contains("    line \"2\" \u{1f600}\n") && outcome.output.contains("    entry too far behind\n"))
            let asJSON = runCommand(["refused", "list", "--json", "-c", directory + "/f.json5", "--output", "loki"]).output
            #expect(asJSON.split(separator: "\n").count == 2)
            let unknown = runCommand(["refused", "-c", directory + "/f.json5", "--output", "lok"])
            #expect(unknown.code == .usage && unknown.error == "There is no output `lok`. Did you mean `loki`? Outputs: loki.\n")
        }
    }

    @Test func `are sent again, each once, and those that are refused again go back`() throws {
        try withTemporaryDirectory { directory in
            let sink = try LokiSink()
            defer { sink.stop() }
            let settings = try settings(directory, url: sink.url)
            try write(1...30, in: directory)
            let replay = try RefusedReplay(settings.outputs[0], dataDirectory: directory)
            #expect(try replay.run())
            #expect(replay.counts == RefusedReplay.Counts(output: "loki", delivered: 30))
            #expect(sink.streams.values.reduce(0) { $0 + $1.count } == 30)
            #expect(try DeadLetters(dataDirectory: directory, output: "loki").files() == [])
            // Nothing is left to send.
            let again = try RefusedReplay(settings.outputs[0], dataDirectory: directory)
            #expect(try again.run())
            #expect(again.counts == RefusedReplay.Counts(output: "loki"))
        }
    }

    @Test func `go back to the tenant that they were meant for`() throws {
        try withTemporaryDirectory { directory in
            let sink = try LokiSink()
            defer { sink.stop() }
            let file = DeadLetterFile(directory: directory + "/dead-letter", name: "loki")
            for (number, tenant) in [nil, "red", "blue", "red"].enumerated() {
                try file.append(
                    [RefusedEntry(index: 0, reason: RefusalReason(.tooOld, "old"))],
                    of: BatchMaking.batch(tenant: tenant, sequence: UInt64(number), lines: ["of \(tenant ?? "all")"]), output: "loki",
                    wallNanoseconds: 1)
            }
            let replay = try RefusedReplay(try settings(directory, url: sink.url).outputs[0], dataDirectory: directory)
            #expect(try replay.run())
            #expect(replay.counts.delivered == 4)
            for push in sink.received {
                let tenant = push.headers.first("X-Scope-OrgID")
                let lines = push.request?.streams.flatMap(\.entries).map(\.line) ?? []
                #expect(!lines.isEmpty && lines.allSatisfy { $0 == "of \(tenant ?? "all")" })
            }
        }
    }

    @Test func `stay where they are while the output does not answer, and are gone on with later`() throws {
        try withTemporaryDirectory { directory in
            try write(1...5, in: directory)
            let dead = try settings(directory, url: "http://127.0.0.1:1/loki/api/v1/push")
            let stuck = try RefusedReplay(dead.outputs[0], dataDirectory: directory, patienceNanoseconds: 50_000_000)
            #expect(try !stuck.run())
            #expect(stuck.counts.left == 5 && stuck.counts.error != nil)
            // What the agent refuses meanwhile begins a new file.
            try write(6...7, in: directory)
            let letters = DeadLetters(dataDirectory: directory, output: "loki")
            #expect(try letters.files().count == 2)

            let sink = try LokiSink()
            defer { sink.stop() }
            let replay = try RefusedReplay(try settings(directory, url: sink.url).outputs[0], dataDirectory: directory)
            #expect(try replay.run())
            #expect(replay.counts.delivered == 7)
            #expect(try letters.files() == [])
        }
    }

    @Test func `that were decided before a kill are not sent again`() throws {
        try withTemporaryDirectory { directory in
            try write(1...4, in: directory)
            let letters = DeadLetters(dataDirectory: directory, output: "loki")
            try letters.moveAside()
            let moved = try #require(try letters.moved().first)
            var reader = try DeadLetterReader(moved)
            for _ in 0..<3 { #expect(try reader.next() != nil) }
            try "\(reader.offset)\n".write(toFile: moved + ".done", atomically: false, encoding: .utf8)
            let sink = try LokiSink()
            defer { sink.stop() }
            let replay = try RefusedReplay(try settings(directory, url: sink.url).outputs[0], dataDirectory: directory)
            #expect(try replay.run())
            #expect(replay.counts.delivered == 1)
            #expect(access(moved + ".done", F_OK) != 0)
        }
    }

    @Test func `go on in a new file once theirs was moved aside, also while it is open`() throws {
        try withTemporaryDirectory { directory in
            let file = DeadLetterFile(directory: directory + "/dead-letter", name: "loki")
            let refused = [RefusedEntry(index: 0, reason: RefusalReason(.tooOld, "old"))]
            let batch = BatchMaking.batch(sequence: 1, lines: ["a line"])
            try file.append(refused, of: batch, output: "loki", wallNanoseconds: 1)
            let letters = DeadLetters(dataDirectory: directory, output: "loki")
            try letters.moveAside()
            try file.append(refused, of: batch, output: "loki", wallNanoseconds: 2)
            #expect(try letters.moved().count == 1 && letters.present().count == 1)
            for path in try letters.files() {
                var reader = try DeadLetterReader(path)
                var count = 0
                while try reader.next() != nil { count += 1 }
                #expect(count == 1)
            }
        }
    }
}
