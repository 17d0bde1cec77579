import Delivery
import Foundation
import Gzip
import HTTP
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TraceCollector

@Suite(.serialized)
struct CollectorTests {
    private func configuration(_ directory: String, sink: String, more: String = "") -> String {
        """
        data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" }, receivers: { otlp_http: { listen: "127.0.0.1:0" } },
        outputs: [{ name: "tempo", type: "otlp_http", url: "\(sink)", retry: { min_backoff: "10ms", max_backoff: "50ms" } }],
        \(more)
        """
    }

    private func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        GzipEncoder(level: .zlib(6)).compress(bytes.span.bytes, into: &output)
        return output
    }

    private let compressed: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"]

    @Test func `spans of all forms arrive, are measured and are in the books`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let collector = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
            #expect(try collector.post(Requests.make([.init(id: 1, kind: 2), .init(id: 2, status: 2)])).status == 200)
            #expect(try collector.post(gzip(Requests.make([.init(id: 3)])), headers: compressed).status == 200)
            let json =
                #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b"},{}]}]}]}"#
            #expect(try collector.post(Array(json.utf8), headers: ["Content-Type": "application/json"]).status == 200)
            try waitUntil("the spans to arrive") { sink.spanCount == 4 }
            try collector.waitUntilSettled()
            let ledger = try collector.ledger()
            #expect(ledger["received"] as? Int == 5 && ledger["delivered"] as? Int == 4 && ledger.isBalanced)
            #expect(ledger["dropped"] as? [String: Int] == ["bad_trace_id": 1])
            let metrics = try MetricsText(collector.get("/metrics").bodyText)
            #expect(metrics[#"trace_collector_delivered_spans_total{output="tempo"}"#] == 4)
            #expect(metrics[#"trace_collector_received_spans_total{receiver="otlp_http"}"#] == 5)
            #expect(
                metrics[
                    MetricsText.series(
                        "traces_spanmetrics_calls_total",
                        [
                            ("service", "shop"), ("span_name", "work"), ("span_kind", "SPAN_KIND_SERVER"),
                            ("status_code", "STATUS_CODE_UNSET"),
                        ])]
                    == 1)
            #expect(
                metrics[
                    MetricsText.series(
                        "traces_service_graph_request_total",
                        [("client", "user"), ("server", "shop"), ("connection_type", "virtual_node")])] == 1)
            for path in ["/healthz", "/ready", "/api/v1/status"] { #expect(try collector.get(path).status == 200) }
            try collector.terminate()
        }
    }

    @Test func `an output that fails for a while gets everything afterwards, once`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            sink.withState { state in
                state.refusals = [429, 503, 502, 504, 503].map { HTTPResponse(status: $0, headers: $0 == 429 ? ["Retry-After": "0"] : [:]) }
            }
            let collector = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
            for id in 1...20 as ClosedRange<UInt64> { #expect(try collector.post(Requests.make([.init(id: id)])).status == 200) }
            try waitUntil("the spans to arrive") { sink.spanCount == 20 }
            // Gone altogether, and back at the same address.
            let address = sink.address
            sink.stop()
            for id in 21...40 as ClosedRange<UInt64> { #expect(try collector.post(Requests.make([.init(id: id)])).status == 200) }
            let returned = try TempoSink(listen: address)
            try waitUntil("the other spans to arrive") { returned.spanCount == 20 }
            try collector.waitUntilSettled()
            #expect(
                sink.withState { $0.spans.values.allSatisfy { $0 == 1 } } && returned.withState { $0.spans.values.allSatisfy { $0 == 1 } })
            #expect(try collector.ledger().isBalanced)
        }
    }

    @Test func `what comes while Tempo is down waits on the disk, also for the next process`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let address = sink.address
            sink.stop()
            let configuration = configuration(directory, sink: "http://\(address)/v1/traces")
            var sent: UInt64 = 0
            for _ in 1...3 {
                let collector = try CollectorProcess(configuration, in: directory)
                for number in 0..<100 {
                    sent += 1
                    let request = Requests.make([.init(trace: sent, id: sent)])
                    let isCompressed = number.isMultiple(of: 3)
                    let response = try isCompressed ? collector.post(gzip(request), headers: compressed) : collector.post(request)
                    #expect(response.status == 200)
                }
                try waitUntil("the output to be known as down") {
                    try MetricsText(collector.get("/metrics").bodyText)[#"trace_collector_output_up{output="tempo"}"#] == 0
                }
                #expect(try collector.ledger()["pending"] as? UInt64 == sent)
                collector.process.kill()
            }
            let returned = try TempoSink(listen: address)
            let last = try CollectorProcess(configuration, in: directory)
            try last.waitUntilSettled()
            #expect(returned.withState { $0.spans }.values.allSatisfy { $0 == 1 } && returned.spanCount == 300)
            let ledger = try last.ledger()
            #expect(ledger["recovered"] as? Int == 300 && ledger["delivered"] as? Int == 300 && ledger.isBalanced)
        }
    }

    @Test func `a request that is refused is halved until only what is refused is dropped`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            sink.withState { state in
                state.badSpans = [7, 13]
                // So that all of them go in few requests.
                state.refusals = [HTTPResponse(status: 503)]
            }
            let collector = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
            for id in 1...20 as ClosedRange<UInt64> { #expect(try collector.post(Requests.make([.init(id: id)])).status == 200) }
            try waitUntil("the spans to arrive") { sink.spanCount == 18 }
            try collector.waitUntilSettled()
            let ledger = try collector.ledger()
            #expect(ledger["delivered"] as? Int == 18 && ledger["dropped"] as? [String: Int] == ["refused": 2] && ledger.isBalanced)
        }
    }

    @Test func `every acknowledged span arrives, though the collector is killed 20 times under load`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let configuration = configuration(directory, sink: sink.url)
            let load = Load()
            for round in 1...20 {
                let collector = try CollectorProcess(configuration, in: directory)
                try load.run(on: collector, until: round * 100) { id in
                    let request = Requests.make([.init(trace: id, id: id), .init(trace: id, id: id, parent: 1)])
                    return id.isMultiple(of: 2) ? (gzip(request), compressed) : (request, ["Content-Type": "application/x-protobuf"])
                }
            }
            let last = try CollectorProcess(configuration, in: directory)
            try last.waitUntilSettled()
            let arrived = Set(sink.withState { $0.spans.keys.map(\.span) })
            let missing = load.acknowledged.filter { !arrived.contains($0) }
            #expect(missing.isEmpty && load.acknowledged.count >= 2000)
            #expect(sink.withState { $0.malformed } == 0)
            #expect(try last.ledger().isBalanced)
        }
    }

    /// Each trace comes in two requests, of which only the second says that it is to be kept; the collector is killed between many of them.
    @Test func `a kept trace arrives whole, though the collector is killed while it waits for a decision`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let sampling = #"sampling: { decision_wait: "1h", root_wait: "1h", policies: [{ type: "errors" }] }"#
            let configuration = configuration(directory, sink: sink.url, more: sampling)
            let load = Load()
            for round in 1...6 {
                let collector = try CollectorProcess(configuration, in: directory)
                // The second halves begin a round later: they are those of numbers that were sent before.
                try load.run(on: collector, until: round * 60) { number in
                    let isSecond = number > 120
                    let trace = isSecond ? number - 120 : number
                    let first = Requests.Span(trace: trace, id: 1)
                    let second = Requests.Span(trace: trace, id: 2, parent: 1, status: 2)
                    // After 120 every number brings the first half of its own trace, too.
                    let spans = isSecond ? [second, Requests.Span(trace: number, id: 1)] : [first]
                    return (Requests.make(spans), ["Content-Type": "application/x-protobuf"])
                }
            }
            let last = try CollectorProcess(configuration, in: directory)
            let acknowledged = Set(load.acknowledged)
            let kept = acknowledged.filter { $0 > 120 }.map { $0 - 120 }
            #expect(kept.count >= 240)
            try waitUntil("the kept traces to arrive") {
                let arrived = sink.withState { $0.spans }
                return kept.allSatisfy { trace in
                    let hasFirst = arrived[TempoSink.SpanKey(trace: trace, span: 1)] != nil
                    return arrived[TempoSink.SpanKey(trace: trace, span: 2)] != nil && (hasFirst || !acknowledged.contains(trace))
                }
            }
            #expect(try last.ledger().isBalanced)
        }
    }

    @Test func `a ratio keeps the traces that it says, whole, and metrics count all of them`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let sampling =
                #"sampling: { decision_wait: "300ms", root_wait: "0s", policies: [{ type: "errors" }, { type: "probabilistic", ratio: 0.25 }] }"#
            let collector = try CollectorProcess(configuration(directory, sink: sink.url, more: sampling), in: directory)
            var generator = SeededGenerator(seed: 41)
            var traces: Set<UInt64> = []
            while traces.count < 2000 { traces.insert(UInt64.random(in: 1...(.max), using: &generator)) }
            let all = traces.sorted()
            let failed = Set(all.prefix(100))
            for start in stride(from: 0, to: all.count, by: 100) {
                // Whole traces, so that none is decided on between two of its spans.
                let spans = all[start..<start + 100].flatMap { trace in
                    [
                        Requests.Span(trace: trace, id: 1, parent: 9),
                        Requests.Span(trace: trace, id: 2, parent: 1, status: failed.contains(trace) ? 2 : 0),
                    ]
                }
                #expect(try collector.post(Requests.make(spans)).status == 200)
            }
            try collector.waitUntilSettled()
            var rules = SamplingRules([.probabilistic(ratio: 0.25)])
            let chosen = all.filter { rules.decide(TraceFacts(trace: Requests.key($0)), now: 0) != nil }
            // Of 2,000, six standard deviations around 500.
            #expect((384...616).contains(chosen.count))
            let expected = failed.union(chosen)
            let arrived = sink.withState { $0.spans }
            #expect(Set(arrived.keys.map(\.trace)) == expected)
            #expect(arrived.count == 2 * expected.count && arrived.values.allSatisfy { $0 == 1 })
            let ledger = try collector.ledger()
            #expect(ledger["sampled_away"] as? Int == 4000 - arrived.count && ledger.isBalanced)
            let metrics = try MetricsText(collector.get("/metrics").bodyText)
            #expect(try collector.calls() == 4000)
            #expect(metrics[#"trace_collector_sampling_traces_total{decision="kept"}"#] == Double(expected.count))
            #expect(metrics[#"trace_collector_sampling_kept_traces_total{policy="errors"}"#].map { $0 <= 100 } == true)
        }
    }

    @Test func `sampling keeps whole traces, and what was not decided survives the end of the process`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let sampling = #"sampling: { decision_wait: "1h", root_wait: "1h", policies: [{ type: "errors" }] }"#
            let configuration = configuration(directory, sink: sink.url, more: sampling)
            let first = try CollectorProcess(configuration, in: directory)
            for trace in 1...10 as ClosedRange<UInt64> {
                #expect(try first.post(Requests.make([.init(trace: trace, id: 1)])).status == 200)
            }
            #expect(try first.post(Requests.make([.init(trace: 1, id: 2, parent: 1, status: 2)])).status == 200)
            try waitUntil("a trace to arrive") { sink.spanCount == 2 }
            first.process.kill()

            let second = try CollectorProcess(configuration, in: directory)
            #expect(try second.post(Requests.make([.init(trace: 5, id: 2, parent: 1, status: 2)])).status == 200)
            try waitUntil("the other trace to arrive") { sink.spanCount == 4 }
            #expect(sink.withState { Set($0.spans.keys.map(\.trace)) } == [1, 5])
            try second.terminate()

            let quick = sampling.replacingOccurrences(of: "1h", with: "100ms")
            let third = try CollectorProcess(self.configuration(directory, sink: sink.url, more: quick), in: directory)
            try third.waitUntilSettled()
            let ledger = try third.ledger()
            #expect(ledger["sampled_away"] as? Int ?? 0 >= 8 && ledger.isBalanced)
            #expect(sink.spanCount == 4)
        }
    }

    @Test func `what was not decided when sampling is switched off is kept`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let sampling = #"sampling: { decision_wait: "1h", root_wait: "1h", policies: [{ type: "errors" }] }"#
            let first = try CollectorProcess(configuration(directory, sink: sink.url, more: sampling), in: directory)
            for trace in 1...50 as ClosedRange<UInt64> {
                #expect(try first.post(Requests.make([.init(trace: trace, id: 1)])).status == 200)
            }
            first.process.kill()
            for _ in 1...2 {
                let next = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
                try waitUntil("the spans to arrive") { sink.spanCount == 50 }
                try next.waitUntilSettled()
                #expect(try next.ledger().isBalanced && !FileManager.default.fileExists(atPath: directory + "/data/undecided"))
                #expect(try next.calls() == 50)
                try next.terminate()
            }
            #expect(sink.withState { $0.spans.values.allSatisfy { $0 == 1 } })
        }
    }

    @Test func `the directory output has whole requests and an index`() throws {
        try withTemporaryDirectory { directory in
            let configuration = """
                data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" }, receivers: { otlp_http: { listen: "127.0.0.1:0" } },
                outputs: [{ name: "local", type: "directory", path: "\(directory)/traces", batch: { max_wait: "10ms" } }],
                """
            let collector = try CollectorProcess(configuration, in: directory)
            #expect(try collector.post(gzip(Requests.make([.init(id: 1)])), headers: compressed).status == 200)
            #expect(try collector.post(Requests.make([.init(id: 2)])).status == 200)
            try collector.waitUntilSettled()
            try collector.terminate()
            var spans: [[UInt64]] = []
            let names = try FileManager.default.contentsOfDirectory(atPath: directory + "/traces").filter { $0.hasSuffix(".pb.gz") }
                .sorted()
            for name in names {
                let body = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/traces/\(name)")))
                spans += try Requests.spans(GzipDecoder.decompress(body, maximumBytes: 1 << 20))
            }
            #expect(spans == [[1, 1], [1, 2]])
            let index = try String(contentsOfFile: directory + "/traces/index.jsonl", encoding: .utf8).split(separator: "\n")
            #expect(index.count == names.count && index[0].contains(#""spans":"#))
        }
    }

    @Test func `lines of files arrive, also across a restart and a rotation`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let configuration = """
                data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" },
                receivers: { otlp_http: null, files: [{ include: ["\(directory)/spans/*.jsonl"] }] },
                outputs: [{ name: "tempo", type: "otlp_http", url: "\(sink.url)" }],
                """
            try FileManager.default.createDirectory(atPath: directory + "/spans", withIntermediateDirectories: true)
            let path = directory + "/spans/service.jsonl"
            func append(_ spans: ClosedRange<Int>, more: String = "") throws {
                if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
                let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
                try file.seekToEnd()
                let lines = spans.map { span in
                    let id = String(span + 0x1000, radix: 16)
                    return
                        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a","spanId":"000000000000\#(id)"}]}]}]}"#
                }
                try file.write(contentsOf: Data((lines.joined(separator: "\n") + "\n" + more).utf8))
                try file.close()
            }
            try append(1...5, more: "no JSON\n")
            let first = try CollectorProcess(configuration, in: directory)
            try waitUntil("the spans to arrive") { sink.spanCount == 5 }
            try first.terminate()
            try append(6...8)
            try FileManager.default.moveItem(atPath: path, toPath: directory + "/spans/service.jsonl.1")
            try append(9...10)
            let second = try CollectorProcess(configuration, in: directory)
            try waitUntil("the other spans to arrive") { sink.spanCount == 10 }
            try append(11...12)
            try waitUntil("the last spans to arrive") { sink.spanCount == 12 }
            try second.waitUntilSettled()
            #expect(sink.withState { $0.spans.values.allSatisfy { $0 == 1 } })
            #expect(try second.ledger().isBalanced)
        }
    }

    @Test func `a token is asked for`() throws {
        try withTemporaryDirectory { directory in
            try Data("secret\n".utf8).write(to: URL(fileURLWithPath: directory + "/token"))
            let configuration = """
                data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" },
                receivers: { otlp_http: { listen: "127.0.0.1:0", bearer_token_file: "\(directory)/token" } },
                outputs: [{ name: "local", type: "directory", path: "\(directory)/traces" }],
                """
            let collector = try CollectorProcess(configuration, in: directory)
            #expect(try collector.post([]).status == 401)
            let headers: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Authorization": "Bearer secret"]
            #expect(try collector.post([], headers: headers).status == 200)
        }
    }
}

