import Foundation
import Glibc
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import StructuredLogging

/// 2026-01-31T12:34:56.789012Z
private let noon: UInt64 = 1_769_862_896_789_012_000

private let source = LogSource(fileID: "TranscodeService/JobRunner.swift", function: "run(_:)", line: 12)
private let trace = LogContext.Trace(traceHigh: 0x0af7_6519_16cd_43dd, traceLow: 0x8448_eb21_1c80_319c, span: 0x00ad_6b71_6920_3331)

/// What `body` makes the logger write into a file.
private func lines(level: LogLevel = .debug, _ body: (ServiceLogger) throws -> Void) throws -> [String] {
    try withTemporaryDirectory { directory in
        let path = directory + "/log"
        let output = try ServiceLogOutput(service: "test", file: path, descriptor: nil, wallClock: { noon })
        try body(ServiceLogger(name: "part", level: level, output: output))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(output.statistics == LogStatistics(written: UInt64(lines.count)))
        return lines
    }
}

/// A pipe that does not wait for its reader, and the lines that can be read from it now.
private struct Pipe: ~Copyable {
    let reader: FileDescriptor
    let writer: FileDescriptor

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        reader = FileDescriptor(owning: ends[0])
        writer = FileDescriptor(owning: ends[1])
        #expect(fcntl(reader.rawValue, F_SETFL, O_NONBLOCK) == 0)
    }

    var isFull: Bool {
        var polled = pollfd(fd: writer.rawValue, events: Int16(POLLOUT), revents: 0)
        return poll(&polled, 1, 0) == 0
    }

    func read(into text: inout [UInt8]) throws {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while let count = try chunk.withUnsafeMutableBytes({ try reader.read(into: $0) }), count > 0 { text += chunk[..<count] }
    }
}

/// The same numbers in each run (Knuth's MMIX).
private struct RepeatableGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 32
    }
}

