import Metrics
import ProcessMetrics
import Testing

@Suite struct `Process metrics` {
    @Test func `are those that Prometheus's client libraries have`() throws {
        let registry = MetricRegistry(startedAt: 1)
        try registry.registerProcess()
        var writer = ExpositionWriter(format: ExpositionFormat(accept: nil))
        writer.append(registry)
        let samples = String(decoding: writer.finish(), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
        let names = samples.map { $0.prefix { $0 != " " } }
        #expect(
            names == [
                "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
                "process_start_time_seconds",
            ])
        for sample in samples { #expect(Double(sample.split(separator: " ")[1]).map { $0 > 0 } == true, "\(sample)") }
    }

    @Test func `tell when the process started`() {
        let statistics = ProcessStatistics()
        // 2020 to 2100: seconds since 1970, and not since the machine started.
        #expect((1_577_836_800..<4_102_444_800).contains(statistics.startSeconds))
        #expect(statistics.openDescriptors >= 3)
    }
}
