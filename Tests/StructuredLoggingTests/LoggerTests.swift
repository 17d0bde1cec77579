import Foundation
import Glibc
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import StructuredLogging

/// Time that only a test moves.
private final class ManualClock: Sendable {
    private let nanoseconds = Atomic<UInt64>(1_000_000_000_000)
    func advance(seconds: UInt64) { nanoseconds.add(seconds * 1_000_000_000, ordering: .relaxed) }
    @Sendable func now() -> UInt64 { nanoseconds.load(ordering: .relaxed) }
}

/// 2026-01-31T12:34:56.789Z
private let noon: UInt64 = 1_769_862_896_789_000_000

/// What `body` makes the logger write.
private func lines(
    level: LogLevel = .debug, clock: ManualClock = ManualClock(), _ body: (Logger, LogOutput) throws -> Void
) throws -> [String] {
    try withTemporaryDirectory { directory in
        let path = directory + "/log"
        let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND)
        let output = LogOutput(service: "test", descriptor: file.rawValue, wallClock: { noon }, monotonicClock: clock.now)
        try body(Logger(name: "part", level: level, output: output), output)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }
}

@Suite struct `A logger` {
    @Test func `writes one JSON object a line`() throws {
        let written = try lines { logger, _ in
            logger.info(
                "Started.",
                [
                    "text": "a\"b\\c\nd\u{1}é😀", "count": 3, "signed": -4, "large": .integer(UInt64.max), "ratio": 0.5, "tiny": 1e-7,
                    "infinite": .number(.infinity), "flag": true, "nothing": nil, "http.status": .integer(Int32(204)),
                ])
            logger.named("other").error("Stopped.")
        }
        #expect(
            written == [
                #"{"timestamp":"2026-01-31T12:34:56.789Z","level":"INFO","logger":"part","message":"Started.","service":"test","#
                    + #""text":"a\"b\\c\nd\u0001é😀","count":3,"signed":-4,"large":18446744073709551615,"ratio":0.5,"tiny":1e-07,"#
                    + #""infinite":"inf","flag":true,"nothing":null,"http.status":204}"#,
                #"{"timestamp":"2026-01-31T12:34:56.789Z","level":"ERROR","logger":"other","message":"Stopped.","service":"test"}"#,
            ])
        for line in written { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }

    @Test func `writes its level and above, and makes no message for others`() throws {
        let made = Mutex<[String]>([])
        func message(_ text: String) -> String {
            made.withLock { $0.append(text) }
            return text
        }
        let written = try lines(level: .warning) { logger, _ in
            logger.debug(message("d"))
            logger.info(message("i"), ["x": .string(message("field"))])
            logger.warning(message("w"))
            logger.error(message("e"))
            #expect(!logger.isEnabled(.info))
            #expect(logger.isEnabled(.warning))
        }
        #expect(made.withLock { $0 } == ["w", "e"])
        #expect(written.count == 2)
    }

    @Test func `cuts what is too long, at a character's edge, and stays valid`() throws {
        let written = try lines { logger, _ in
            logger.info("Long.", ["text": .string("x" + String(repeating: "é", count: 1000)), "after": 1])
            logger.info("Many.", LogFields(repeating: 200))
            logger.info(String(repeating: "m\u{1}", count: 5000), ["text": .string(String(repeating: "\u{1}", count: 5000))])
        }
        try #require(written.count == 3)
        #expect(written[0].hasSuffix("é…\",\"after\":1}"))
        #expect(written[0].utf8.count < 1200)
        #expect(written[1].hasSuffix(",\"log.cut\":true}"))
        #expect(written[2].hasSuffix(",\"log.cut\":true}"))
        for line in written {
            #expect(line.utf8.count < LogLine.maximumBytes)
            _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
        }
    }

    @Test func `holds repeats back and tells how many`() throws {
        let clock = ManualClock()
        let written = try lines(clock: clock) { logger, output in
            for index in 0..<12 { logger.warning("Again.", ["index": .integer(index)]) }
            logger.warning("Else.")
            logger.named("other").warning("Again.")
            #expect(output.losses == LogOutput.Losses(heldBack: 7, dropped: 0))
            clock.advance(seconds: 10)
            logger.warning("Again.", ["index": 12])
        }
        #expect(written.count == 9)
        #expect(written.prefix(5).map { $0.contains("\"Again.\"") } == Array(repeating: true, count: 5))
        #expect(
            written[7].hasSuffix(
                #""message":"Repeats of a message were held back.","service":"test","log.message":"Again.","log.held_back":7}"#))
        #expect(written[7].contains(#""level":"WARNING","logger":"part""#))
        #expect(written[8].hasSuffix(#""index":12}"#))
    }

    @Test func `tells at its end what was held back`() throws {
        let written = try lines { logger, output in
            for _ in 0..<6 { logger.info("Again.") }
            output.tellHeldBack()
            output.tellHeldBack(all: true)
            output.tellHeldBack(all: true)
        }
        #expect(written.count == 6)
        #expect(written.last?.hasSuffix(#""log.message":"Again.","log.held_back":1}"#) == true)
    }

    @Test func `remembers a bounded number of messages`() throws {
        let written = try lines { logger, output in
            for index in 0..<(RepeatLimit.maximumKeys + 100) { logger.info("Message \(index).") }
            #expect(output.losses.heldBack == 95)
        }
        #expect(written.count == RepeatLimit.maximumKeys + 5)
    }

    @Test func `drops lines that a slow reader has no room for, and tells it`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let reader = FileDescriptor(owning: ends[0])
        let writer = FileDescriptor(owning: ends[1])
        #expect(fcntl(reader.rawValue, F_SETFL, O_NONBLOCK) == 0)
        let output = LogOutput(service: "test", descriptor: writer.rawValue, admittedPerWindow: .max)
        let logger = Logger(name: "part", output: output)
        let count = 2000
        for index in 0..<count { logger.info("Line.", ["index": .integer(index), "fill": .string(String(repeating: "x", count: 100))]) }
        let dropped = output.losses.dropped
        #expect(dropped > 0)

        var text: [UInt8] = []
        func drain() throws {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while let count = try chunk.withUnsafeMutableBytes({ try reader.read(into: $0) }), count > 0 { text += chunk[..<count] }
        }
        try drain()
        logger.info("After.")
        try drain()
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == count - Int(dropped) + 2)
        #expect(lines[lines.count - 2].hasSuffix("\"log.dropped\":\(dropped)}"))
        #expect(lines.last?.contains("\"After.\"") == true)
        for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }

    @Test func `survives a descriptor that is closed or full`() throws {
        let logger = Logger(name: "part", output: LogOutput(service: "test", descriptor: -1))
        logger.error("Nowhere.")
        let full = try FileDescriptor(opening: "/dev/full", O_WRONLY)
        let output = LogOutput(service: "test", descriptor: full.rawValue)
        Logger(name: "part", output: output).error("Full.")
        #expect(output.losses.dropped == 1)
    }

    @Test func `keeps the lines of several threads whole`() throws {
        let written = try lines { logger, _ in
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for index in 0..<100 { logger.info("Thread \(thread), line \(index).", ["fill": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]) }
            }
        }
        #expect(Set(written).count == 400)
        for line in written { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
}

extension LogFields {
    /// Many fields of one size.
    fileprivate init(repeating count: Int) {
        self = [:]
        for index in 0..<count { fields.append((key: "field\(index)", value: .string(String(repeating: "y", count: 50)))) }
    }
}
