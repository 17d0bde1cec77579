import CommandLineInterface
import Metrics
import ProcessMetrics
import SystemIO
import Tailing

/// The `log_agent_*` families: what the agent knows of its own work, copied from its state at each scrape.
enum AgentMetrics {
    static func register(in registry: MetricRegistry, shared: SharedAgentState) throws(MetricDeclarationError) {
        try registerBuild(registry, shared)
        try registerSources(registry, shared)
        try registerFiles(registry, shared)
        try registerOutputs(registry, shared)
        try registerTransforms(registry, shared)
        try registerDerived(registry, shared)
        try registerConfiguration(registry, shared)
        try registry.registerProcess()
    }

    /// Named as Prometheus names its own.
    private static func registerConfiguration(_ registry: MetricRegistry, _ shared: SharedAgentState) throws(MetricDeclarationError) {
        try registry.collectGauge(
            "log_agent_config_last_reload_successful", help: "1 while the last attempt to load the configuration went well"
        ) { samples in
            samples.append(shared.update { $0.configuration.lastError == nil } ? 1 : 0)
        }
        try registry.collectGauge(
            "log_agent_config_last_reload_success_timestamp_seconds", help: "When the configuration in use was taken over"
        ) { samples in
            samples.append(Double(shared.update { $0.configuration.loadedAt }) / 1e9)
        }
    }

    private static func registerBuild(_ registry: MetricRegistry, _ shared: SharedAgentState) throws(MetricDeclarationError) {
        try registry.collectGauge("log_agent_build_info", help: "Version of log-agent, as labels of a constant 1", labels: ["version"]) {
            $0.append(1, Release.version)
        }
        try registry.collectGauge(
            "log_agent_catching_up", help: "1 while files are read up to their size at the start; derived metrics are withheld until then"
        ) { samples in
            samples.append(shared.update { $0.isCatchingUp } ? 1 : 0)
        }
        try registry.collectGauge("log_agent_checkpoint_age_seconds", help: "Time since the state was last written") { samples in
            let written = shared.update { $0.checkpointWrittenAt }
            if written > 0 { samples.append(seconds(since: written)) }
        }
        try registry.collectGauge("log_agent_checkpoint_bytes", help: "Size of the last checkpoint") { samples in
            samples.append(Double(shared.update { $0.checkpointBytes }))
        }
        try registry.collectCounter("log_agent_checkpoint_failures_total", help: "Checkpoints that could not be written") { samples in
            samples.append(Double(shared.update { $0.checkpointFailures }))
        }
    }

    private static func registerSources(_ registry: MetricRegistry, _ shared: SharedAgentState) throws(MetricDeclarationError) {
        func count(
            _ name: String, _ help: String, _ value: @escaping @Sendable (LinePipeline.LineCounts) -> UInt64
        ) throws(MetricDeclarationError) {
            try registry.collectCounter(name, help: help, labels: ["source"]) { samples in
                for (source, counts) in shared.update({ state in state.pipelines.map { ($0.source.name, $0.counts) } }) {
                    samples.append(Double(value(counts)), source)
                }
            }
        }
        try count("log_agent_read_lines_total", "Lines read and counted") { $0.lines }
        try count("log_agent_read_bytes_total", "Bytes of lines read and counted") { $0.bytes }
        try count("log_agent_parse_errors_total", "Lines that are not of the source's format; they are shipped as they are") {
            $0.parseErrors
        }
        try count("log_agent_timestamp_errors_total", "Lines whose time can't be read; they get the time they were seen") {
            $0.timestampErrors
        }
        try count("log_agent_truncated_lines_total", "Lines longer than max_line_bytes, cut") { $0.cutLines }
        try count("log_agent_truncated_bytes_total", "Bytes that cut lines lost") { $0.cutBytes }
        try count("log_agent_dropped_long_lines_total", "Lines over max_line_bytes that were dropped, as the source asks for") {
            $0.droppedLongLines
        }
        try count("log_agent_empty_lines_total", "Lines without a byte") { $0.emptyLines }
        try count("log_agent_replaced_sequences_total", "Byte sequences that are not UTF-8, shipped as U+FFFD") { $0.replacedSequences }
        try count("log_agent_unrecorded_times_total", "Lines without a time whose time could not be recorded before sending") {
            $0.unrecordedTimes
        }
        try count("log_agent_assembled_entries_total", "Entries made of the lines of sources with multiline, docker or cri") {
            $0.assembledEntries
        }
        try count("log_agent_split_entries_total", "Entries that reached max_lines or max_bytes; the lines behind made others") {
            $0.splitEntries
        }
        try count("log_agent_unrecorded_breaks_total", "Entries ended by the clock when that could not be recorded before sending") {
            $0.unrecordedBreaks
        }
        try registry.collectCounter("log_agent_read_errors_total", help: "Files that could not be read when it was their turn") { samples in
            samples.append(Double(shared.update { $0.readErrors }))
        }
    }

