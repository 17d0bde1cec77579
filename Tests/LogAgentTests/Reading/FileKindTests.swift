import Foundation
import Gzip
import SystemIO
import Tailing
import TestSupport
import Testing

@testable import LogAgent

/// Files of every kind, from the disk to the sink.
@Suite(.timeLimit(.minutes(4)))
struct FileKindTests {
    private func withSink(_ body: (_ sink: LokiSink, _ directory: String) throws -> Void) throws {
        let sink = try LokiSink()
        defer { sink.stop() }
        try withTemporaryDirectory { try body(sink, $0) }
    }

    private func agent(_ directory: String, _ sink: LokiSink, _ include: String, more: String = "", spill: String = "") throws
        -> AgentDriver
    {
        try AgentDriver(
            in: directory, sources: AgentDriver.text(include, more: more), outputs: AgentDriver.loki(sink.url), more: spill)
    }

    private func lost(_ agent: AgentDriver) -> UInt64 { agent.shared.update { $0.lostBytes.values.reduce(0, +) } }

    private func write(_ bytes: [UInt8], to path: String) throws {
        if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    private func gzipped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        Array(text.utf8).withUnsafeBytes { GzipEncoder(level: .fast).compress($0, into: &bytes) }
        return bytes
    }

    @Test func `a UTF-16 file with a mark arrives as UTF-8, also when the agent goes on in its middle`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            func utf16(_ text: String) -> [UInt8] { text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] } }
            try write([0xff, 0xfe] + utf16("eins\r\nzwei ä\r\nਊ\r\n"), to: path)
            let first = try agent(directory, sink, path)
            try first.stepUntil("three lines") { sink.entryCount == 3 }
            first.kill()
            try write(utf16("vier\r\nfünf 😀\r\n"), to: path)
            let second = try agent(directory, sink, path)
            try second.stepUntil("five lines") { sink.entryCount == 5 }
            second.kill()
            #expect(sink.lines(["job": "s"]) == ["eins", "zwei ä", "ਊ", "vier", "fünf 😀"])
            let size = try FileStatus(ofPath: path).size
            let checkpoint = try #require(try CheckpointFile(dataDirectory: directory + "/data").load())
            #expect(checkpoint.files.map(\.saved.counted.offset) == [size])
            let verification = LedgerVerification(checkpoint, limits: [:])
            #expect(verification.findings.map(\.verdict) == [.proven])
        }
    }

    @Test func `a declared encoding is decoded before lines are parsed`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            try write(Array("{\"t\":1,\"m\":\"".utf8) + [0x95, 0x5c] + Array("\"}\n".utf8), to: path)
            let agent = try AgentDriver(
                in: directory, sources: AgentDriver.json(path, more: #"encoding: "shift_jis""#), outputs: AgentDriver.loki(sink.url))
            try agent.stepUntil("the line") { sink.entryCount == 1 }
            agent.kill()
            #expect(sink.lines(["job": "s"]) == [#"{"t":1,"m":"表"}"#])
        }
    }

    @Test func `empty lines are left out where the source asks for it, and the ledger closes`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            try append("lalala\n\n\r\n", to: path)
            let agent = try agent(directory, sink, path, more: #"empty_lines: "skip""#)
            try agent.stepUntil("the line") { sink.entryCount == 1 && agent.ledger.totals.map(\.pending.lines) == [0] }
            agent.kill()
            #expect(sink.lines(["job": "s"]) == ["lalala"])
            #expect(agent.ledger.totals.map(\.filtered.lines) == [2])
            #expect(agent.shared.update { $0.pipelines[0].counts.emptyLines } == 2)
        }
    }

    @Test func `long lines are dropped whole where the source asks for it, whatever comes between`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            let long = String(repeating: "x", count: 5000)
            try append("short\n\(long)\n\(String(repeating: "y", count: 1025))\n\(String(repeating: "z", count: 1024))\n\(long)", to: path)
            let agent = try agent(directory, sink, path, more: #"max_line_bytes: "1KiB", long_lines: "drop""#)
            try agent.stepUntil("two lines") { sink.entryCount == 2 }
            try append("continued\nlast short\n", to: path)
            try agent.stepUntil("three lines") { sink.entryCount == 3 && agent.ledger.totals.map(\.pending.lines) == [0] }
            agent.kill()
            #expect(sink.lines(["job": "s"]) == ["short", String(repeating: "z", count: 1024), "last short"])
            #expect(agent.shared.update { $0.pipelines[0].counts.droppedLongLines } == 3)
        }
    }

    @Test func `a file is removed when all of it is delivered and saved, and not before`() throws {
        let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
        defer { down.stop() }
        try withSink { sink, directory in
            let path = directory + "/a.log"
            try append("one\ntwo\n", to: path)
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
            let first = try agent(directory, down, path, more: #"remove_after: "1s""#)
            try first.stepUntil("some tries") { down.requestCount > 3 }
            #expect(FileManager.default.fileExists(atPath: path))
            first.kill()
            let second = try agent(directory, sink, path, more: #"remove_after: "1s""#)
            try second.stepUntil("the file's end") { !FileManager.default.fileExists(atPath: path) }
            second.kill()
            #expect(sink.lines(["job": "s"]) == ["one", "two"])
            #expect(lost(second) == 0)
        }
    }

    @Test func `compressed files are delivered across a kill, each line once`() throws {
        let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
        defer { down.stop() }
        try withSink { sink, directory in
            let wanted = (0..<2000).map { "line \($0)" }
            let text = wanted.map { $0 + "\n" }.joined()
            try write(gzipped(text), to: directory + "/old.log.gz")
            let first = try agent(directory, down, directory + "/*.gz")
            try first.stepUntil("the first push") { down.requestCount > 0 }
            first.kill()
            let second = try agent(directory, sink, directory + "/*.gz")
            try second.stepUntil("all lines") { sink.entryCount >= wanted.count && second.ledger.totals.map(\.pending.lines) == [0] }
            second.kill()
            #expect(sink.lines(["job": "s"]) == wanted)
            let checkpoint = try #require(try CheckpointFile(dataDirectory: directory + "/data").load())
            #expect(LedgerVerification(checkpoint, limits: [:]).findings.map(\.verdict) == [.proven])
        }
    }

    @Test func `the undelivered rest of a deleted file is delivered by the next process, with the same entries`() throws {
        let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
        defer { down.stop() }
        try withSink { sink, directory in
            let path = directory + "/a.log"
            let wanted = (0..<500).map { "line \($0)" }
            try append(wanted.map { $0 + "\n" }.joined(), to: path)
            let first = try agent(directory, down, path)
            try first.stepUntil("the first push") { down.requestCount > 0 }
            unlink(path)
            try append("next\n", to: path)
            try first.stepUntil("both files") { first.shared.update { $0.files.values.reduce(0) { $0 + $1.read.lines } } == 501 }
            first.stop()
            let second = try agent(directory, sink, path)
            try second.stepUntil("all lines") { sink.entryCount == 501 && second.ledger.totals.map(\.pending.lines) == [0] }
            #expect(sink.lines(["job": "s"]) == wanted + ["next"])
            #expect(lost(second) == 0)
            // Delivered, it is not kept.
            try second.stepUntil("an empty directory") {
                try FileManager.default.contentsOfDirectory(atPath: directory + "/data/spill").isEmpty
            }
            second.kill()
        }
    }

    @Test func `of too many deleted files the rests are spilled while the agent runs`() throws {
        let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
        defer { down.stop() }
        try withSink { _, directory in
            let path = directory + "/a.log"
            try append("one\ntwo\n", to: path)
            let agent = try agent(directory, down, path, spill: "spill: { max_held_files: 0 },")
            try agent.stepUntil("the first push") { down.requestCount > 0 }
            unlink(path)
            try agent.stepUntil("the spilled rest") { agent.reader.tails.files.values.contains { agent.reader.tails.isSpilled($0) } }
            agent.kill()
        }
    }

    @Test func `a rest that exceeds the budget is booked as lost, with the cause`() throws {
        let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
        defer { down.stop() }
        try withSink { _, directory in
            let path = directory + "/a.log"
            try append("one\ntwo\n", to: path)
            let agent = try agent(directory, down, path, spill: "spill: { max_bytes: 0 },")
            try agent.stepUntil("the first push") { down.requestCount > 0 }
            unlink(path)
            try agent.stepUntil("the deletion") { agent.reader.tails.files.values.allSatisfy(\.isDeleted) }
            agent.stop()
            let checkpoint = try #require(try CheckpointFile(dataDirectory: directory + "/data").load())
            #expect(checkpoint.files.map(\.saved.isGone) == [true])
        }
    }

    @Test func `a clean stop saves the exact position of every file`() throws {
        try withSink { sink, directory in
            for name in ["a", "b"] { try append(String(repeating: "test\n", count: 10), to: "\(directory)/\(name).log") }
            let agent = try agent(directory, sink, directory + "/*.log")
            try agent.stepUntil("all lines") { sink.entryCount == 20 }
            agent.stop()
            let checkpoint = try #require(try CheckpointFile(dataDirectory: directory + "/data").load())
            #expect(checkpoint.files.map(\.saved.counted.offset) == [50, 50])
            #expect(checkpoint.files.flatMap { $0.outputs.map(\.delivered.offset) } == [50, 50])
        }
    }

    @Test func `a deleted file is forgotten once it is delivered and rests`() throws {
        try withSink { sink, directory in
            for name in ["a", "b"] { try append("one\n", to: "\(directory)/\(name).log") }
            let agent = try agent(directory, sink, directory + "/*.log")
            try agent.stepUntil("all lines") { sink.entryCount == 2 }
            #expect(agent.reader.tails.files.count == 2)
            unlink(directory + "/a.log")
            try agent.stepUntil("one file") { agent.reader.tails.files.count == 1 }
            #expect(agent.ledger.closed.map(\.files) == [1])
            agent.kill()
        }
    }

    @Test func `idle files are neither held open nor looked after`() throws {
        try withSink { sink, directory in
            for index in 0..<50 { try append("line\n", to: "\(directory)/\(index).log") }
            let agent = try agent(directory, sink, directory + "/*.log")
            try agent.stepUntil("all lines") { sink.entryCount == 50 && agent.ledger.totals.map(\.pending.lines) == [0] }
            for file in agent.reader.tails.files.values { file.closeDescriptor() }
            try agent.stepUntil("nothing to look after") { agent.reader.attended.isEmpty }
            try append("more\n", to: directory + "/7.log")
            try agent.stepUntil("the new line") { sink.entryCount == 51 }
            agent.kill()
        }
    }

    @Test func `a directory in the checkpoint's place is an error that names it`() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/checkpoint", withIntermediateDirectories: true)
            let error = #expect(throws: CheckpointError.self) { try CheckpointFile(dataDirectory: directory).load() }
            let told = LogAgentError.checkpoint(try #require(error), path: directory + "/checkpoint").description
            #expect(told.contains(directory + "/checkpoint") && told.contains("Is a directory"))
        }
    }
}
