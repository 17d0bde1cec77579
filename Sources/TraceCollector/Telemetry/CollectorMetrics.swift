import CommandLineInterface
import Metrics
import ProcessMetrics

/// The families of the collector's own state, collected at each scrape.
enum CollectorMetrics {
    static func register(
        in registry: MetricRegistry, ledger: SpanLedger, pending: @escaping @Sendable (Int) -> UInt64, intake: SegmentLog,
        delivery: SegmentLog, sampling: SamplingStage?, deriving: SpanDeriving?
    ) throws(MetricDeclarationError) {
        try registry.registerProcess()
        try registry.collectGauge("trace_collector_build_info", help: "1, with the version", labels: ["version"]) {
            $0.append(1, Release.version)
        }
        try registry.collectCounter(
            "trace_collector_rejected_spans_total", help: "Spans that were taken out, as receivers would refuse all because of them",
            labels: ["reason"]
        ) { samples in
            for reason in SpanLedger.rejections { samples.append(Double(ledger.rejectedSpans(reason)), reason.rawValue) }
        }
        try registry.collectCounter(
            "trace_collector_delivered_spans_total", help: "Spans that an output has taken", labels: ["output"]
        ) { samples in
            for output in ledger.outputs { samples.append(Double(output.deliveredSpans), output.name) }
        }
        try registry.collectCounter(
            "trace_collector_dropped_spans_total", help: "Spans that an output will never get", labels: ["output", "reason"]
        ) { samples in
            for output in ledger.outputs {
                for reason in SpanLedger.DropReason.allCases where !SpanLedger.rejections.contains(reason) {
                    samples.append(Double(output.droppedSpans(reason)), output.name, reason.rawValue)
                }
            }
        }
        try registry.collectGauge("trace_collector_pending_spans", help: "Spans that wait for an output", labels: ["output"]) { samples in
            for (index, output) in ledger.outputs.enumerated() { samples.append(Double(pending(index)), output.name) }
        }
        try registry.collectCounter("trace_collector_recovered_spans_total", help: "Spans that an earlier process has left") {
            $0.append(Double(ledger.recovered.value))
        }
        try registry.collectGauge("trace_collector_buffer_bytes", help: "Bytes of the buffer on the disk", labels: ["log"]) { samples in
            samples.append(Double(delivery.usedBytes), "delivery")
            if intake !== delivery { samples.append(Double(intake.usedBytes), "intake") }
        }
        if let sampling { try register(sampling, ledger, in: registry) }
        if let deriving { try register(deriving, in: registry) }
    }

    static func register(_ outputs: [Output], in registry: MetricRegistry) throws(MetricDeclarationError) {
        try registry.collectGauge(
            "trace_collector_requests_in_flight", help: "Requests on their way, those that wait for another try included",
            labels: ["output"]
        ) {
            for output in outputs { $0.append(Double(output.batchesUnderWay), output.name) }
        }
    }

    /// Gauges are named as Prometheus names its own.
    static func register(_ reloading: Reloading, in registry: MetricRegistry) throws(MetricDeclarationError) {
        try registry.collectGauge(
            "trace_collector_config_last_reload_successful", help: "1 while the last attempt to load the configuration went well"
        ) { $0.append(reloading.status.lastError == nil ? 1 : 0) }
        try registry.collectGauge(
            "trace_collector_config_last_reload_success_timestamp_seconds", help: "When the configuration in use was taken over"
        ) { $0.append(Double(reloading.status.loadedAt) / 1e9) }
        try registry.collectCounter(
            "trace_collector_config_reloads_total", help: "Attempts to take another configuration over (HUP)", labels: ["result"]
        ) { samples in
            samples.append(Double(reloading.status.reloads), "success")
            samples.append(Double(reloading.status.failedReloads), "failure")
        }
    }

    private static func register(
        _ sampling: SamplingStage, _ ledger: SpanLedger, in registry: MetricRegistry
    ) throws(MetricDeclarationError) {
        try registry.collectCounter("trace_collector_sampled_away_spans_total", help: "Spans of traces that no policy keeps") {
            $0.append(Double(ledger.sampledAway.value))
        }
        try registry.collectCounter("trace_collector_sampling_traces_total", help: "Traces by decision", labels: ["decision"]) { samples in
            let counts = sampling.report.counts
            samples.append(Double(counts.keptTraces), "kept")
            samples.append(Double(counts.droppedTraces), "dropped")
        }
        try registry.collectCounter(
            "trace_collector_sampling_kept_traces_total", help: "Kept traces by the policy that kept them", labels: ["policy"]
        ) { samples in
            for (policy, count) in sampling.report.counts.keptBy.sorted(by: { $0.key < $1.key }) { samples.append(Double(count), policy) }
        }
        try registry.collectCounter(
            "trace_collector_sampling_early_decisions_total", help: "Traces that were decided before their time for want of memory"
        ) { $0.append(Double(sampling.report.counts.earlyTraces)) }
        try registry.collectCounter(
            "trace_collector_sampling_late_spans_total", help: "Spans that came after the decision on their trace"
        ) { $0.append(Double(sampling.report.counts.lateSpans)) }
        try registry.collectGauge("trace_collector_sampling_open_traces", help: "Traces that wait for their decision") {
            $0.append(Double(sampling.report.openTraces))
        }
        try registry.collectGauge("trace_collector_sampling_memory_bytes", help: "Memory of spans that wait for their decision") {
            $0.append(Double(sampling.report.usedBytes))
        }
    }

    private static func register(_ deriving: SpanDeriving, in registry: MetricRegistry) throws(MetricDeclarationError) {
        try registry.collectGauge("trace_collector_derived_series", help: "Series of a derived metric", labels: ["metric"]) { samples in
            for family in deriving.families { samples.append(Double(family.series), family.name) }
        }
        try registry.collectCounter(
            "trace_collector_derived_overflow_total", help: "Updates that went to the overflow series, above max_series", labels: ["metric"]
        ) { samples in
            for family in deriving.families { samples.append(Double(family.overflowedUpdates), family.name) }
        }
        try registry.collectCounter(
            "trace_collector_service_graph_unpaired_total", help: "Calls that count nowhere", labels: ["reason"]
        ) { samples in
            let unpaired = deriving.unpaired
            samples.append(Double(unpaired.expired), "expired")
            samples.append(Double(unpaired.dropped), "too_many")
        }
        try registry.collectGauge("trace_collector_service_graph_waiting_calls", help: "Calls that wait for their other half") {
            $0.append(Double(deriving.unpaired.waiting))
        }
    }
}
