import Foundation
import Testing

@testable import Metrics

@Suite struct RegistryTests {
    private let registry = MetricRegistry(startedAt: someTime)

    @Test func `statuses have a series each, and share one where none was expected`() throws {
        let requests = try StatusCounters([0, 200]) { status throws(MetricDeclarationError) in
            try registry.counter("requests_total", help: "Requests.", labels: ["status": status])
        }
        for status in [200, 200, 0, 418, 599] { requests.increment(status) }
        #expect(
            rendered(registry) == #"""
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{status="none"} 1
                requests_total{status="200"} 2
                requests_total{status="other"} 2

                """#)
    }

    @Test func `handles, collectors and labels come out as families`() throws {
        let read = try registry.counter("log_agent_read_lines_total", help: "Lines read.", labels: ["source": "a"])
        let other = try registry.counter("log_agent_read_lines_total", help: "Lines read.", labels: ["source": "b\"c"])
        let lag = try registry.gauge("log_agent_lag_bytes", help: "Bytes not yet read.")
        let sizes = try registry.histogram(
            "log_agent_batch_bytes", help: "Size of a batch.", bounds: [10, 100], labels: ["output": "loki"])
        try registry.collectGauge("log_agent_series", help: "Series.", labels: ["family"]) { samples in
            samples.append(3, "x")
            samples.append(.nan, "y")
            samples.append(4, "x")
        }
        try registry.collectCounter("log_agent_cpu_seconds_total", help: "CPU time.") { samples in
            samples.append(.nan)
            samples.append(1.5)
        }
        try registry.collectGauge("log_agent_nothing", help: "Empty.", labels: ["family"]) { _ in }
        read.increment()
        read.increment(by: 4)
        other.increment()
        lag.set(10)
        lag.move(by: -2.5)
        #expect(sizes.observe(10))
        #expect(sizes.observe(11))
        #expect(!sizes.observe(.infinity))
        #expect(!sizes.observe(-1))
        #expect(sizes.count == 2)
        #expect(
            rendered(registry) == #"""
                # HELP log_agent_read_lines_total Lines read.
                # TYPE log_agent_read_lines_total counter
                log_agent_read_lines_total{source="a"} 5
                log_agent_read_lines_total{source="b\"c"} 1
                # HELP log_agent_lag_bytes Bytes not yet read.
                # TYPE log_agent_lag_bytes gauge
                log_agent_lag_bytes 7.5
                # HELP log_agent_batch_bytes Size of a batch.
                # TYPE log_agent_batch_bytes histogram
                log_agent_batch_bytes_bucket{output="loki",le="10.0"} 1
                log_agent_batch_bytes_bucket{output="loki",le="100.0"} 2
                log_agent_batch_bytes_bucket{output="loki",le="+Inf"} 2
                log_agent_batch_bytes_sum{output="loki"} 21
                log_agent_batch_bytes_count{output="loki"} 2
                # HELP log_agent_series Series.
                # TYPE log_agent_series gauge
                log_agent_series{family="x"} 3
                log_agent_series{family="y"} NaN
                # HELP log_agent_cpu_seconds_total CPU time.
                # TYPE log_agent_cpu_seconds_total counter
                log_agent_cpu_seconds_total 1.5

                """#)
        #expect(
            rendered(registry, as: .openMetrics).hasPrefix(
                #"""
                # TYPE log_agent_read_lines counter
                # HELP log_agent_read_lines Lines read.
                log_agent_read_lines_total{source="a"} 5
                log_agent_read_lines_created{source="a"} 1700000000.125

                """#))
    }

    @Test func `the same labels give the same handle, and another declaration is refused`() throws {
        let first = try registry.counter("a_total", help: "A.", labels: ["x": "1"])
        #expect(try registry.counter("a_total", help: "A.", labels: ["x": "1"]) === first)
        #expect(try registry.counter("a_total", help: "A.", labels: ["x": "2"]) !== first)
        let refused = MetricDeclarationError.declaredDifferently("a_total")
        #expect(throws: refused) { try registry.counter("a_total", help: "B.", labels: ["x": "1"]) }
        #expect(throws: refused) { try registry.counter("a_total", help: "A.", labels: ["y": "1"]) }
        #expect(throws: refused) { try registry.collectCounter("a_total", help: "A.", labels: ["x"]) { _ in } }
        #expect(throws: MetricDeclarationError.nameTaken(name: "a", family: "a", owner: "a_total")) {
            try registry.gauge("a", help: "A.")
        }
        #expect(throws: MetricDeclarationError.counterWithoutTotal("b")) { try registry.counter("b", help: "") }
    }

    @Test func `labels without end are refused`() throws {
        for number in 0..<MetricRegistry.maximumSeries { _ = try registry.gauge("g", help: "", labels: ["x": "\(number)"]) }
        #expect(throws: MetricDeclarationError.tooManySeries(family: "g", limit: 1000)) {
            try registry.gauge("g", help: "", labels: ["x": "more"])
        }
    }

    @Test func `nothing is lost when many threads count, declare and scrape at once`() throws {
        let registry = MetricRegistry(startedAt: someTime)
        let threads = 4
        let rounds = 20_000
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            guard let shared = try? registry.counter("shared_total", help: ""),
                let own = try? registry.counter("own_total", help: "", labels: ["thread": "\(thread)"]),
                let gauge = try? registry.gauge("level", help: ""),
                let histogram = try? registry.histogram("spread", help: "", bounds: [1, 2])
            else {
                Issue.record("a metric could not be declared")
                return
            }
            for round in 0..<rounds {
                shared.increment()
                own.increment(by: 2)
                gauge.move(by: 1)
                histogram.observe(Double(round % 3) + 0.5)
                if round % 2000 == 0 {
                    let text = rendered(registry, as: .openMetrics)
                    #expect(text.hasSuffix("# EOF\n"))
                }
            }
        }
        let text = rendered(registry)
        #expect(text.contains("\nshared_total \(threads * rounds)\n"))
        for thread in 0..<threads { #expect(text.contains("\nown_total{thread=\"\(thread)\"} \(2 * rounds)\n")) }
        #expect(text.contains("\nlevel \(threads * rounds)\n"))
        #expect(text.contains("\nspread_count \(threads * rounds)\n"))
        let values = (0..<rounds).reduce(0.0) { $0 + Double($1 % 3) + 0.5 }
        #expect(text.contains("\nspread_sum \(Int(values) * threads)\n"))
    }
}