/// Clients that send numbered requests until the collector is killed.
private final class Load: Sendable {
    private let answered = Mutex<[UInt64]>([])
    private let next = Atomic<UInt64>(1)

    /// Numbers of requests that were answered 200.
    var acknowledged: [UInt64] { answered.withLock { $0 } }

    /// Sends what `make` makes of each number until `count` were acknowledged in all; kills the collector in the middle of that.
    func run(
        on collector: CollectorProcess, until count: Int, _ make: @escaping @Sendable (UInt64) -> ([UInt8], HTTPHeaders)
    ) throws {
        let threads = try (0..<4).map { _ in
            try WorkerThread("sending", stackBytes: 512 << 10) { [self] in
                guard let client = try? HTTPClient(endpoint: HTTPEndpoint(url: collector.tracesURL)) else { return }
                while true {
                    let number = next.add(1, ordering: .relaxed).oldValue
                    let (body, headers) = make(number)
                    let response = try? client.send(
                        method: .post, headers: headers, bytes: body, timeoutNanoseconds: 30_000_000_000)
                    guard response?.status == 200 else { return }
                    answered.withLock { $0.append(number) }
                }
            }
        }
        defer { for thread in threads { thread.join() } }
        defer { collector.process.kill() }
        try waitUntil("\(count) answers") { acknowledged.count >= count }
    }
}
