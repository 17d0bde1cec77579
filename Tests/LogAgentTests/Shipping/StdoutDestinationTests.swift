import Delivery
import Foundation
import Metrics
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

@Suite(.timeLimit(.minutes(1)))
struct StdoutDestinationTests {
    private func text(_ batch: SealedBatch, _ format: StdoutSettings.Format) -> String {
        var text: [UInt8] = []
        StdoutText.append(batch, as: format, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `an entry is a line, as an object or as it stands in its file`() {
        let batch = BatchMaking.batch(
            #"{"job":"api"}"#,
            entries: [LokiEntry(timestamp: 5, line: "one \"x\"\té", metadata: ["trace_id": "abc"]), LokiEntry(timestamp: 6, line: "")])
        #expect(
            text(batch, .json)
                == #"{"stream":{"job":"api"},"timestamp":"5","metadata":{"trace_id":"abc"},"line":"one \"x\"\té"}"# + "\n"
                + #"{"stream":{"job":"api"},"timestamp":"6","line":""}"# + "\n")
        #expect(text(batch, .line) == "one \"x\"\té\n\n")
    }

    /// A pipe with a destination at its writing end.
    private final class Pipe {
        private var reader: FileDescriptor?
        let writer: FileDescriptor
        let stopped: EventDescriptor
        let destination: StdoutDestination
        private let unfinished = UnfinishedLine()

        init() throws {
            // As the program does.
            signal(SIGPIPE, SIG_IGN)
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw SystemError(call: "pipe", subject: "") }
            reader = FileDescriptor(owning: ends[0])
            writer = FileDescriptor(owning: ends[1])
            stopped = try EventDescriptor()
            destination = StdoutDestination(
                StdoutSettings(format: .line), descriptor: ends[1], unfinished: unfinished, stopped: stopped,
                metrics: try OutputMetrics(MetricRegistry(startedAt: 1), output: "s"))
        }

        /// What a reload puts in the destination's place.
        func makeSuccessor() throws -> StdoutDestination {
            StdoutDestination(
                StdoutSettings(format: .line), descriptor: writer.rawValue, unfinished: unfinished, stopped: try EventDescriptor(),
                metrics: try OutputMetrics(MetricRegistry(startedAt: 1), output: "s"))
        }

        func push(_ lines: [String]) -> PendingPush {
            let batch = BatchMaking.batch(lines: lines)
            var body: [UInt8] = []
            let count = destination.encode([batch], into: &body)
            return PendingPush([batch], body: body, bodyBytes: count)
        }

        func read(atMost maximum: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: maximum)
            let count = Glibc.read(readingEnd, &bytes, maximum)
            return Array(bytes[..<max(0, count)])
        }

        var readingEnd: Int32 { reader?.rawValue ?? -1 }

        func closeReader() { reader = nil }
    }

    @Test func `a reader that is slow gets everything, and one that stops holds up nothing but this output`() throws {
        let pipe = try Pipe()
        let lines = (0..<20_000).map { "line \($0) of many" }
        let push = pipe.push(lines)
        // Nobody reads: what a pipe holds is written, and stopping breaks off the rest.
        pipe.stopped.signal()
        guard case .retry(let problem, _) = pipe.destination.attempt(push) else {
            Issue.record("a pipe held \(push.body.count) bytes")
            return
        }
        #expect(problem.kind == .storage)
        pipe.stopped.drain()
        // The next try goes on where the first one ended.
        let expected = push.body.count
        let source = pipe.readingEnd
        let read = Mutex<[UInt8]>([])
        let reading = Thread {
            var buffer = [UInt8](repeating: 0, count: 1000)
            while read.withLock({ $0.count }) < expected {
                let count = Glibc.read(source, &buffer, buffer.count)
                if count <= 0 { return }
                read.withLock { $0 += buffer[..<count] }
            }
        }
        reading.start()
        #expect(pipe.destination.attempt(push) == .finished)
        try waitUntil("all to be read") { read.withLock { $0.count } == expected }
        #expect(read.withLock { String(decoding: $0, as: UTF8.self) } == lines.joined(separator: "\n") + "\n")
    }

    @Test func `a reader that has ended is a problem that is told, and not the end of the program`() throws {
        let pipe = try Pipe()
        #expect(pipe.destination.attempt(pipe.push(["a"])) == .finished)
        #expect(pipe.read(atMost: 10) == Array("a\n".utf8))
        pipe.closeReader()
        let push = pipe.push(["b"])
        for _ in 0..<2 {
            guard case .retry(let problem, let failure) = pipe.destination.attempt(push) else {
                Issue.record("written")
                return
            }
            #expect(problem.description.hasPrefix("cannot write to standard output: Broken pipe; the program that read it has ended"))
            #expect(failure == DeliveryFailure(scope: .output, pace: .slow))
        }
    }

    @Test func `a line that is begun when a reload replaces the output is ended by what comes after it`() throws {
        let pipe = try Pipe()
        // No length of a line divides a piece.
        let lines = (0..<20_000).map { "line \($0 + 100_000) of many" }
        pipe.stopped.signal()
        guard case .retry = pipe.destination.attempt(pipe.push(lines)) else {
            Issue.record("a pipe held all of it")
            return
        }
        let source = pipe.readingEnd
        let read = Mutex<[UInt8]>([])
        let reading = Thread {
            var buffer = [UInt8](repeating: 0, count: 1000)
            while true {
                let count = Glibc.read(source, &buffer, buffer.count)
                if count <= 0 { return }
                read.withLock { $0 += buffer[..<count] }
            }
        }
        reading.start()
        #expect(try pipe.makeSuccessor().attempt(pipe.push(["the next"])) == .finished)
        try waitUntil("the end to be read") { read.withLock { $0.suffix(9) == Array("the next\n".utf8)[...] } }
        let found = read.withLock { String(decoding: $0, as: UTF8.self) }.split(separator: "\n").map(String.init)
        #expect(found.count > 1 && found == lines.prefix(found.count - 1) + ["the next"])
    }

    @Test func `the tenant that a step named is told`() {
        let batch = BatchMaking.batch(tenant: "red", sequence: 1, lines: ["a"])
        #expect(text(batch, .json).contains(#"},"tenant":"red","timestamp":"#))
    }
}
