import Delivery
import Foundation
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TraceCollector

struct SegmentLogTests {
    private final class Losses: Sendable {
        private let spans = Mutex<[Int: UInt64]>([:])
        func add(_ reader: Int, _ count: UInt64) { spans.withLock { $0[reader, default: 0] += count } }
        subscript(reader: Int) -> UInt64 { spans.withLock { $0[reader] ?? 0 } }
    }

    private func open(
        _ directory: String, readers: [String] = ["a"], maximumBytes: UInt64 = 16 << 20,
        synchronization: SegmentLog.Synchronization = .never, losses: Losses = Losses()
    ) throws -> SegmentLog {
        try SegmentLog(
            directory: directory, readers: readers, maximumBytes: maximumBytes, synchronization: synchronization
        ) { reader, spans, _ in losses.add(reader, spans) }
    }

    private func append(_ text: String, spans: Int = 1, to log: SegmentLog) throws {
        try log.append(Array(text.utf8), spans: spans)
    }

    private func takeAll(_ log: SegmentLog, reader: Int = 0, maximumBytes: Int = 1 << 20, commits: Bool = false) throws -> [String] {
        let batch = LogBatch()
        var texts: [String] = []
        while try log.take(into: batch, maximumBytes: maximumBytes, by: reader) {
            texts += batch.records.map { String(decoding: batch.bytes[$0.range], as: UTF8.self) }
            if commits { log.commit(batch.end, spans: batch.contents.spans, by: reader) }
        }
        return texts
    }

