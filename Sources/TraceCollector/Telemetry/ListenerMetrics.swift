import HTTP
import Metrics

/// What clients do to the listener of `receivers.otlp_http`.
enum ListenerMetrics {
    static func register(
        in registry: MetricRegistry, _ statistics: @escaping @Sendable () -> HTTPServerStatistics
    ) throws(MetricDeclarationError) {
        try registry.collectGauge("trace_collector_receiver_connections", help: "Open connections") {
            $0.append(Double(statistics().openConnections))
        }
        for count in HTTPServerStatistics.counts {
            try registry.collectCounter("trace_collector_receiver_\(count.name)_total", help: count.help) {
                $0.append(Double(count.value(statistics())))
            }
        }
    }
}