    private static func registerFiles(_ registry: MetricRegistry, _ shared: SharedAgentState) throws(MetricDeclarationError) {
        try registry.collectGauge("log_agent_files", help: "Files that are followed", labels: ["source", "state"]) { samples in
            for (source, named, rotated) in shared.update(fileCounts) {
                samples.append(Double(named), source, "named")
                samples.append(Double(rotated), source, "rotated")
            }
        }
        try registry.collectGauge("log_agent_lag_bytes", help: "Bytes in the files that are not read yet", labels: ["source"]) { samples in
            for (source, bytes) in shared.update({ lag($0) { $0.unreadBytes } }) { samples.append(Double(bytes), source) }
        }
        try registry.collectGauge(
            "log_agent_lag_seconds", help: "Longest time for which a file has had unread bytes", labels: ["source"]
        ) { samples in
            let now = SystemClock.monotonicNanoseconds()
            let lags = shared.update { state in
                state.settings.sources.indices.map { index in
                    let behind = state.files.values.filter { $0.sourceIndex == index && $0.unreadBytes > 0 && $0.lastAtEndNanoseconds > 0 }
                    return (state.settings.sources[index].name, behind.map(\.lastAtEndNanoseconds).min())
                }
            }
            for (source, since) in lags {
                samples.append(since.map { Double(SystemClock.nanoseconds(from: $0, to: now)) / 1e9 } ?? 0, source)
            }
        }
        try registry.collectCounter(
            "log_agent_lost_bytes_total", help: "Bytes that could not be read, or not delivered, before they went away", labels: ["cause"]
        ) { samples in
            let lost = shared.update { $0.lostBytes }
            for cause in TailedFile.LossCause.allCases { samples.append(Double(lost[cause] ?? 0), cause.rawValue) }
        }
    }

    private static func fileCounts(_ state: AgentState) -> [(source: String, named: Int, rotated: Int)] {
        state.settings.sources.indices.map { index in
            let files = state.files.values.filter { $0.sourceIndex == index }
            return (state.settings.sources[index].name, files.count { !$0.isRotatedAway }, files.count { $0.isRotatedAway })
        }
    }

    private static func lag(_ state: AgentState, _ value: (FileState) -> UInt64) -> [(String, UInt64)] {
        state.settings.sources.indices.map { index in
            (state.settings.sources[index].name, state.files.values.reduce(0) { $0 + ($1.sourceIndex == index ? value($1) : 0) })
        }
    }

    private static func registerDerived(_ registry: MetricRegistry, _ shared: SharedAgentState) throws(MetricDeclarationError) {
        func each(
            _ value: @escaping @Sendable (DerivedMetrics.Status) -> UInt64
        ) -> @Sendable (inout CollectedSamples) -> Void {
            { samples in
                for status in shared.update({ $0.derived.status }) { samples.append(Double(value(status)), status.name) }
            }
        }
        try registry.collectGauge(
            "log_agent_derived_series", help: "Series of a derived metric", labels: ["metric"], each { UInt64($0.series) })
        try registry.collectCounter(
            "log_agent_derived_lines_total", help: "Lines that fulfilled a derived metric's conditions", labels: ["metric"],
            each { $0.matchedLines })
        try registry.collectCounter(
            "log_agent_derived_overflow_total", help: "Updates that went to the overflow series, above max_series", labels: ["metric"],
            each { $0.overflowed })
        try registry.collectCounter(
            "log_agent_derived_value_errors_total", help: "Lines whose value for a derived metric is no usable number",
            labels: ["metric", "reason"]
        ) { samples in
            for status in shared.update({ $0.derived.status }) {
                for (reason, count) in status.valueErrors { samples.append(Double(count), status.name, reason.name) }
            }
        }
    }

    static func seconds(since wallNanoseconds: UInt64) -> Double {
        Double(SystemClock.nanoseconds(from: wallNanoseconds, to: SystemClock.wallNanoseconds())) / 1e9
    }
}
