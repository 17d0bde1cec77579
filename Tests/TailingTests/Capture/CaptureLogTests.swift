import Foundation
import SystemIO
import TestSupport
import Testing

@testable import Tailing

struct CaptureLogTests {
    private static func open(_ directory: String, maximumBytes: UInt64 = 1000, segmentBytes: UInt64 = 100) throws -> CaptureLog {
        try CaptureLog(
            directory: directory + "/svc/stdin", budget: CaptureBudget(maximumBytes: maximumBytes), segmentBytes: segmentBytes)
    }

    private static func segments(of log: CaptureLog) throws -> [String] {
        try Directory.entries(of: log.directory).map { log.directory + "/" + $0.name }.sorted()
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    private static func lines(_ count: Int, from first: Int = 0) -> [String] { (first..<first + count).map { "line \($0)\n" } }

    @Test func `segments roll by size and hold all lines in order`() throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory)
            var writer = CaptureWriter(log)
            let lines = Self.lines(60)
            for line in lines { #expect(writer.append(Array(line.utf8)) == (line.utf8.count, nil)) }
            let segments = try Self.segments(of: log)
            #expect(segments.count == 5)
            #expect(segments.first == log.directory + "/0000000001.log")
            #expect(segments.map(Self.text).joined() == lines.joined())
            #expect(segments.dropLast().allSatisfy(log.isSealed))
            #expect(segments.last.map(log.isSealed) == false)
            #expect(log.written == (60, UInt64(lines.joined().utf8.count)))
            #expect(log.budget.usedBytes == UInt64(lines.joined().utf8.count))
        }
    }

    @Test func `what a process left is sealed, and the next begins a segment of its own`() throws {
        try withTemporaryDirectory { directory in
            do {
                var writer = CaptureWriter(try Self.open(directory))
                _ = writer.append(Array("one\ntwo\n".utf8))
            }
            let log = try Self.open(directory)
            var writer = CaptureWriter(log)
            #expect(log.budget.usedBytes == 8)
            #expect(log.isSealed(log.path(ofSegment: 1)))
            _ = writer.append(Array("three\n".utf8))
            #expect(try Self.segments(of: log).map(Self.text) == ["one\ntwo\n", "three\n"])
            #expect(log.tornLines == 0)
        }
    }

    @Test func `a torn last line becomes a line of its own`() throws {
        try withTemporaryDirectory { directory in
            let path = try Self.open(directory).path(ofSegment: 7)
            try "whole\nto".write(toFile: path, atomically: false, encoding: .utf8)
            let log = try Self.open(directory)
            #expect(log.tornLines == 1)
            #expect(Self.text(path) == "whole\nto\n")
            #expect(log.budget.usedBytes == 9)
            #expect(log.isSealed(path))
            #expect(log.isSealed(log.path(ofSegment: 8)) == false)
        }
    }

    @Test func `at the end of the budget nothing is taken until a segment is removed`() throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory, maximumBytes: 30, segmentBytes: 100)
            var writer = CaptureWriter(log)
            let line = Array("0123456789\n".utf8)
            for _ in 0..<3 { #expect(writer.append(line) == (11, nil)) }
            #expect(writer.append(line) == (0, .budget))
            #expect(writer.append(line) == (0, .budget))
            // The segment was sealed so that it can go.
            let path = log.path(ofSegment: 1)
            #expect(log.isSealed(path))
            try log.remove(path)
            #expect(log.budget.usedBytes == 0)
            #expect(writer.append(line) == (11, nil))
            #expect(try Self.segments(of: log) == [log.path(ofSegment: 2)])
        }
    }

    @Test func `logs of one source share their budget`() throws {
        try withTemporaryDirectory { directory in
            let budget = try CaptureBudget(maximumBytes: 20)
            let first = try CaptureLog(directory: directory + "/stdout", budget: budget, segmentBytes: 100)
            let second = try CaptureLog(directory: directory + "/stderr", budget: budget, segmentBytes: 100)
            var out = CaptureWriter(first)
            var error = CaptureWriter(second)
            _ = out.append(Array("0123456789\n".utf8))
            _ = error.append(Array("0123456789\n".utf8))
            #expect(out.append(Array("x\n".utf8)).blockage == .budget)
            #expect(error.append(Array("x\n".utf8)).blockage == .budget)
            try second.remove(second.path(ofSegment: 1))
            #expect(out.append(Array("x\n".utf8)).blockage == nil)
        }
    }

    @Test func `a line that was begun is finished in its segment, whatever the size`() throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory, maximumBytes: 10_000, segmentBytes: 10)
            var writer = CaptureWriter(log)
            _ = writer.append(Array("begun".utf8))
            writer.seal()
            #expect(log.isSealed(log.path(ofSegment: 1)) == false)
            _ = writer.append(Array(", over the size\n".utf8))
            _ = writer.append(Array("next\n".utf8))
            #expect(try Self.segments(of: log).map(Self.text) == ["begun, over the size\n", "next\n"])
        }
    }

    @Test func `a disk that takes nothing is told, and the caller goes on later`() throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory)
            var writer = CaptureWriter(log)
            // Something else stands where the segment belongs.
            let path = log.path(ofSegment: 1)
            mkdir(path, 0o700)
            let (taken, blockage) = writer.append(Array("line\n".utf8))
            #expect(taken == 0)
            guard case .disk(let error) = blockage else {
                Issue.record("\(String(describing: blockage))")
                return
            }
            #expect(error.subject == path)
            rmdir(path)
            #expect(writer.append(Array("line\n".utf8)) == (5, nil))
            #expect(Self.text(path) == "line\n")
        }
    }

    @Test func `the directory is made again when somebody removed it`() throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory, segmentBytes: 5)
            var writer = CaptureWriter(log)
            _ = writer.append(Array("line 1\n".utf8))
            try FileManager.default.removeItem(atPath: log.directory)
            #expect(writer.append(Array("line 2\n".utf8)) == (7, nil))
            #expect(Self.text(log.path(ofSegment: 2)) == "line 2\n")
        }
    }

    @Test func `other files in the directory are left alone`() throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory)
            for name in ["notes.log", "1.log", "0000000001.log.gz", "00000000x1.log"] {
                try "x".write(toFile: log.directory + "/" + name, atomically: false, encoding: .utf8)
            }
            let again = try Self.open(directory)
            #expect(again.budget.usedBytes == 0)
            #expect(again.currentNumber == 1)
            #expect(again.isSealed(directory + "/0000000001.log") == false)
        }
    }

    @Test(arguments: [1, 3, 7, 1000])
    func `segments end where entries do, however the lines arrive`(linesPerWrite: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory, maximumBytes: 10_000)
            var writer = CaptureWriter(log) { $0.first == UInt8(ascii: "S") }
            let lines = (0..<40).flatMap { ["S \($0)\n"] + (0..<$0 % 4).map { " more \($0)\n" } }
            for start in stride(from: 0, to: lines.count, by: linesPerWrite) {
                let text = Array(lines[start..<min(lines.count, start + linesPerWrite)].joined().utf8)
                #expect(writer.append(text) == (text.count, nil))
            }
            let segments = try Self.segments(of: log).map(Self.text)
            #expect(segments.count == 1 || segments.dropLast().allSatisfy { $0.utf8.count < 200 })
            #expect(linesPerWrite == 1000 || segments.count > 2)
            #expect(segments.joined() == lines.joined())
            #expect(segments.allSatisfy { $0.hasPrefix("S") })
        }
    }

    @Test func `an entry that does not end has to be cut, and a full budget seals what can be removed`() throws {
        try withTemporaryDirectory { directory in
            let log = try Self.open(directory, maximumBytes: 1000)
            var writer = CaptureWriter(log) { $0.first == UInt8(ascii: "S") }
            let lines = ["S\n"] + Array(repeating: " on and on\n", count: 200)
            var taken = 0
            for line in lines {
                let (bytes, blockage) = writer.append(Array(line.utf8))
                taken += bytes
                if blockage != nil { break }
            }
            let segments = try Self.segments(of: log)
            #expect(segments.count > 1 && segments.dropLast().allSatisfy(log.isSealed))
            #expect(segments.dropLast().allSatisfy { (200..<220).contains(Self.text($0).utf8.count) })
            #expect(log.budget.isUsedUp)
            for path in segments where log.isSealed(path) { try log.remove(path) }
            #expect(!log.budget.isUsedUp && writer.append(Array(" and on\n".utf8)) == (8, nil))
        }
    }
}
