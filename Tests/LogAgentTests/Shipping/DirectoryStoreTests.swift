import ConnectionSettings
import Delivery
import Foundation
import Gzip
import Metrics
import StructuredLogging
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

struct DirectoryStoreTests {
    private let encoder = PushEncoder(level: 1)

    private func store(_ path: String, retention: UInt64? = nil, maximumBytes: UInt64 = 1 << 30) -> DirectoryStore {
        DirectoryStore(
            DirectorySettings(path: path, retentionNanoseconds: retention, maximumBytes: maximumBytes, compressionLevel: 1),
            synchronizes: false)
    }

    private func put(_ batches: [SealedBatch], into store: DirectoryStore) throws {
        var body: [UInt8] = []
        let count = encoder.encode(.whole(batches), of: batches, into: &body)
        try store.store(body, of: batches, uncompressedBytes: count, wallNanoseconds: SystemClock.wallNanoseconds())
    }

    private func index(_ path: String) throws -> [[String: Any]] {
        try String(contentsOfFile: path + "/index.jsonl", encoding: .utf8).split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0 != "index.jsonl" }.sorted()
    }

    @Test func `a batch is a push body in a file, and a line in the index`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/out"
            let batch = BatchMaking.batch(entries: [LokiEntry(timestamp: 7, line: "b"), LokiEntry(timestamp: 5, line: "a")])
            try put([batch], into: store(path))
            #expect(try names(path) == ["0000000000000001.json.gz"])
            let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/0000000000000001.json.gz")))
            let body = try GzipDecoder.decompress(file, maximumBytes: 1 << 20)
            #expect(String(decoding: body, as: UTF8.self) == #"{"streams":[{"stream":{"job":"test"},"values":[["7","b"],["5","a"]]}]}"#)
            #expect(
                try String(contentsOfFile: path + "/index.jsonl", encoding: .utf8)
                    == #"{"batch":1,"file":"0000000000000001.json.gz","from":"5","to":"7","streams":[{"job":"test"}],"lines":2,"bytes":\#(body.count),"compressed_bytes":\#(file.count)}"#
                    + "\n")
        }
    }

    @Test func `numbering goes on after a restart, and index and files agree`() throws {
        try withTemporaryDirectory { path in
            let first = store(path)
            for number in 0..<3 { try put([BatchMaking.batch(lines: ["\(number)"])], into: first) }
            // Killed between index line and name, in the middle of writing a file, and in the middle of an index line.
            let handle = try #require(FileHandle(forWritingAtPath: path + "/index.jsonl"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"batch\":4,\"file\":\"0000000000000004.json.gz\"}\n{\"batch\":5,\"fi".utf8))
            try handle.close()
            try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/7.tmp"))

            let second = store(path)
            try put([BatchMaking.batch(lines: ["again"])], into: second)
            #expect(try names(path) == (1...4).map { "000000000000000\($0).json.gz" })
            #expect(try index(path).compactMap { $0["batch"] as? Int } == [1, 2, 3, 4])
            #expect(try index(path).compactMap { $0["lines"] as? Int } == [1, 1, 1, 1])
            #expect(second.usage == DirectoryStore.Usage(files: 4, bytes: second.usage.bytes))
        }
    }

    @Test func `a file whose index line was lost gets another`() throws {
        try withTemporaryDirectory { path in
            let first = store(path)
            for number in 0..<3 { try put([BatchMaking.batch(lines: ["\(number)"])], into: first) }
            let lines = try String(contentsOfFile: path + "/index.jsonl", encoding: .utf8).split(separator: "\n")
            try Data("\(lines[0])\n\(lines[1].prefix(20))".utf8).write(to: URL(fileURLWithPath: path + "/index.jsonl"))
            let second = store(path)
            try put([BatchMaking.batch(lines: ["again"])], into: second)
            #expect(second.usage.recoveredFiles == 2)
            let index = try index(path)
            #expect(index.compactMap { $0["batch"] as? Int } == [1, 2, 3, 4])
            #expect(index[1]["from"] as? String == "0" && index[1]["to"] as? String == "18446744073709551615")
        }
    }

    @Test func `the oldest go when there is too much`() throws {
        try withTemporaryDirectory { path in
            let store = store(path, maximumBytes: 400)
            for number in 0..<10 { try put([BatchMaking.batch(lines: ["\(number)"])], into: store) }
            let kept = try names(path)
            #expect(kept.count > 1 && kept.count < 10 && kept.last == "0000000000000010.json.gz")
            #expect(store.usage.bytes <= 400 && store.usage.removedFiles == UInt64(10 - kept.count))
        }
    }

    @Test func `what is too old goes, also without new batches`() throws {
        try withTemporaryDirectory { path in
            let store = store(path, retention: 3_600_000_000_000)
            for number in 0..<3 { try put([BatchMaking.batch(lines: ["\(number)"])], into: store) }
            try store.removeExpired(wallNanoseconds: SystemClock.wallNanoseconds())
            #expect(try names(path).count == 3)
            try store.removeExpired(wallNanoseconds: SystemClock.wallNanoseconds() + 3_601_000_000_000)
            // The newest stays: it tells where the numbering is.
            #expect(try names(path) == ["0000000000000003.json.gz"])
        }
    }

    @Test func `the index does not grow for ever`() throws {
        try withTemporaryDirectory { path in
            let store = store(path, maximumBytes: 1)
            for number in 0..<1100 { try put([BatchMaking.batch(lines: ["\(number)"])], into: store) }
            #expect(try index(path).count < 200)
            #expect(try names(path) == ["0000000000001100.json.gz"])
            let again = self.store(path, maximumBytes: 1)
            try put([BatchMaking.batch(lines: ["next"])], into: again)
            #expect(try names(path) == ["0000000000001101.json.gz"])
        }
    }

    @Test func `an output on a directory that cannot be written waits, and goes on when it can`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/out"
            // A file stands where the directory should be.
            try Data().write(to: URL(fileURLWithPath: path))
            let settings = OutputSettings(
                name: "local",
                destination: .directory(
                    DirectorySettings(path: path, retentionNanoseconds: nil, maximumBytes: 1 << 30, compressionLevel: 1)),
                batch: BatchSettings(maximumBytes: 1 << 20, maximumWaitNanoseconds: 0), inFlight: 2,
                retry: RetrySettings(minimumBackoffNanoseconds: 1_000_000, maximumBackoffNanoseconds: 4_000_000, timeoutNanoseconds: 1))
            let null = try FileDescriptor(opening: "/dev/null", O_WRONLY)
            let output = LogOutput(service: "test", descriptor: null.rawValue)
            let mailbox = OutcomeMailbox(event: try EventDescriptor())
            let sender = try OutputSender(
                number: 0, settings: settings, dataDirectory: directory + "/data", outcomes: mailbox,
                registry: MetricRegistry(startedAt: 1),
                logger: Logger(name: "test", output: output))
            defer { sender.stop() }
            for number in 0..<20 { sender.offer(BatchMaking.batch(sequence: UInt64(number), lines: ["\(number)"])) }
            try waitUntil("unhealthy") { !sender.isHealthy }
            #expect(sender.lastError?.contains("out") == true)
            try FileManager.default.removeItem(atPath: path)
            var sequences: [UInt64] = []
            try waitUntil("20 outcomes") {
                sequences += mailbox.takeAll().map(\.batch.sequence)
                return sequences.count == 20
            }
            #expect(sequences == (0..<20).map { UInt64($0) })
            #expect(try names(path).count == 20)
            #expect(try index(path).compactMap { $0["lines"] as? Int } == Array(repeating: 1, count: 20))
        }
    }
}