@Suite struct `A service's logger` {
    @Test func `writes the keys that other programs expect, in their order`() throws {
        let written = try lines { logger in
            logger.event(
                "job.failed", .error, "Job failed.", context: LogContext(trace: trace, jobID: "j-1", apiKey: "studio"),
                fields: ["error_type": "probe", "attempt": 2, "duration_ms": 1.5], exception: "a\nb", source: source)
            logger.info("Plain.", fileID: "M/File+More.swift", function: "f()", line: 3)
        }
        #expect(
            written == [
                #"{"timestamp":"2026-01-31T12:34:56.789012Z","level":"ERROR","logger":"part","message":"Job failed.","module":"JobRunner","#
                    + #""function":"run(_:)","line":12,"service":"test","event":"job.failed","trace_id":"0af7651916cd43dd8448eb211c80319c","#
                    + #""span_id":"00ad6b7169203331","job_id":"j-1","api_key":"studio","error_type":"probe","attempt":2,"duration_ms":1.5,"#
                    + #""exception":"a\nb"}"#,
                #"{"timestamp":"2026-01-31T12:34:56.789012Z","level":"INFO","logger":"part","message":"Plain.","module":"File+More","#
                    + #""function":"f()","line":3,"service":"test"}"#,
            ])
    }

    @Test func `tells where it was called`() throws {
        let written = try lines { $0.warning("Here.", exception: "why") }
        #expect(
            written.first?.contains(#""module":"ServiceLoggerTests","function":"tells where it was called()","line":\#(#line - 1),"#)
                == true)
        #expect(written.first?.hasSuffix(#","exception":"why"}"#) == true)
    }

    @Test func `writes its level and above, and every event`() throws {
        let written = try lines(level: .error) { logger in
            logger.debug(
                {
                    Issue.record("asked"); return ""
                }())
            logger.info(
                {
                    Issue.record("asked"); return ""
                }())
            logger.warning(
                {
                    Issue.record("asked"); return ""
                }())
            logger.error("e")
            logger.event("x", .info, "event", context: .none, fields: .none, exception: nil, source: source)
        }
        #expect(written.count == 2 && written[1].contains(#""event":"x""#))
    }

    @Test func `holds no repeats back`() throws {
        #expect(try lines { logger in for _ in 0..<1000 { logger.info("Again.") } }.count == 1000)
    }

    /// Whatever is written, a line stays one line of visible characters, and says what was meant.
    @Test func `lets no text break out of its line`() throws {
        var generator = RepeatableGenerator(state: 20260131)
        let nasty: [String] = [
            "\u{0}", "\n", "\r", "\"", "\\", "\u{1b}[31m", "\u{7f}", "\u{85}", "\u{9b}", "\u{2028}", "\u{2029}", "\u{202e}", "\u{2066}",
            "é", "日",
            "😀", "}", "{\"event\":\"job.completed\"}", "\n{\"level\":\"ERROR\"}\n", "\u{200b}", "a", " ", "\u{a0}", "–",
        ]
        // Short enough not to be cut, whatever they become.
        let texts = (0..<500).map { _ in
            (0..<Int.random(in: 0...4, using: &generator)).map { _ in nasty.randomElement(using: &generator) ?? "" }.joined()
        }
        let written = try lines { logger in
            for text in texts {
                logger.event(
                    text, .info, text, context: LogContext(jobID: text, apiKey: text), fields: ["value": .string(text)],
                    exception: text, source: source)
            }
        }
        try #require(written.count == texts.count)
        for (line, text) in zip(written, texts) {
            for scalar in line.unicodeScalars {
                #expect(
                    scalar.value >= 0x20 && !InvisibleCharacters.isInvisible(UInt16(truncatingIfNeeded: scalar.value))
                        || scalar.value > 0xffff)
            }
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            for key in ["message", "job_id", "api_key", "value", "exception"] { #expect(object[key] as? String == text) }
        }
    }

    @Test func `loses the last fields of a line that is too long, and stays valid`() throws {
        let long = String(repeating: "\u{1}", count: 20_000)
        let written = try lines { logger in
            var fields: LogFields = ["first": 1]
            for index in 0..<20 { fields.fields.append((key: "f\(index)", value: .string(long))) }
            logger.warning(long, fields, exception: long)
            logger.warning(long, ["first": 1], exception: long)
        }
        try #require(written.count == 2)
        for line in written {
            #expect(line.utf8.count < 64 << 10)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["first"] as? Int == 1)
        }
        #expect(written[0].hasSuffix(#","log.cut":true}"#) && !written[1].contains("log.cut"))
    }

    @Test func `waits for a slow reader, and loses nothing`() throws {
        let pipe = try Pipe()
        let output = try ServiceLogOutput(service: "test", file: nil, descriptor: pipe.writer.rawValue)
        let count = 2000
        let writing = try WorkerThread("writing", stackBytes: 256 << 10) {
            let logger = ServiceLogger(name: "part", output: output)
            for index in 0..<count {
                logger.info("Line.", ["index": .integer(index), "fill": .string(String(repeating: "x", count: 100))])
            }
        }
        try waitUntil("a full pipe") { pipe.isFull }
        var text: [UInt8] = []
        try waitUntil("all lines") {
            try pipe.read(into: &text)
            return text.count { $0 == UInt8(ascii: "\n") } == count
        }
        writing.join()
        let indexes = try text.split(separator: UInt8(ascii: "\n")).map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])["index"] as? Int
        }
        #expect(indexes == Array(0..<count))
        #expect(output.statistics.written == UInt64(count) && output.statistics.dropped == 0)
        #expect(output.statistics.waitedNanoseconds > 0)
    }

    @Test func `waits no more once the service stops`() throws {
        let pipe = try Pipe()
        let output = try ServiceLogOutput(service: "test", file: nil, descriptor: pipe.writer.rawValue)
        let writing = try WorkerThread("writing", stackBytes: 256 << 10) {
            let logger = ServiceLogger(name: "part", output: output)
            for _ in 0..<2000 { logger.info("Line.", ["fill": .string(String(repeating: "x", count: 100))]) }
        }
        try waitUntil("a full pipe") { pipe.isFull }
        output.stopWaiting(afterNanoseconds: 1_000_000)
        writing.join()
        let statistics = output.statistics
        #expect(statistics.droppedStopping > 0 && statistics.written + statistics.droppedStopping == 2000)
    }

    @Test func `goes on in its file when the reader of standard output has gone`() throws {
        signal(SIGPIPE, SIG_IGN)
        try withTemporaryDirectory { directory in
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            close(ends[0])
            let writer = FileDescriptor(owning: ends[1])
            let path = directory + "/log"
            let output = try ServiceLogOutput(service: "test", file: path, descriptor: writer.rawValue)
            let logger = ServiceLogger(name: "part", output: output)
            for _ in 0..<3 { logger.info("Line.") }
            #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 3)
            #expect(output.statistics == LogStatistics(written: 3, droppedReaderGone: 3, failedWrites: 3))
        }
    }

    @Test func `goes on in a new file after a rename`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            let output = try ServiceLogOutput(service: "test", file: path, descriptor: nil)
            let logger = ServiceLogger(name: "part", output: output)
            logger.info("One.")
            rename(path, path + ".1")
            logger.info("Two.")
            output.reopen()
            logger.info("Three.")
            #expect(try String(contentsOfFile: path + ".1", encoding: .utf8).split(separator: "\n").count == 2)
            #expect(try String(contentsOfFile: path, encoding: .utf8).contains("Three."))

            // Where that can't be, a line tells, and nothing is lost.
            rename(path, path + ".2")
            mkdir(path, 0o755)
            output.reopen()
            logger.info("Four.")
            let text = try String(contentsOfFile: path + ".2", encoding: .utf8)
            #expect(text.contains("The log file can't be opened again") && text.contains("Four."))
        }
    }

    @Test func `says which file can't be opened`() {
        #expect(throws: SystemError(call: "open", subject: "/nowhere/log", code: ENOENT)) {
            try ServiceLogOutput(service: "test", file: "/nowhere/log", descriptor: nil)
        }
    }

    @Test func `keeps the lines of several threads whole`() throws {
        let written = try lines { logger in
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for index in 0..<100 { logger.info("Thread \(thread), line \(index).") }
            }
        }
        #expect(Set(written).count == 400)
        for line in written { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
}

