import Configuration
import ConnectionSettings
import Delivery
import Foundation
import Gzip
import HTTP
import Metrics
import StructuredLogging
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

@Suite(.timeLimit(.minutes(2)))
struct OutputSenderTests {
    /// A sink and an output in a temporary directory; both are stopped afterwards.
    private func withRig(
        _ sink: LokiSink, inFlight: Int = 2, timeout: UInt64 = 10_000_000_000, maximumBackoff: UInt64 = 4_000_000,
        _ change: (inout LokiSettings) -> Void = { _ in }, _ body: (OutputRig) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let rig = try OutputRig(sink.url, in: directory, inFlight: inFlight, timeout: timeout, maximumBackoff: maximumBackoff, change)
            defer {
                rig.sender.stop()
                sink.stop()
            }
            try body(rig)
        }
    }

    @Test func `a batch arrives as Loki wants it`() throws {
        let sink = try LokiSink()
        try withRig(sink) {
            $0.tenantID = "team-a"
            $0.authorization = .basic(username: "Aladdin", password: Secret(value: "open sesame"))
            $0.headers = [HeaderSetting(name: "X-Own", value: Secret(value: "yes"))]
        } _: { rig in
            rig.sender.offer(
                BatchMaking.batch(
                    #"{"job":"api","level":"INFO"}"#, sequence: 42,
                    entries: [
                        LokiEntry(timestamp: 5, line: "one \"quoted\"\n\u{0}", metadata: ["trace_id": "abc"]),
                        LokiEntry(timestamp: 6, line: ""),
                    ]))
            try rig.waitFor(outcomes: 1)
            let outcome = rig.outcomes[0]
            #expect(outcome.output == 3 && outcome.batch.sequence == 42 && outcome.refused.isEmpty && outcome.attempts == 1)
            let received = try #require(sink.received.first)
            #expect(
                String(decoding: received.body, as: UTF8.self)
                    == #"{"streams":[{"stream":{"job":"api","level":"INFO"},"values":[["5","one \"quoted\"\n\u0000",{"trace_id":"abc"}],["6",""]]}]}"#
            )
            #expect(received.headers.first("Content-Type") == "application/json")
            #expect(received.headers.first("X-Scope-OrgID") == "team-a")
            #expect(received.headers.first("Authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
            #expect(received.headers.first("X-Own") == "yes")
            #expect(received.headers.first("User-Agent") == "tailspan-log-agent")
            #expect(received.target == "/loki/api/v1/push" && received.method == .post)
            #expect(sink.streams[["job": "api", "level": "INFO"]]?.map(\.entry.timestamp) == [5, 6])
        }
    }

    @Test(arguments: [429, 500, 502, 503, 504])
    func `failures are retried with the same bytes until the batch is in`(status: Int) throws {
        let sink = try LokiSink(script: Array(repeating: .answer(status: status, text: "later"), count: 5))
        try withRig(sink) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["a", "b"]))
            try rig.waitFor(outcomes: 1)
            #expect(rig.outcomes[0].attempts == 6)
            #expect(Set(sink.received.map(\.body)).count == 1)
            #expect(sink.lines(["job": "test"]) == ["a", "b"])
            #expect(rig.sender.isHealthy)
        }
    }

    @Test func `what was stored before an error is stored once`() throws {
        let sink = try LokiSink(script: [.storeThenAnswer(status: 500, text: "too slow")])
        try withRig(sink) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["a", "b"]))
            try rig.waitFor(outcomes: 1)
            #expect(sink.lines(["job": "test"]) == ["a", "b"])
            #expect(sink.streams[["job": "test"]]?.map(\.count) == [2, 2])
        }
    }

    @Test(arguments: [401, 403, 404, 405, 301, 260, 422])
    func `what a person must mend shows as a state, and nothing is dropped`(status: Int) throws {
        let sink = try LokiSink(otherwise: .answer(status: status, text: "ingestion blocked for user fake"))
        try withRig(sink) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["a"]))
            try waitUntil("unhealthy") { !rig.sender.isHealthy }
            #expect(rig.sender.lastError?.contains("answered \(status)") == true)
            #expect(rig.sender.idleSenders == 0)
            sink.script([])
            try rig.waitFor(outcomes: 1)
            #expect(sink.lines(["job": "test"]) == ["a"])
            #expect(rig.sender.isHealthy && rig.sender.lastError == nil)
            try waitUntil("idle") { rig.sender.idleSenders == 2 }
        }
    }

    @Test func `a server that is not there yet is waited for`() throws {
        let sink = try LokiSink()
        let url = sink.url
        sink.stop()
        try withTemporaryDirectory { directory in
            let rig = try OutputRig(url, in: directory)
            defer { rig.sender.stop() }
            rig.sender.offer(BatchMaking.batch(lines: ["a"]))
            try waitUntil("unhealthy") { !rig.sender.isHealthy }
            #expect(rig.sender.lastError?.contains("cannot connect to 127.0.0.1:\(sink.port)") == true)
            #expect(rig.mailbox.takeAll().isEmpty)
        }
    }

    @Test func `a wait that the server asks for is kept`() throws {
        let sink = try LokiSink(script: [.answer(status: 429, text: "later", headers: [("Retry-After", "1")])])
        try withRig(sink) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["a"]))
            try rig.waitFor(outcomes: 1)
            let times = sink.received.map(\.receivedNanoseconds)
            #expect(times.count == 2 && times[1] - times[0] >= 1_000_000_000)
        }
    }

    @Test(arguments: [1, 2, 4])
    func `batches of a stream arrive in order, one at a time, whatever fails between them`(inFlight: Int) throws {
        var random = SeededGenerator(seed: UInt64(inFlight))
        let script = (0..<150).map { _ -> LokiSink.Behaviour in
            switch Int.random(in: 0..<6, using: &random) {
            case 0: .answer(status: 503, text: "")
            case 1: .storeThenAnswer(status: 500, text: "")
            case 2: .answer(status: 429, text: "Per stream rate limit exceeded (limit: 3MB/sec)")
            default: .accept
            }
        }
        let sink = try LokiSink(script: script)
        try withRig(sink, inFlight: inFlight) { rig in
            for number in 0..<90 {
                let job = ["a", "b", "c"][number % 3]
                rig.sender.offer(
                    BatchMaking.batch(#"{"job":"\#(job)"}"#, sequence: UInt64(number), lines: ["\(number)"], from: UInt64(1 + number)))
            }
            try rig.waitFor(outcomes: 90)
            for (position, job) in ["a", "b", "c"].enumerated() {
                #expect(sink.lines(["job": job]) == stride(from: position, to: 90, by: 3).map(String.init))
                let sequences = rig.outcomes.map(\.batch.sequence).filter { $0 % 3 == position }
                #expect(sequences == sequences.sorted())
            }
            #expect(sink.overlaps == 0)
        }
    }

    @Test func `refused entries stand in the dead-letter file, the others at the sink`() throws {
        var limits = LokiSinkModel.Limits()
        limits.maximumLineBytes = 8
        limits.refuses = { $0.line.hasPrefix("bad") ? "entry out of order" : nil }
        let sink = try LokiSink(limits: limits)
        try withRig(sink) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["good", "bad 1", "too long a line", "bad 2", "fine"]))
            try rig.waitFor(outcomes: 1)
            #expect(rig.outcomes[0].refused.map(\.index) == [1, 2, 3])
            #expect(sink.lines(["job": "test"]) == ["good", "fine"])
            let lines = try String(contentsOfFile: rig.directory + "/dead-letter/loki.jsonl", encoding: .utf8).split(separator: "\n")
            let objects = try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
            #expect(objects.map { $0["line"] as? String } == ["bad 1", "too long a line", "bad 2"])
            #expect(objects.map { $0["reason"] as? String } == ["out_of_order", "line_too_long", "out_of_order"])
            #expect(objects.map { $0["timestamp"] as? String } == (1...3).map { "170000000000000000\($0)" })
            #expect(objects.allSatisfy { $0["stream"] as? [String: String] == ["job": "test"] && $0["output"] as? String == "loki" })
        }
    }

    @Test func `a dead-letter file that cannot be written holds the batch back`() throws {
        var limits = LokiSinkModel.Limits()
        limits.refuses = { _ in "entry out of order" }
        let sink = try LokiSink(limits: limits)
        try withRig(sink) { rig in
            let path = rig.directory + "/dead-letter"
            // A file where the directory should be.
            try Data().write(to: URL(fileURLWithPath: path))
            rig.sender.offer(BatchMaking.batch(lines: ["x"]))
            try waitUntil("unhealthy") { !rig.sender.isHealthy }
            #expect(rig.mailbox.takeAll().isEmpty)
            try FileManager.default.removeItem(atPath: path)
            try rig.waitFor(outcomes: 1)
            #expect(rig.outcomes[0].refused.map(\.index) == [0])
            // It was asked once only.
            #expect(sink.requestCount == 1)
        }
    }

    @Test func `one stream a push by default, so that no refusal hides behind another stream's success`() throws {
        var limits = LokiSinkModel.Limits()
        limits.refuses = { $0.line == "bad" ? "entry out of order" : nil }
        for streamsPerPush in LokiSettings.StreamsPerPush.allCases {
            let sink = try LokiSink(limits: limits, script: [.answer(status: 503, text: "")])
            try withRig(sink, inFlight: 1) {
                $0.streamsPerPush = streamsPerPush
            } _: { rig in
                // The first waits for its retry, so that the others are there to be joined.
                rig.sender.offer(BatchMaking.batch(#"{"job":"first"}"#, lines: ["x"]))
                rig.sender.offer(BatchMaking.batch(#"{"job":"a"}"#, lines: ["bad"]))
                rig.sender.offer(BatchMaking.batch(#"{"job":"b"}"#, lines: ["good"]))
                try rig.waitFor(outcomes: 3)
                let refused = rig.outcomes.reduce(0) { $0 + $1.refused.count }
                #expect(sink.lines(["job": "a"]).isEmpty && sink.lines(["job": "b"]) == ["good"])
                if streamsPerPush == .one {
                    #expect(refused == 1)
                    #expect(sink.received.allSatisfy { $0.request?.streams.count == 1 })
                } else if sink.received.contains(where: { $0.request?.streams.count == 2 }) {
                    // What the setting gives up: this Loki hides it, as a real one does.
                    #expect(refused == 0)
                }
            }
        }
    }

    @Test func `stopping breaks off a push that gets no answer`() throws {
        let sink = try LokiSink(otherwise: .stall)
        try withRig(sink, timeout: 600_000_000_000) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["a"]))
            try sink.waitFor(requests: 1)
            rig.sender.stop(deadline: SystemClock.monotonicNanoseconds() + 20_000_000)
            #expect(rig.mailbox.takeAll().isEmpty)
        }
    }

    @Test func `stopping ends a wait between two tries`() throws {
        let sink = try LokiSink(otherwise: .answer(status: 503, text: "", headers: [("Retry-After", "200")]))
        try withRig(sink) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["a"]))
            try sink.waitFor(requests: 1)
            rig.sender.stop()
            #expect(sink.requestCount == 1)
            #expect(rig.mailbox.takeAll().isEmpty)
        }
    }

    @Test func `stopping delivers what is there within its time`() throws {
        let sink = try LokiSink()
        try withRig(sink) { rig in
            for number in 0..<50 { rig.sender.offer(BatchMaking.batch(lines: ["\(number)"], from: UInt64(number))) }
            rig.sender.stop(deadline: SystemClock.monotonicNanoseconds() + 60_000_000_000)
            #expect(rig.mailbox.takeAll().count == 50)
            #expect(sink.lines(["job": "test"]) == (0..<50).map(String.init))
        }
    }

    @Test func `a server that takes too long is asked again`() throws {
        let sink = try LokiSink(script: [.stall])
        try withRig(sink, timeout: 50_000_000) { rig in
            rig.sender.offer(BatchMaking.batch(lines: ["a"]))
            try rig.waitFor(outcomes: 1)
            #expect(rig.outcomes[0].attempts == 2)
        }
    }

    @Test func `a connection cut anywhere in request or answer is no loss and no copy`() throws {
        let sink = try LokiSink()
        let cuts: [LokiSinkProxy.Cut] = [
            .afterRequestBytes(0), .afterRequestBytes(50), .afterRequestBytes(700), .afterAnswerBytes(0), .afterAnswerBytes(5),
            .afterAnswerBytes(30), .afterAnswerBytes(70),
        ]
        let proxy = try LokiSinkProxy(sinkPort: sink.port, script: cuts)
        proxy.start()
        try withTemporaryDirectory { directory in
            let rig = try OutputRig(proxy.url, in: directory, inFlight: 2)
            defer {
                rig.sender.stop()
                proxy.stop()
                sink.stop()
            }
            let lines = (0..<40).map { "line \($0)" }
            for (number, line) in lines.enumerated() {
                // Random bytes do not compress: the body is longer than what any cut lets through.
                let padding = (0..<600).map { _ in String(UInt8.random(in: 0...255), radix: 16) }.joined()
                rig.sender.offer(BatchMaking.batch(sequence: UInt64(number), lines: ["\(line) \(padding)"], from: UInt64(number)))
            }
            try rig.waitFor(outcomes: 40)
            #expect(proxy.remainingCuts == 0)
            #expect(sink.lines(["job": "test"]).map { $0.split(separator: " ")[..<2].joined(separator: " ") } == lines)
            // Pushes that were stored before their answer was cut came again, and nothing of them is there twice.
            #expect(sink.streams[["job": "test"]]?.contains { $0.count > 1 } == true)
            #expect(sink.overlaps == 0)
        }
    }

    @Test func `bodies are the same in every run`() throws {
        var bodies: [[UInt8]] = []
        for _ in 0..<2 {
            let encoder = PushEncoder(level: 1)
            var body: [UInt8] = []
            // What was encoded before must not show.
            let batch = BatchMaking.batch(lines: (0..<2000).map { "line \($0) of many" })
            _ = encoder.encode(.whole([batch]), of: [batch], into: &body)
            bodies.append(body)
            _ = encoder.encode(.whole([batch]), of: [batch], into: &body)
            bodies.append(body)
        }
        #expect(Set(bodies).count == 1)
        let plain = try GzipDecoder.decompress(bodies[0], maximumBytes: 1 << 20)
        let batch = BatchMaking.batch(lines: (0..<2000).map { "line \($0) of many" })
        #expect(String(decoding: plain, as: UTF8.self) == BatchMaking.body(.whole([batch]), of: [batch]))
    }
}
