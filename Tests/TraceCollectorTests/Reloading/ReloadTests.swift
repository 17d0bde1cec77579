import Foundation
import HTTP
import TestSupport
import Testing

@testable import TraceCollector

@Suite(.serialized)
struct ReloadTests {
    private func configuration(_ directory: String, sink: String, policy: String = "errors", more: String = "") -> String {
        """
        data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" }, receivers: { otlp_http: { listen: "127.0.0.1:0" } },
        sampling: { decision_wait: "100ms", root_wait: "100ms", policies: [{ type: "\(policy)" }] },
        outputs: [{ name: "tempo", type: "otlp_http", url: "\(sink)", retry: { min_backoff: "1h", max_backoff: "1h" } }]\(more)
        """
    }

    private func reload(_ collector: CollectorProcess, _ text: String, until event: String) throws {
        let before = CollectorProcess.events(collector.process.errorText).count
        try Data(text.utf8).write(to: URL(fileURLWithPath: collector.configurationPath))
        collector.process.signal(SIGHUP)
        try waitUntil("the log to say: \(event)") {
            CollectorProcess.events(collector.process.errorText).dropFirst(before).contains {
                ($0["message"] as? String ?? "").contains(event)
            }
        }
    }

    @Test func `another address and other policies are taken over, and what waited goes there`() throws {
        try withTemporaryDirectory { directory in
            let (old, new) = (try TempoSink(), try TempoSink())
            // Nobody listens there, and the next try is an hour away.
            let address = old.address
            old.stop()
            let collector = try CollectorProcess(configuration(directory, sink: "http://\(address)/v1/traces"), in: directory)
            #expect(try collector.post(Requests.make([.init(trace: 1, id: 1, status: 2)])).status == 200)
            try waitUntil("the output to be stuck") {
                try MetricsText(collector.get("/metrics").bodyText)[#"trace_collector_output_up{output="tempo"}"#] == 0
            }
            try reload(
                collector, configuration(directory, sink: new.url, policy: "always", more: ", buffer: { max_bytes: \"2GiB\" }"),
                until: "was taken over")
            try waitUntil("the span to arrive") { new.spanCount == 1 }
            #expect(try collector.post(Requests.make([.init(trace: 2, id: 2)])).status == 200)
            try waitUntil("a span that has not failed to arrive") { new.spanCount == 2 }
            try collector.waitUntilSettled()
            #expect(try collector.ledger().isBalanced)
            let told = collector.process.errorText.split(separator: "\n")
            #expect(told.contains { $0.contains("needs a restart") && $0.contains(#""config.path":"buffer""#) })
            // What may be a secret is not repeated.
            #expect(told.contains { $0.contains(#""config.path":"outputs.tempo.url""#) })
            #expect(!told.contains { $0.contains(new.url) })
            let metrics = try MetricsText(collector.get("/metrics").bodyText)
            #expect(metrics[#"trace_collector_config_reloads_total{result="success"}"#] == 1)
            try collector.terminate()
        }
    }

    @Test func `a bad configuration changes nothing, and is told`() throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let good = configuration(directory, sink: sink.url)
            let collector = try CollectorProcess(good, in: directory)
            try reload(collector, good.replacingOccurrences(of: "errors", with: "erors"), until: "is refused; the old one stays")
            let told = CollectorProcess.events(collector.process.errorText).compactMap { $0["config.problem"] as? String }
            #expect(told.count == 1 && told[0].contains("erors"))
            let metrics = try MetricsText(collector.get("/metrics").bodyText)
            #expect(metrics["trace_collector_config_last_reload_successful"] == 0)
            #expect(metrics[#"trace_collector_config_reloads_total{result="failure"}"#] == 1)
            #expect(try collector.post(Requests.make([.init(id: 1, status: 2)])).status == 200)
            try waitUntil("the span to arrive") { sink.spanCount == 1 }
            try reload(collector, good, until: "was taken over")
            #expect(try MetricsText(collector.get("/metrics").bodyText)["trace_collector_config_last_reload_successful"] == 1)
            try collector.terminate()
        }
    }
}
