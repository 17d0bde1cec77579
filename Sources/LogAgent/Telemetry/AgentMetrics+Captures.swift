import Metrics

/// Of sources that are no files. Families that no source of the configuration can have are not there.
extension AgentMetrics {
    static func registerCaptures(_ captures: [CaptureState], in registry: MetricRegistry) throws(MetricDeclarationError) {
        guard !captures.isEmpty else { return }
        try registerSegments(CaptureFamilies(captures, registry))
        let services = captures.filter { $0.current.exec != nil }
        if !services.isEmpty { try registerServices(CaptureFamilies(services, registry)) }
        let sockets = captures.filter { $0.current.syslog != nil }
        if !sockets.isEmpty { try registerSockets(CaptureFamilies(sockets, registry)) }
    }

    private static func registerSegments(_ families: CaptureFamilies) throws(MetricDeclarationError) {
        try families.counter(
            "log_agent_captured_lines_total", "Lines that came from no file and were written to capture segments"
        ) { Double($0.written.lines) }
        try families.counter("log_agent_captured_bytes_total", "Bytes of lines written to capture segments") { Double($0.written.bytes) }
        try families.gauge("log_agent_capture_stored_bytes", "Bytes of capture segments on the disk") { Double($0.budget.usedBytes) }
        try families.gauge("log_agent_capture_max_bytes", "Bytes of capture segments at which a source is not read any more") {
            Double($0.budget.maximumBytes)
        }
        try families.gauge(
            "log_agent_capture_paused", "1 while a source is not read, because its segments take no more", by: "reason",
            CaptureState.Pause.self
        ) { capture in
            let pause = capture.current.pause
            return { pause == $0 ? 1 : 0 }
        }
        try families.counter("log_agent_capture_torn_lines_total", "Lines whose end was not written when the agent before was killed") {
            Double($0.tornLines)
        }
        try families.counter(
            "log_agent_capture_dropped_messages_total", "Lines or messages that are not captured, or not whole, by reason", by: "reason",
            CaptureState.DropReason.self
        ) { $0.current.droppedMessages }
        try families.counter(
            "log_agent_capture_dropped_bytes_total", "Bytes that arrived and are not captured, by reason", by: "reason",
            CaptureState.DropReason.self
        ) { $0.current.droppedBytes }
    }

    private static func registerServices(_ families: CaptureFamilies) throws(MetricDeclarationError) {
        try families.gauge("log_agent_exec_running", "1 while the service runs") { $0.current.exec?.pid == nil ? 0 : 1 }
        try families.gauge("log_agent_exec_start_time_seconds", "Last start of the service, since 1970; 0 before the first") {
            Double($0.current.exec?.startedAt ?? 0) / 1e9
        }
        try families.counter("log_agent_exec_restarts_total", "Starts of the service after the first") {
            Double($0.current.exec?.restarts ?? 0)
        }
    }

    private static func registerSockets(_ families: CaptureFamilies) throws(MetricDeclarationError) {
        try families.gauge("log_agent_syslog_connections", "Open connections") { Double($0.current.syslog?.connections ?? 0) }
        try families.counter("log_agent_syslog_accepted_total", "Connections that were accepted") {
            Double($0.current.syslog?.accepted ?? 0)
        }
        try families.counter(
            "log_agent_syslog_closed_total", "Connections that the agent closed, by reason", by: "reason", SyslogCounts.Refusal.self
        ) { $0.current.syslog?.refused ?? [:] }
        try families.counter(
            "log_agent_syslog_messages_total", "Messages that arrived, by transport", by: "transport", SyslogCounts.Transport.self
        ) { $0.current.syslog?.messages ?? [:] }
        try families.counter("log_agent_syslog_empty_messages_total", "Messages without a byte; they make no line") {
            Double($0.current.syslog?.emptyMessages ?? 0)
        }
    }
}

/// Declares families with a series for each of some sources.
private struct CaptureFamilies {
    private let captures: [CaptureState]
    private let registry: MetricRegistry

    init(_ captures: [CaptureState], _ registry: MetricRegistry) {
        self.captures = captures
        self.registry = registry
    }

    func counter(
        _ name: String, _ help: String, _ value: @escaping @Sendable (CaptureState) -> Double
    ) throws(MetricDeclarationError) {
        try registry.collectCounter(name, help: help, labels: ["source"]) { [captures] samples in
            for capture in captures { samples.append(value(capture), capture.name) }
        }
    }

    func gauge(
        _ name: String, _ help: String, _ value: @escaping @Sendable (CaptureState) -> Double
    ) throws(MetricDeclarationError) {
        try registry.collectGauge(name, help: help, labels: ["source"]) { [captures] samples in
            for capture in captures { samples.append(value(capture), capture.name) }
        }
    }

    /// The same for each case of a second label.
    func counter<Case: CaseIterable & RawRepresentable<String> & Hashable & Sendable>(
        _ name: String, _ help: String, by label: String, _: Case.Type, _ values: @escaping @Sendable (CaptureState) -> [Case: UInt64]
    ) throws(MetricDeclarationError) {
        try registry.collectCounter(name, help: help, labels: ["source", label]) { [captures] samples in
            for capture in captures {
                let values = values(capture)
                for one in Case.allCases { samples.append(Double(values[one] ?? 0), capture.name, one.rawValue) }
            }
        }
    }

    func gauge<Case: CaseIterable & RawRepresentable<String> & Sendable>(
        _ name: String, _ help: String, by label: String, _: Case.Type, _ values: @escaping @Sendable (CaptureState) -> (Case) -> Double
    ) throws(MetricDeclarationError) {
        try registry.collectGauge(name, help: help, labels: ["source", label]) { [captures] samples in
            for capture in captures {
                let value = values(capture)
                for one in Case.allCases { samples.append(value(one), capture.name, one.rawValue) }
            }
        }
    }
}
