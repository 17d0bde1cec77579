import Foundation
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

@Suite(.timeLimit(.minutes(2)))
struct DeliveryAfterOutageTests {
    /// Two sinks, so that nothing of a request that is on its way to the one that is down comes late to the other.
    private func withSinks(_ body: (_ down: LokiSink, _ sink: LokiSink, _ directory: String) throws -> Void) throws {
        let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
        defer { down.stop() }
        let sink = try LokiSink()
        defer { sink.stop() }
        try withTemporaryDirectory { try body(down, sink, $0) }
    }

    @Test func `what a stopped agent had not delivered is sent after its start, without a new line`() throws {
        try withSinks { down, sink, directory in
            let path = directory + "/a.log"
            try append("one\ntwo\n", to: path)
            let first = try AgentDriver(in: directory, sources: AgentDriver.text(path), outputs: AgentDriver.loki(down.url))
            try first.stepUntil("the first push") { down.requestCount > 0 }
            first.kill()
            let second = try AgentDriver(in: directory, sources: AgentDriver.text(path), outputs: AgentDriver.loki(sink.url))
            try second.stepUntil("the lines", seconds: 10) { sink.entryCount == 2 }
            second.kill()
            #expect(sink.lines(["job": "s"]) == ["one", "two"])
        }
    }

    @Test func `after a restart a rotated file is delivered before its successor`() throws {
        try withSinks { down, sink, directory in
            let path = directory + "/a.log"
            try append("one\ntwo\n", to: path)
            let sources = AgentDriver.text(path)
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(down.url))
            rename(path, path + ".1")
            try append("three\n", to: path)
            try first.stepUntil("both files") { first.shared.update { $0.files.values.reduce(0) { $0 + $1.read.lines } } == 3 }
            first.kill()
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try append("four\n", to: path)
            try second.stepUntil("the lines", seconds: 10) { sink.entryCount == 4 }
            second.kill()
            #expect(sink.lines(["job": "s"]) == ["one", "two", "three", "four"])
        }
    }

    @Test func `the backlog of files with the same labels is sent oldest first, as Loki wants it`() throws {
        try withSinks { down, sink, directory in
            var limits = LokiSinkModel.Limits()
            limits.outOfOrderWindow = 3_600_000_000_000
            sink.setLimits(limits)
            let sources = AgentDriver.json(directory + "/*.log")
            let start = 1_700_000_000
            // Five hours in three files.
            for second in stride(from: 0, to: 5 * 3600, by: 60) {
                for name in ["a", "b", "c"] { try append("{\"t\":\(start + second),\"f\":\"\(name)\"}\n", to: "\(directory)/\(name).log") }
            }
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(down.url))
            try first.stepUntil("the first push") { down.requestCount > 0 }
            first.kill()
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url, maximumBatchBytes: "4KiB"))
            // A line of now, while there is a backlog, must not shut it out.
            try append("{\"t\":\(start + 6 * 3600),\"f\":\"d\"}\n", to: directory + "/d.log")
            try second.stepUntil("all lines", seconds: 20) { sink.entryCount + sink.refused.values.reduce(0) { $0 + $1.count } == 901 }
            #expect(sink.refused.isEmpty)
            #expect(second.ledger.totals.map(\.refused.lines) == [0])
            second.kill()
        }
    }

    @Test func `a file that is new after a restart does not shut out the backlog of others`() throws {
        try withSinks { down, sink, directory in
            var limits = LokiSinkModel.Limits()
            limits.outOfOrderWindow = 3_600_000_000_000
            sink.setLimits(limits)
            let sources = AgentDriver.json(directory + "/*.log")
            func write(_ name: String) throws {
                let times = stride(from: 1_700_000_000, to: 1_700_000_000 + 5 * 3600, by: 60)
                try append(times.map { "{\"t\":\($0),\"f\":\"\(name)\"}\n" }.joined(), to: "\(directory)/\(name).log")
            }
            try write("b")
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(down.url))
            try first.stepUntil("the file to be read") { first.ledger.totals.first?.read.lines == 300 }
            first.kill()
            for name in ["a", "c"] { try write(name) }
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url, maximumBatchBytes: "4KiB"))
            try second.stepUntil("all lines") { second.ledger.totals.map { $0.delivered.lines + $0.refused.lines } == [900] }
            #expect(sink.refused.isEmpty && sink.entryCount == 900)
            second.kill()
        }
    }

    @Test func `a backlog that can't be read neither keeps the thread busy nor holds up what comes after it`() throws {
        try withSinks { down, sink, directory in
            let path = directory + "/a.log"
            try append("one\n", to: path)
            let sources = AgentDriver.text(path)
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(down.url))
            rename(path, path + ".1")
            try append("two\n", to: path)
            try first.stepUntil("both files") { first.shared.update { $0.files.values.reduce(0) { $0 + $1.read.lines } } == 2 }
            first.kill()
            // Out of reach: not in the directory, and not known to be gone for good.
            rename(path + ".1", directory + "/elsewhere")
            try FileManager.default.createDirectory(atPath: directory + "/x", withIntermediateDirectories: false)
            rename(directory + "/elsewhere", directory + "/x/elsewhere")
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try append("three\n", to: path)
            try second.stepUntil("what can be read", seconds: 10) { sink.entryCount == 2 }
            for _ in 0..<50 { second.step() }
            #expect(second.busyTurns < 50)
            second.kill()
            #expect(sink.lines(["job": "s"]) == ["two", "three"])
        }
    }

    @Test func `a checkpoint has the files that were found, read or not`() throws {
        try withSinks { _, sink, directory in
            let agent = try AgentDriver(
                in: directory, sources: AgentDriver.text(directory + "/*.log"), outputs: AgentDriver.loki(sink.url), stepping: false)
            try append("one\n", to: directory + "/a.log")
            agent.reader.tails.lookAtEverything()
            agent.reader.tails.tick()
            agent.kill()
            let checkpoint = try #require(try CheckpointFile(dataDirectory: directory + "/data").load())
            #expect(checkpoint.files.map(\.saved.firstPath) == [directory + "/a.log"])
            #expect(checkpoint.files.map(\.saved.counted.offset) == [0])
        }
    }
}
