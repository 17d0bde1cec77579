import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct GzipKillTests {
        private static let kills = 8

        @Test func `kill -9 in the middle of compressed files loses no line of any member, and counts none twice`() throws {
            try withTemporaryDirectory { directory in
                // Slow enough that archives are not over when the agent dies.
                let sink = try LokiSink(otherwise: .acceptAfter(milliseconds: 5), keepsBodies: false)
                defer { sink.stop() }
                var setup = try AgentSetup(directory)
                setup.sources = #"{ include: ["\#(setup.logs)/*.gz"], \#(AgentSetup.transcodeSource) }"#
                setup.addLoki(url: sink.url, #"batch: { max_bytes: "64KiB", max_wait: "10ms" },"#)
                setup.addDirectoryOutput()
                let archives = ArchiveWriter(directory: directory, logs: setup.logs)
                do {
                    defer { try? archives.stop() }
                    for _ in 0..<Self.kills {
                        let agent = try setup.start()
                        let goal = archives.lineCount + Int.random(in: 1..<1000)
                        try waitUntil("archives to appear") { archives.lineCount >= goal }
                        agent.kill()
                    }
                }
                try archives.stop()

                let agent = try setup.startReady()
                let lines = archives.lines
                try agent.waitUntilDelivered(lines: lines.count)
                let delivered = LedgerTotal(read: lines.count, delivered: lines.count)
                #expect(try agent.ledgerTotals() == ["loki": delivered, "local": delivered])
                let differences = EventCount(lines).differences(from: try agent.metrics())
                #expect(differences.isEmpty, "\(differences.prefix(5))")
                try agent.terminate()
                let verification = try setup.command("ledger", "verify")
                #expect(verification.ending == .exited(0), "\(verification.output)\(verification.error)")
                expectEachOnce(lines, in: sink.streams, of: "the Loki sink")
                expectEachOnce(lines, in: try PushDirectory(setup.pushes).streams, of: "the directory")
                print("kill -9 of gzip: \(archives.files) files, \(lines.count) lines, \(sink.copies) copies at Loki")
            }
        }
    }
}
