import CommandLineInterface
import Configuration
import ConnectionSettings
import Foundation
import TestSupport
import Testing

@testable import TraceCollector

struct SettingsTests {
    private func load(_ text: String, environment: [String: String] = [:]) throws -> LoadedSettings {
        try withTemporaryDirectory { directory in
            let path = directory + "/trace-collector.json5"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return try TraceCollectorSettings.load(path) { environment[$0] }
        }
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try load(text)
            return []
        } catch {
            return (error as? ConfigurationError)?.problems.filter { $0.severity == .error }.map(\.message) ?? ["\(error)"]
        }
    }

    @Test func `the built-in configuration receives on loopback and writes files`() throws {
        let settings = try TraceCollectorSettings.load(nil) { $0 == "TAILSPAN_DATA" ? "/data" : nil }.settings
        #expect(settings.dataDirectory == "/data/trace-collector")
        #expect(settings.otlpHTTP?.server.listen == "127.0.0.1:4318" && settings.server.listen == "127.0.0.1:9145")
        #expect(settings.outputs == [.local(path: "/data/traces")])
        #expect(settings.sampling == nil && settings.spanMetrics == .init() && settings.serviceGraph == .init())
        #expect(settings.buffer == BufferSettings(maximumBytes: 1 << 30, synchronization: .never))
    }

    @Test func `an empty configuration is that, too`() throws {
        #expect(try load("{}").settings == TraceCollectorSettings.load(nil, environment: { _ in nil }).settings)
    }

    @Test func `the configuration that is shipped can be run`() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../config/trace-collector.json5").path
        let loaded = try TraceCollectorSettings.load(path) { _ in nil }
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.settings.outputs.map(\.name) == ["tempo"] && loaded.settings.sampling == nil)
    }

    @Test func `every setting is read`() throws {
        let settings = try load(
            """
            data_dir: "/tmp/c", server: { listen: "127.0.0.1:1" },
            receivers: { otlp_http: { listen: "unix:/run/otlp.sock", max_request_bytes: "1MiB", max_connections: 7 },
                         files: [ { include: ["/t/*.jsonl"], exclude: ["*.gz"] } ] },
            sampling: { decision_wait: "5s", root_wait: "200ms", memory: "8MiB", policies: [
              { type: "errors" }, { type: "latency", threshold: "2s" }, { type: "attribute", key: "tenant", values: ["acme", 7, true] },
              { type: "probabilistic", ratio: 0.1 }, { type: "rate_limit", traces_per_second: 50 }, { type: "always" },
              { type: "and", policies: [{ type: "errors" }, { type: "or", policies: [{ type: "always" }] }] } ] },
            span_metrics: { dimensions: ["http.route"], buckets: [0.1, 1], max_series: 10, exemplars: false },
            service_graph: null,
            buffer: { max_bytes: "64MiB", fsync: "always" },
            outputs: [
              { name: "tempo", type: "otlp_http", url: "http://127.0.0.1:14318/v1/traces", headers: { "X-A": "b" }, compression: "none",
                batch: { max_bytes: "2MiB", max_wait: "1s" }, retry: { min_backoff: "1s", max_backoff: "2s", timeout: "3s" }, tenant_id: "t" },
              { name: "local", type: "directory", path: "/tmp/t", retention: null, max_bytes: "2GiB" } ],
            """
        ).settings
        #expect(settings.otlpHTTP?.maximumRequestBytes == 1 << 20 && settings.otlpHTTP?.maximumConnections == 7)
        #expect(settings.files == [FileReceiverSettings(include: ["/t/*.jsonl"], exclude: ["*.gz"], maximumLineBytes: 4 << 20)])
        #expect(
            settings.sampling
                == TailSampler.Settings(
                    waitNanoseconds: 5_000_000_000, rootWaitNanoseconds: 200_000_000, memoryBytes: 8 << 20,
                    policies: [
                        .errors, .latency(thresholdNanoseconds: 2_000_000_000), .attribute(key: "tenant", values: ["acme", "7", "true"]),
                        .probabilistic(ratio: 0.1), .rateLimit(tracesPerSecond: 50), .always, .and([.errors, .or([.always])]),
                    ]))
        #expect(
            settings.spanMetrics
                == SpanMetrics.Settings(dimensions: ["http.route"], buckets: [0.1, 1], maximumSeries: 10, exemplars: false))
        #expect(settings.serviceGraph == nil)
        #expect(settings.buffer == BufferSettings(maximumBytes: 64 << 20, synchronization: .always))
        #expect(settings.outputs[0].batch == BatchSettings(maximumBytes: 2 << 20, maximumWaitNanoseconds: 1_000_000_000))
        #expect(settings.outputs[0].compression == .none && settings.outputs[1].compression == .gzip)
        #expect(
            settings.outputs[1].destination
                == .directory(DirectorySettings(path: "/tmp/t", retentionNanoseconds: nil, maximumBytes: 2 << 30)))
    }

    @Test(arguments: [
        ("outputs: []", "`outputs` is empty: spans would go nowhere."),
        ("receivers: { otlp_http: null }", "`receivers` has neither `otlp_http` nor `files`: no span would ever come."),
        ("receivers: { otlp_grpc: {} }", "`receivers.otlp_grpc` is not supported yet."),
        ("sampling: {}", "`sampling` has no `policies`; it is required."),
        (
            "sampling: { policies: [{ type: \"eror\" }] }",
            "`sampling.policies[0].type` is \"eror\"; use one of \"always\", \"errors\", \"latency\", \"attribute\", \"probabilistic\", \"rate_limit\", \"and\" or \"or\"."
        ),
        ("sampling: { policies: [{ type: \"probabilistic\", ratio: 2 }] }", "`sampling.policies[0].ratio` is 2; use a number from 0 to 1."),
        ("span_metrics: { buckets: [2, 1] }", "`span_metrics.buckets` is a list; use 1 to 100 ascending numbers of seconds."),
        (
            "span_metrics: { dimensions: [\"a.b\", \"a_b\"] }",
            "`span_metrics.dimensions[1]` becomes the label `a_b`, as another dimension does; keep one."
        ),
        ("outputs: [{ name: \"t\", type: \"otlp_http\", url: \"http://h:1\" }]", "`outputs[0].url` has no path."),
        (
            "outputs: [{ name: \"t\", type: \"otlp_grpc\" }]",
            "`outputs[0].type` is \"otlp_grpc\", which is not supported yet; supported: \"otlp_http\" or \"directory\"."
        ),
        ("buffer: { max_bytes: \"8MiB\" }", "`buffer.max_bytes` is 8MiB, but requests may have 20MiB; four must fit into it."),
        ("bufer: {}", "`bufer` is not a known key."),
        (
            "receivers: { otlp_http: { listen: \"4318\" } }",
            "`receivers.otlp_http.listen` is \"4318\"; use \"host:port\", as in \"127.0.0.1:4318\", or \"unix:/path\"."
        ),
        (
            "receivers: { otlp_http: { listen: \"127.0.0.1:9145\" } }",
            "`receivers.otlp_http.listen` and `server.listen` are both \"127.0.0.1:9145\"; give each an address of its own."
        ),
        (
            "outputs: [{ name: \"t\", type: \"otlp_http\", url: \"http://127.0.0.1:4318/v1/traces\" }]",
            "`outputs.t.url` is the address of this collector's own receiver: spans would go round for ever."
        ),
        (
            "receivers: { otlp: { protocols: {} } }",
            "`receivers.otlp` does not belong here: the receiver is called `otlp_http`: { listen: \"127.0.0.1:4318\" }."
        ),
        (
            "receivers: { files: [\"/a\"] }",
            "`receivers.files[0]` is \"/a\"; use an object: { include: [\"/data/traces/*.jsonl\"] }."
        ),
        (
            "sampling: { policies: [\"errors\"] }",
            "`sampling.policies[0]` is \"errors\"; use an object such as { type: \"errors\" }."
        ),
        ("span_metrics: { buckets: [\"2ms\"] }", "`span_metrics.buckets[0]` is \"2ms\"; use a number from 0 to 1000000000."),
        (
            "outputs: [{ name: \"a\", type: \"directory\", path: \"/t\" }, { name: \"b\", type: \"directory\", path: \"/t\" }]",
            "`outputs[1].path` is \"/t\", as is that of the output `a`; give each its own directory."
        ),
    ])
    func `a mistake is named with what to do`(text: String, message: String) {
        #expect(problems(text) == [message])
    }

    @Test func `the commands say what there is`() throws {
        final class Output: @unchecked Sendable { var text = "" }
        let output = Output()
        let terminal = Terminal(
            output: { output.text += $0 }, error: { output.text += $0 }, outputHasColour: false, errorHasColour: false,
            errorIsTerminal: true)
        #expect(TraceCollectorCommand.run(["check"], terminal: terminal, environment: { _ in nil }) == .success)
        #expect(output.text.hasPrefix("ok: (built-in configuration)\n  receives  otlp_http  127.0.0.1:4318\n"))
        output.text = ""
        #expect(TraceCollectorCommand.run(["help"], terminal: terminal, environment: { _ in nil }) == .success)
        #expect(output.text.contains("check") && output.text.contains("run"))
        #expect(TraceCollectorCommand.run(["version"], terminal: terminal, environment: { _ in nil }) == .success)
        #expect(TraceCollectorCommand.run(["runn"], terminal: terminal, environment: { _ in nil }) == .usage)
    }
}
