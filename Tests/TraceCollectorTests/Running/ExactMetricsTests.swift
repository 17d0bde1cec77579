import Foundation
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TraceCollector

@Suite(.serialized)
struct ExactMetricsTests {
    private func configuration(_ directory: String, sink: String, more: String = "") -> String {
        """
        data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" }, receivers: { otlp_http: { listen: "127.0.0.1:0" } },
        outputs: [{ name: "tempo", type: "otlp_http", url: "\(sink)", retry: { min_backoff: "10ms", max_backoff: "50ms" } }]\(more)
        """
    }

    private func calls(_ collector: CollectorProcess) throws -> Double {
        try collector.get("/metrics").bodyText.split(separator: "\n").reduce(0) { sum, line in
            line.hasPrefix("traces_spanmetrics_calls_total{") ? sum + (Double(line.split(separator: " ").last ?? "") ?? 0) : sum
        }
    }

    @Test func `every span counts once, however often the collector is killed under load`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let next = Atomic<UInt64>(1)
            for round in 0..<5 {
                let collector = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
                let threads = try (0..<3).map { _ in
                    try WorkerThread("sending", stackBytes: 512 << 10) {
                        while true {
                            let id = next.add(1, ordering: .relaxed).oldValue
                            let body = Requests.make([.init(trace: id, id: id, name: "work \(id % 5)")])
                            guard let response = try? collector.post(body), response.status == 200 else { return }
                        }
                    }
                }
                let goal = UInt64(round + 1) * 60
                try waitUntil("some requests") { next.load(ordering: .relaxed) > goal }
                collector.process.kill()
                for thread in threads { thread.join() }
            }
            let last = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
            try last.waitUntilSettled()
            // Also what was kept and not acknowledged, as the kill came before the answer.
            #expect(try calls(last) == Double(sink.spanCount))
            try last.terminate()
            let again = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
            #expect(try calls(again) == Double(sink.spanCount))
        }
    }

    @Test func `spans that are sampled away, or that wait for their decision, count once as well`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let text = configuration(
                directory, sink: sink.url,
                more: ", sampling: { decision_wait: \"1h\", root_wait: \"0s\", policies: [{ type: \"probabilistic\", ratio: 0 }] }")
            var sent = 0.0
            for round in 0..<3 as Range<UInt64> {
                let collector = try CollectorProcess(text, in: directory)
                #expect(try calls(collector) == sent)
                for id in 1...20 as ClosedRange<UInt64> {
                    // Every second one is no root, and waits.
                    let span = Requests.Span(trace: round * 100 + id, id: id, parent: id % 2)
                    #expect(try collector.post(Requests.make([span])).status == 200)
                    sent += 1
                }
                #expect(try calls(collector) == sent)
                collector.process.kill()
            }
            #expect(sink.spanCount == 0)
        }
    }

    @Test func `damaged values are told, and counting starts anew`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let first = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
            #expect(try first.post(Requests.make([.init(id: 1)])).status == 200)
            try first.waitUntilSettled()
            try first.terminate()
            try Data("TSPNDRV1 and rubbish that is long enough to be looked at".utf8).write(
                to: URL(filePath: directory + "/data/metrics.state"))
            let second = try CollectorProcess(configuration(directory, sink: sink.url), in: directory)
            #expect(second.process.errorText.contains("metrics.state is damaged"))
            #expect(try second.post(Requests.make([.init(id: 2)])).status == 200)
            #expect(try calls(second) == 1)
            try second.terminate()
        }
    }
}