@Suite struct `A log's file` {
    private func stop() throws -> StopSignal { try StopSignal() }

    /// A descriptor that can't be written stands for a full disk: the kernel takes nothing.
    @Test func `keeps what can't be written now, and writes it later in order`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT)
            let number = open(path, O_RDONLY)
            defer { close(number) }
            let stop = try stop()
            var sink = LogSink(descriptor: number)
            sink.append(Array("one\n".utf8), stop: stop)
            sink.append(Array("two\n".utf8), stop: stop)
            #expect(sink.statistics == LogStatistics(failedWrites: 2))
            #expect(dup2(file.rawValue, number) == number)
            sink.append(Array("three\n".utf8), stop: stop)
            #expect(sink.statistics == LogStatistics(written: 3, failedWrites: 2))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "one\ntwo\nthree\n")
        }
    }

    @Test func `keeps no more than a bound, and counts the rest`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/log"
            _ = try FileDescriptor(opening: path, O_WRONLY | O_CREAT)
            let number = open(path, O_RDONLY)
            defer { close(number) }
            let stop = try stop()
            var sink = LogSink(descriptor: number)
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: LogSink.maximumPendingBytes / 4 - 1) + [UInt8(ascii: "\n")]
            for _ in 0..<6 { sink.append(line, stop: stop) }
            #expect(sink.statistics.droppedUnwritable == 2 && sink.statistics.written == 0)
        }
    }
}