    private func files(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".seg") }.sorted()
    }

    @Test func `records come back in order, for each reader on its own`() throws {
        try withTemporaryDirectory { directory in
            let log = try open(directory, readers: ["a", "b"])
            for number in 1...5 { try append("record \(number)", to: log) }
            #expect(try takeAll(log, reader: 0) == (1...5).map { "record \($0)" })
            #expect(try takeAll(log, reader: 0) == [])
            try append("record 6", to: log)
            #expect(try takeAll(log, reader: 0) == ["record 6"])
            #expect(try takeAll(log, reader: 1) == (1...6).map { "record \($0)" })
            #expect(log.pendingSpans(of: 0) == 6)
        }
    }

    @Test func `a batch ends before it gets too large, but has one record at least`() throws {
        try withTemporaryDirectory { directory in
            let log = try open(directory)
            for size in [10, 10, 10, 100, 10] { try append(String(repeating: "x", count: size), to: log) }
            let batch = LogBatch()
            var counts: [Int] = []
            while try log.take(into: batch, maximumBytes: 25, by: 0) { counts.append(batch.records.count) }
            #expect(counts == [2, 1, 1, 1])
        }
    }

    @Test func `what was not committed comes again after the end of the process, however that came`() throws {
        try withTemporaryDirectory { directory in
            let first = try open(directory)
            for number in 1...4 { try append("record \(number)", spans: 10, to: first) }
            let batch = LogBatch()
            #expect(try first.take(into: batch, maximumBytes: 20, by: 0))
            #expect(batch.records.count == 2)
            first.commit(batch.records[0].end, spans: 10, by: 0)
            try first.maintain()

            let second = try open(directory)
            #expect(second.recoveredSpans == [30])
            try append("record 5", spans: 10, to: second)
            #expect(second.pendingSpans(of: 0) == 40)
            #expect(try takeAll(second, commits: true) == (2...5).map { "record \($0)" })
            #expect(second.pendingSpans(of: 0) == 0)
            try second.maintain()
            #expect(try open(directory).recoveredSpans == [0])
        }
    }

    @Test func `a log without its cursors is delivered from its beginning`() throws {
        try withTemporaryDirectory { directory in
            let first = try open(directory)
            try append("one", to: first)
            _ = try takeAll(first, commits: true)
            try Data("rubbish".utf8).write(to: URL(fileURLWithPath: directory + "/cursor-a"))
            #expect(try takeAll(open(directory)) == ["one"])
        }
    }

    @Test(arguments: [0, 7, 9, 40, 60, 1000])
    func `a cursor that no record begins at begins its segment again, so that nothing is lost`(offset: UInt64) throws {
        try withTemporaryDirectory { directory in
            let first = try open(directory)
            for number in 1...3 { try append("record \(number)", to: first) }
            for segment in 1...3 as ClosedRange<UInt64> {
                try CursorFile(directory: directory, reader: "a").save(LogPosition(segment: segment, offset: offset))
                let log = try open(directory)
                try append("new \(segment)", to: log)
                let expected = ["record 1", "record 2", "record 3"] + (1...segment).map { "new \($0)" }
                let read = try takeAll(log)
                #expect(!read.isEmpty && read == Array(expected.suffix(read.count)))
                if segment == 1 { #expect(read == expected) }
            }
        }
    }

    @Test func `a record that was torn at any byte is cut off, and those before it stand`() throws {
        try withTemporaryDirectory { directory in
            let original = try open(directory + "/original")
            try append("the first", to: original)
            let path = directory + "/original/0000000001.seg"
            let whole = try Data(contentsOf: URL(fileURLWithPath: path)).count
            try append("the second", to: original)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for count in whole..<bytes.count {
                let copy = directory + "/\(count)"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                try bytes.prefix(count).write(to: URL(fileURLWithPath: copy + "/0000000001.seg"))
                let log = try open(copy)
                #expect(log.tornBytes == UInt64(count - whole))
                try append("the third", to: log)
                #expect(try takeAll(log) == ["the first", "the third"], "torn at \(count)")
            }
        }
    }

    @Test func `bytes that were changed on the disk are never delivered, and are counted`() throws {
        try withTemporaryDirectory { directory in
            var generator = SeededGenerator(seed: 3)
            let original = try open(directory + "/original")
            let texts = (1...6).map { "record \($0)" }
            for text in texts { try append(text, to: original) }
            let path = directory + "/original/0000000001.seg"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for round in 0..<60 {
                var damaged = bytes
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                damaged[place] ^= UInt8.random(in: 1...255, using: &generator)
                let copy = directory + "/\(round)"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                try damaged.write(to: URL(fileURLWithPath: copy + "/0000000001.seg"))
                let log = try open(copy)
                try append("new", to: log)
                let read = try takeAll(log)
                #expect(read.last == "new")
                #expect(Array(texts.prefix(read.count - 1)) == read.dropLast(), "byte \(place)")
            }
        }
    }

    @Test func `damage that shows while reading loses the rest of its segment only, and is counted`() throws {
        try withTemporaryDirectory { directory in
            let losses = Losses()
            let log = try open(directory, losses: losses)
            for number in 1...3 { try append("record \(number)", spans: 2, to: log) }
            let path = directory + "/0000000001.seg"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count - 1] ^= 1
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.write(contentsOf: bytes)
            #expect(try takeAll(log) == ["record 1", "record 2"])
            #expect(losses[0] == 2)
        }
    }

    @Test func `beyond its maximum the oldest segment goes, and what was not taken is counted`() throws {
        try withTemporaryDirectory { directory in
            let losses = Losses()
            let log = try open(directory, readers: ["slow", "quick"], maximumBytes: 1 << 20, losses: losses)
            let text = String(repeating: "x", count: 10_000)
            var quick = 0
            for _ in 0..<300 {
                try append(text, spans: 3, to: log)
                quick += try takeAll(log, reader: 1, commits: true).count
            }
            #expect(log.usedBytes <= 1 << 20)
            #expect(quick == 300 && losses[1] == 0 && log.pendingSpans(of: 1) == 0)
            #expect(losses[0] > 0)
            let slow = try takeAll(log, reader: 0)
            #expect(UInt64(slow.count) * 3 + losses[0] == 900)
            let onDisk = try files(directory).reduce(0) { sum, name in
                sum + (try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name)).count)
            }
            #expect(onDisk <= 1 << 20)
        }
    }

    @Test func `segments that every reader is done with are removed`() throws {
        try withTemporaryDirectory { directory in
            let log = try open(directory, readers: ["a", "b"], maximumBytes: 2 << 20)
            let text = String(repeating: "x", count: 50_000)
            for _ in 0..<20 { try append(text, to: log) }
            let before = try files(directory).count
            #expect(before > 3)
            _ = try takeAll(log, reader: 0, commits: true)
            #expect(try files(directory).count == before)
            _ = try takeAll(log, reader: 1, commits: true)
            #expect(try files(directory).count == 1)
        }
    }

    @Test(arguments: SegmentLog.Synchronization.allCases)
    func `many threads append at once, and nothing is lost or mixed up`(synchronization: SegmentLog.Synchronization) throws {
        try withTemporaryDirectory { directory in
            let log = try open(directory, maximumBytes: 8 << 20, synchronization: synchronization)
            let failures = Mutex(0)
            let threads = try (0..<4).map { thread in
                try WorkerThread("appending", stackBytes: 256 << 10) {
                    for number in 0..<25 {
                        do {
                            try log.append(Array("\(thread) \(number)".utf8), content: .gzip, messageBytes: 10)
                        } catch { failures.withLock { $0 += 1 } }
                    }
                }
            }
            for thread in threads { thread.join() }
            try log.maintain()
            #expect(failures.withLock { $0 } == 0)
            let read = try takeAll(log)
            #expect(Set(read).count == 100)
            for thread in 0..<4 { #expect(read.filter { $0.hasPrefix("\(thread) ") } == (0..<25).map { "\(thread) \($0)" }) }
        }
    }

    @Test func `a reader sleeps until there is something, and until it is stopped`() throws {
        try withTemporaryDirectory { directory in
            let log = try open(directory)
            let readiness = SegmentLog.Readiness(fullBytes: 1, waitNanoseconds: 0)
            #expect(log.waitForRecords(readiness, by: 0, deadline: SystemClock.monotonicNanoseconds()) == .timeout)
            let thread = try WorkerThread("appending", stackBytes: 256 << 10) {
                try? log.append([1])
            }
            #expect(log.waitForRecords(readiness, by: 0) == .records)
            thread.join()
            log.stop()
            #expect(log.waitForRecords(readiness, by: 0, drains: true) == .records)
            #expect(log.waitForRecords(readiness, by: 0) == .stopped)
        }
    }

    @Test func `a reader that waits for more takes what there is when it is told to look again`() throws {
        try withTemporaryDirectory { directory in
            let log = try open(directory)
            try append("one", to: log)
            let isPatient = Atomic(true)
            let thread = try WorkerThread("waking", stackBytes: 256 << 10) {
                isPatient.store(false, ordering: .relaxed)
                log.wake()
            }
            let wakening = log.waitForRecords(by: 0, drains: false) {
                .init(fullBytes: .max, waitNanoseconds: isPatient.load(ordering: .relaxed) ? nil : 0)
            }
            thread.join()
            #expect(wakening == .records)
            #expect(log.waitForRecords(by: 0, drains: false) { nil } == .timeout)
        }
    }

    @Test func `a directory that can't be written refuses the record and keeps the rest`() throws {
        try withTemporaryDirectory { directory in
            let log = try open(directory)
            try append("one", to: log)
            // A file where the next segment should be made is a directory.
            try FileManager.default.createDirectory(atPath: directory + "/0000000002.seg", withIntermediateDirectories: true)
            let large = String(repeating: "x", count: 2 << 20)
            #expect(throws: SystemError.self) { try append(large, to: log) }
            try FileManager.default.removeItem(atPath: directory + "/0000000002.seg")
            try append("two", to: log)
            #expect(try takeAll(log) == ["one", "two"])
        }
    }
}
