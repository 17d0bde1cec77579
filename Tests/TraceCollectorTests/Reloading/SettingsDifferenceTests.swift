import ConnectionSettings
import Testing

@testable import TraceCollector

struct SettingsDifferenceTests {
    private func settings(_ change: (inout TraceCollectorSettings) -> Void = { _ in }) -> TraceCollectorSettings {
        var settings = TraceCollectorSettings(
            dataDirectory: "/d", server: .init(listen: "127.0.0.1:1"), otlpHTTP: OTLPReceiverSettings(), files: [],
            sampling: .init(policies: [.errors]), spanMetrics: .init(), serviceGraph: .init(), buffer: BufferSettings(),
            outputs: [output("tempo"), .local(path: "/traces")])
        change(&settings)
        return settings
    }

    private func output(_ name: String) -> OutputSettings {
        OutputSettings(
            name: name, destination: .otlp(OTLPSettings(url: "http://t/v1/traces")), compression: .gzip, compressionLevel: 1,
            batch: .forOTLP, retry: RetrySettings())
    }

    @Test func `nothing differs from itself`() {
        let difference = SettingsDifference(settings(), settings())
        #expect(difference.outputs.isEmpty && difference.sampling == nil && difference.restarts == [])
    }

    @Test func `sampling and outputs are taken over`() {
        let new = settings { new in
            new.sampling?.policies = [.always]
            new.outputs[0].destination = .otlp(OTLPSettings(url: "http://u/v1/traces", inFlight: 9))
            new.outputs[1].batch.maximumBytes = 5 << 20
        }
        let difference = SettingsDifference(settings(), new)
        #expect(difference.outputs == new.outputs && difference.sampling == new.sampling && difference.restarts == [])
        #expect(settings().adopting(difference) == new)
    }

    @Test func `what only a restart takes over is named, and stays`() {
        let new = settings { new in
            new.dataDirectory = "/e"
            new.server.listen = "127.0.0.1:2"
            new.otlpHTTP = nil
            new.files = [FileReceiverSettings(include: ["/a"], exclude: [], maximumLineBytes: 1)]
            new.sampling = nil
            new.spanMetrics = nil
            new.serviceGraph?.maximumItems = 1
            new.buffer.maximumBytes = 1
            new.outputs[0].name = "other"
            new.outputs[1].destination = .directory(DirectorySettings(path: "/b", retentionNanoseconds: nil, maximumBytes: 1))
        }
        let difference = SettingsDifference(settings(), new)
        #expect(
            difference.restarts == [
                "data_dir", "server", "receivers.otlp_http", "receivers.files", "span_metrics", "service_graph", "buffer",
                "sampling (on or off)", "outputs.other (new)", "outputs.local", "outputs.tempo (removed)",
            ])
        #expect(settings().adopting(difference) == settings())
    }
}
