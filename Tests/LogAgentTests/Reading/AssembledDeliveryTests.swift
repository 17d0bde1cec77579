import Foundation
import Gzip
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

/// Entries of several lines on their way through a whole agent: stops, kills, outages and rotations.
@Suite(.timeLimit(.minutes(5)))
struct AssembledDeliveryTests {
    private func multiline(_ include: String, timeout: String = "1h", more: String = "") -> String {
        AgentDriver.text(include, more: #"multiline: { start: "^S", timeout: "\#(timeout)" }, \#(more)"#)
    }

    private func withSink(_ body: (LokiSink, String) throws -> Void) throws {
        let sink = try LokiSink()
        defer { sink.stop() }
        try withTemporaryDirectory { try body(sink, $0) }
    }

    /// Everything that was read is accounted for.
    private func expectClosed(_ agent: AgentDriver, lines: UInt64, pending: UInt64 = 0, sourceLocation: SourceLocation = #_sourceLocation) {
        for total in agent.ledger.totals {
            #expect(total.read.lines == lines, sourceLocation: sourceLocation)
            #expect(total.pending.lines == pending, sourceLocation: sourceLocation)
            #expect(
                total.read.bytes
                    == total.delivered.bytes + total.pending.bytes + total.filtered.bytes + total.refused.bytes + total.lost.bytes,
                sourceLocation: sourceLocation)
            #expect(
                total.read.lines
                    == total.delivered.lines + total.pending.lines + total.filtered.lines + total.refused.lines + total.lost.lines,
                sourceLocation: sourceLocation)
        }
    }

    @Test func `fields of the path where a file was found stay with it through rotation and restart, for lines and entries`() throws {
        for more in ["", #"multiline: { start: "^S" }, "#] {
            try withSink { sink, directory in
                let sources = #"""
                    { name: "s", include: ["\#(directory)/*/a.log*"], format: "text", \#(more)
                      path_pattern: "\#(directory)/<service>/<_>.log", labels: { job: "$service" } }
                    """#
                for service in ["api", "web"] {
                    try FileManager.default.createDirectory(atPath: directory + "/" + service, withIntermediateDirectories: true)
                    try append("S \(service) 1\nS \(service) 2\n", to: directory + "/\(service)/a.log")
                }
                let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
                try first.stepUntil("the lines to be read") { first.ledger.totals.first?.read.lines == 4 }
                first.kill()
                try FileManager.default.moveItem(atPath: directory + "/api/a.log", toPath: directory + "/api/a.log.1")
                try append("S api 3\nS api 4\n", to: directory + "/api/a.log.1")
                try append("S web 3\nS web 4\n", to: directory + "/web/a.log")
                let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
                try second.stepUntil("the last entries") { second.ledger.totals.first.map { $0.delivered.lines >= 6 } ?? false }
                for service in ["api", "web"] {
                    #expect(sink.lines(["job": service]).starts(with: (1...3).map { "S \(service) \($0)" }))
                }
                second.kill()
            }
        }
    }

    @Test func `an entry that is open when the agent dies is completed by the next`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            let sources = multiline(path)
            try append("S one\n 1\n", to: path)
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try first.stepUntil("the lines to be read") { first.ledger.totals.first?.read.lines == 2 }
            expectClosed(first, lines: 2, pending: 2)
            first.kill()
            try append(" 2\nS two\nS three\n", to: path)
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try second.stepUntil("two entries") { second.ledger.totals.first?.delivered.lines == 4 }
            #expect(sink.lines(["job": "s"]) == ["S one\n 1\n 2", "S two"])
            expectClosed(second, lines: 5, pending: 1)
            second.kill()
        }
    }

    @Test func `the clock ends an entry, and it stays the same entry after a restart without the checkpoint`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            let sources = multiline(path, timeout: "10ms")
            try append("S one\n 1\n", to: path)
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try first.stepUntil("the entry") { sink.entryCount == 1 }
            try append(" too slow\n", to: path)
            try first.stepUntil("what came after it") { sink.entryCount == 2 }
            first.kill(savingFirst: false)
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try second.stepUntil("everything again") { second.ledger.totals.first?.delivered.lines == 3 }
            #expect(sink.lines(["job": "s"]) == ["S one\n 1", " too slow"])
            #expect(sink.streams[["job": "s"]]?.allSatisfy { $0.count == 2 } == true, "they were sent again as they were")
            expectClosed(second, lines: 3)
            second.kill()
        }
    }

    @Test func `an output that was away gets the entries that were counted without it`() throws {
        try withSink { sink, directory in
            let down = try LokiSink(otherwise: .answer(status: 503, text: "down"))
            defer { down.stop() }
            let path = directory + "/a.log"
            let sources = multiline(path, timeout: "10ms")
            try append("S one\n 1\n", to: path)
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(down.url))
            try first.stepUntil("the first push") { down.requestCount > 0 }
            try append(" late\nS two\n 2\n", to: path)
            try first.stepUntil("the entries to end") {
                first.ledger.totals.first?.read.lines == 5
                    && first.shared.update { $0.files.values.allSatisfy(\.counted.openEntries.isEmpty) }
            }
            first.kill()
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try second.stepUntil("the entries") { second.ledger.totals.first?.delivered.lines == 5 }
            // Whether " late" came in time is the clock's business; that it stays so is ours.
            let lines = sink.lines(["job": "s"])
            #expect(lines.joined(separator: "\n") == "S one\n 1\n late\nS two\n 2")
            #expect(Set(lines).isSuperset(of: ["S two\n 2"]))
            expectClosed(second, lines: 5)
            second.kill()
        }
    }

    @Test func `the end of a rotated file ends its entry`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            try append("S one\n 1\n", to: path)
            let agent = try AgentDriver(in: directory, sources: multiline(path), outputs: AgentDriver.loki(sink.url))
            try agent.stepUntil("the lines to be read") { agent.ledger.totals.first?.read.lines == 2 }
            rename(path, path + ".1")
            try append("S two\n", to: path)
            try agent.stepUntil("the entry of the old file") {
                agent.ledger.totals.first.map { $0.read.lines == 3 && $0.delivered.lines == 2 } ?? false
            }
            #expect(sink.lines(["job": "s"]) == ["S one\n 1"])
            expectClosed(agent, lines: 3, pending: 1)
            agent.kill()
        }
    }

    @Test func `lines of an open entry that go away with their file are lost, and told`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            try append("S one\nS two\n 2\n", to: path)
            let agent = try AgentDriver(in: directory, sources: multiline(path), outputs: AgentDriver.loki(sink.url))
            try agent.stepUntil("the first entry") { sink.entryCount == 1 }
            truncate(path, 0)
            try append("S\n", to: path)
            try agent.stepUntil("the loss") { agent.ledger.totals.first.map { $0.lost.lines == 2 && $0.read.lines == 4 } ?? false }
            #expect(agent.shared.update { $0.lostBytes[.truncated] } == 9)
            expectClosed(agent, lines: 4, pending: 1)
            agent.kill()
        }
    }

    @Test func `fields of the envelope and of the path are labels, metadata and conditions`() throws {
        try withSink { sink, directory in
            let pods = directory + "/pods/shop_cart-7d_1b2c/app"
            try FileManager.default.createDirectory(atPath: pods, withIntermediateDirectories: true)
            try append(
                """
                2024-05-01T12:00:00Z stdout P {"level":"info",
                2024-05-01T12:00:01Z stderr F {"level":"debug"}
                2024-05-01T12:00:02Z stdout F "pod":"mine","t":1700000000}
                2024-05-01T12:00:03Z stderr F no JSON

                """, to: pods + "/2.log")
            let source = """
                { name: "k", include: ["\(directory)/pods/*/*/*.log"], format: "cri", inner: "json",
                  timestamp: { field: "t", format: "unix" },
                  labels: { ns: "$namespace", container: "$container", level: "$level" },
                  metadata: { pod: "$pod", uid: "$pod_uid", restart: "$restart", stream: "$stream" } }
                """
            let agent = try AgentDriver(in: directory, sources: source, outputs: AgentDriver.loki(sink.url))
            try agent.stepUntil("three entries") { agent.ledger.totals.first?.delivered.lines == 4 }
            let base = ["ns": "shop", "container": "app"]
            let info = try #require(sink.streams[base.merging(["level": "info"]) { $1 }]?.first?.entry)
            #expect(info.line == #"{"level":"info","pod":"mine","t":1700000000}"#)
            #expect(info.timestamp == 1_700_000_000_000_000_000)
            #expect(info.metadata == ["pod": "cart-7d", "uid": "1b2c", "restart": "2", "stream": "stdout"])
            let debug = try #require(sink.streams[base.merging(["level": "debug"]) { $1 }]?.first?.entry)
            #expect(debug.timestamp == 1_714_564_801_000_000_000 && debug.metadata["stream"] == "stderr")
            let bad = try #require(sink.streams[base]?.first?.entry)
            #expect(bad.line == "no JSON" && bad.metadata["parse_error"] != nil && bad.metadata["stream"] == "stderr")
            #expect(bad.timestamp == 1_714_564_803_000_000_000)
            expectClosed(agent, lines: 4)
            agent.kill()
        }
    }

    @Test func `Docker's additional fields are fields`() throws {
        try withSink { sink, directory in
            let path = directory + "/c-json.log"
            try append(#"{"log":"hi\n","stream":"stdout","attrs":{"tag":"web"},"time":"2024-05-01T12:00:00Z"}"# + "\n", to: path)
            let source = """
                { name: "d", include: ["\(path)"], format: "docker", labels: { tag: "$attrs.tag", stream: "$stream" } }
                """
            let agent = try AgentDriver(in: directory, sources: source, outputs: AgentDriver.loki(sink.url))
            try agent.stepUntil("the entry") { sink.entryCount == 1 }
            #expect(sink.lines(["tag": "web", "stream": "stdout"]) == ["hi"])
            agent.kill()
        }
    }

    @Test func `an entry without a time has that at which its first line was seen`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            try append("S one\n", to: path)
            let agent = try AgentDriver(in: directory, sources: multiline(path), outputs: AgentDriver.loki(sink.url))
            try agent.stepUntil("the line to be read") { agent.ledger.totals.first?.read.lines == 1 }
            let seen = SystemClock.wallNanoseconds()
            try append(" 1\nS two\n", to: path)
            try agent.stepUntil("the entry") { sink.entryCount == 1 }
            #expect(sink.streams[["job": "s"]]?.allSatisfy { $0.entry.timestamp <= seen } == true)
            agent.kill()
        }
    }

    private func gzipped(_ members: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for member in members { Array(member.utf8).withUnsafeBytes { GzipEncoder(level: .fast).compress($0, into: &bytes) } }
        return bytes
    }

    @Test func `a compressed log of a container is read as the one that it was made of, also when the agent dies in its middle`() throws {
        try withSink { sink, directory in
            let path = directory + "/0.log.20240501-120000.gz"
            var lines: [String] = []
            var expected: [String] = []
            for number in 0..<4000 {
                let head = "2024-05-01T12:00:00.\(100_000 + number)Z \(number % 3 == 0 ? "stderr" : "stdout")"
                let text = "entry \(number) " + String(repeating: "x", count: number % 100)
                expected.append(text)
                lines += number % 4 == 0 ? ["\(head) P \(text.prefix(7))\n", "\(head) F \(text.dropFirst(7))\n"] : ["\(head) F \(text)\n"]
            }
            // Members end where they like.
            let members = stride(from: 0, to: lines.count, by: 777).map { lines[$0..<min(lines.count, $0 + 777)].joined() }
            try Data(gzipped(members)).write(to: URL(filePath: path))
            let sources = #"{ name: "s", include: "\#(path)", format: "cri", partial_timeout: "1h", labels: { job: "s" } }"#
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try first.stepUntil("a piece to be read") { (first.ledger.totals.first?.read.lines ?? 0) > 0 }
            first.kill()
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try second.stepUntil("all entries") { second.ledger.totals.first?.delivered.lines == UInt64(lines.count) }
            #expect(sink.lines(["job": "s"]) == expected)
            expectClosed(second, lines: UInt64(lines.count))
            second.kill()
            let checkpoint = try #require(try CheckpointFile(dataDirectory: directory + "/data").load())
            #expect(LedgerVerification(checkpoint, limits: [:]).findings.map(\.verdict) == [.proven])
        }
    }

    @Test(arguments: [true, false])
    func `lines of other encodings make entries as well, and go on in their middle`(hasMark: Bool) throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            func utf16(_ text: String) -> Data { Data(text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }) }
            let sources = multiline(path, more: hasMark ? "" : #"encoding: "utf-16le","#)
            try ((hasMark ? Data([0xff, 0xfe]) : Data()) + utf16("S eins\r\n  ä\u{a0a}\r\n")).write(to: URL(filePath: path))
            let first = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try first.stepUntil("the lines to be read") { first.ledger.totals.first?.read.lines == 2 }
            first.kill()
            let handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: utf16("  😀\r\nS zwei\r\nS drei\r\n"))
            try handle.close()
            let second = try AgentDriver(in: directory, sources: sources, outputs: AgentDriver.loki(sink.url))
            try second.stepUntil("two entries") { second.ledger.totals.first?.delivered.lines == 4 }
            #expect(sink.lines(["job": "s"]) == ["S eins\n  ä\u{a0a}\n  😀", "S zwei"])
            expectClosed(second, lines: 5, pending: 1)
            second.kill()
        }
    }

    @Test func `an entry that other settings had left open is decoded, too`() throws {
        try withSink { sink, directory in
            let path = directory + "/a.log"
            try Data([0x53, 0x20, 0xe4, 0x0a, 0x20, 0xfc, 0x0a]).write(to: URL(filePath: path))
            let first = try AgentDriver(
                in: directory, sources: multiline(path, more: #"encoding: "latin1","#), outputs: AgentDriver.loki(sink.url))
            try first.stepUntil("the lines to be read") { first.ledger.totals.first?.read.lines == 2 }
            first.kill()
            let second = try AgentDriver(
                in: directory, sources: AgentDriver.text(path, more: #"encoding: "latin1","#), outputs: AgentDriver.loki(sink.url))
            try second.stepUntil("the entry") { second.ledger.totals.first?.delivered.lines == 2 }
            #expect(sink.lines(["job": "s"]) == ["S ä\n ü"])
            second.kill()
        }
    }
}
