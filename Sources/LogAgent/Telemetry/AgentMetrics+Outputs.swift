import Metrics
import SystemIO

extension AgentMetrics {
    static func registerOutputs(_ registry: MetricRegistry, _ shared: SharedAgentState) throws(MetricDeclarationError) {
        try registry.collectCounter(
            "log_agent_entries_total", help: "What became of lines at an output; read = all of these + pending",
            labels: ["output", "outcome"]
        ) { samples in
            for total in shared.update({ LedgerReport($0).totals }) {
                samples.append(Double(total.delivered.lines), total.output, "delivered")
                samples.append(Double(total.filtered.lines), total.output, "filtered")
                samples.append(Double(total.refused.lines), total.output, "refused")
                samples.append(Double(total.lost.lines), total.output, "lost")
            }
        }
        func gauge(
            _ name: String, _ help: String, _ value: @escaping @Sendable (AgentState, OutputPort) -> Double
        ) throws(MetricDeclarationError) {
            try registry.collectGauge(name, help: help, labels: ["output"]) { samples in
                let values = shared.update { state in state.outputs.map { ($0.settings.name, value(state, $0)) } }
                for (output, value) in values { samples.append(value, output) }
            }
        }
        try gauge("log_agent_pending_lines", "Lines read but not acknowledged") { Double($0.pending(at: $1).lines) }
        try gauge("log_agent_pending_bytes", "Bytes of lines read but not acknowledged") { Double($0.pending(at: $1).bytes) }
        try gauge("log_agent_pending_seconds", "Age of the oldest batch that is not acknowledged") { _, output in
            let now = SystemClock.monotonicNanoseconds()
            return output.oldestHeldNanoseconds.map { Double(SystemClock.nanoseconds(from: $0, to: now)) / 1e9 } ?? 0
        }
        try gauge("log_agent_output_healthy", "1 while pushes are not failing") { $1.sender.isHealthy ? 1 : 0 }
        try gauge("log_agent_held_bytes", "Bytes of batches, open or on their way") { Double($1.heldBytes) }
        try gauge("log_agent_open_batches", "Batches that still take entries") { Double($1.openBatchCount) }
        try gauge("log_agent_files_behind", "Files that were counted further than they were put into batches") { Double($1.filesBehind) }
    }
}
