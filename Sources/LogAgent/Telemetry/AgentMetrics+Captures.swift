import Metrics

/// Of sources that are no files. Families that no source of the configuration can have are not there.
extension AgentMetrics {
    static func registerCaptures(_ captures: [CaptureState], in registry: MetricRegistry) throws(MetricDeclarationError) {
        guard !captures.isEmpty else { return }
        try registerSegments(captures, registry)
        let services = captures.filter { $0.current.exec != nil }
        if !services.isEmpty { try registerServices(services, registry) }
        let sockets = captures.filter { $0.current.syslog != nil }
        if !sockets.isEmpty { try registerSockets(sockets, registry) }
    }

    private static func registerSegments(_ captures: [CaptureState], _ registry: MetricRegistry) throws(MetricDeclarationError) {
        try registry.collectCounter(
            "log_agent_captured_lines_total", help: "Lines that came from no file and were written to capture segments", labels: ["source"]
        ) { samples in
            for capture in captures { samples.append(Double(capture.written.lines), capture.name) }
        }
        try registry.collectCounter(
            "log_agent_captured_bytes_total", help: "Bytes of lines written to capture segments", labels: ["source"]
        ) { samples in
            for capture in captures { samples.append(Double(capture.written.bytes), capture.name) }
        }
        try registry.collectGauge(
            "log_agent_capture_stored_bytes", help: "Bytes of capture segments on the disk", labels: ["source"]
        ) { samples in
            for capture in captures { samples.append(Double(capture.budget.usedBytes), capture.name) }
        }
        try registry.collectGauge(
            "log_agent_capture_max_bytes", help: "Bytes of capture segments at which a source is not read any more", labels: ["source"]
        ) { samples in
            for capture in captures { samples.append(Double(capture.budget.maximumBytes), capture.name) }
        }
        try registry.collectGauge(
            "log_agent_capture_paused", help: "1 while a source is not read, because its segments take no more",
            labels: ["source", "reason"]
        ) { samples in
            for capture in captures {
                let pause = capture.current.pause
                for reason in CaptureState.Pause.allCases { samples.append(pause == reason ? 1 : 0, capture.name, reason.rawValue) }
            }
        }
        try registry.collectCounter(
            "log_agent_capture_torn_lines_total", help: "Lines whose end was not written when the agent before was killed",
            labels: ["source"]
        ) { samples in
            for capture in captures { samples.append(Double(capture.tornLines), capture.name) }
        }
        func drops(
            _ name: String, _ help: String, _ value: @escaping @Sendable (CaptureState.Counts) -> [CaptureState.DropReason: UInt64]
        ) throws(MetricDeclarationError) {
            try registry.collectCounter(name, help: help, labels: ["source", "reason"]) { samples in
                for capture in captures {
                    let dropped = value(capture.current)
                    for reason in CaptureState.DropReason.allCases {
                        samples.append(Double(dropped[reason] ?? 0), capture.name, reason.rawValue)
                    }
                }
            }
        }
        try drops("log_agent_capture_dropped_messages_total", "Lines or messages that are not captured, or not whole, by reason") {
            $0.droppedMessages
        }
        try drops("log_agent_capture_dropped_bytes_total", "Bytes that arrived and are not captured, by reason") { $0.droppedBytes }
    }

    private static func registerServices(_ services: [CaptureState], _ registry: MetricRegistry) throws(MetricDeclarationError) {
        func gauge(
            _ name: String, _ help: String, _ value: @escaping @Sendable (ExecCounts) -> Double
        ) throws(MetricDeclarationError) {
            try registry.collectGauge(name, help: help, labels: ["source"]) { samples in
                for service in services {
                    if let counts = service.current.exec { samples.append(value(counts), service.name) }
                }
            }
        }
        try gauge("log_agent_exec_running", "1 while the service runs") { $0.pid == nil ? 0 : 1 }
        try gauge("log_agent_exec_start_time_seconds", "Last start of the service, since 1970; 0 before the first") {
            Double($0.startedAt) / 1e9
        }
        try registry.collectCounter(
            "log_agent_exec_restarts_total", help: "Starts of the service after the first", labels: ["source"]
        ) { samples in
            for service in services { samples.append(Double(service.current.exec?.restarts ?? 0), service.name) }
        }
    }

    private static func registerSockets(_ sockets: [CaptureState], _ registry: MetricRegistry) throws(MetricDeclarationError) {
        try registry.collectGauge("log_agent_syslog_connections", help: "Open connections", labels: ["source"]) { samples in
            for socket in sockets { samples.append(Double(socket.current.syslog?.connections ?? 0), socket.name) }
        }
        try registry.collectCounter("log_agent_syslog_accepted_total", help: "Connections that were accepted", labels: ["source"]) {
            samples in
            for socket in sockets { samples.append(Double(socket.current.syslog?.accepted ?? 0), socket.name) }
        }
        try registry.collectCounter(
            "log_agent_syslog_closed_total", help: "Connections that the agent closed, by reason", labels: ["source", "reason"]
        ) { samples in
            for socket in sockets {
                let refused = socket.current.syslog?.refused ?? [:]
                for reason in SyslogCounts.Refusal.allCases {
                    samples.append(Double(refused[reason] ?? 0), socket.name, reason.rawValue)
                }
            }
        }
        try registry.collectCounter(
            "log_agent_syslog_messages_total", help: "Messages that arrived, by transport", labels: ["source", "transport"]
        ) { samples in
            for socket in sockets {
                let messages = socket.current.syslog?.messages ?? [:]
                for transport in SyslogCounts.Transport.allCases {
                    samples.append(Double(messages[transport] ?? 0), socket.name, transport.rawValue)
                }
            }
        }
        try registry.collectCounter(
            "log_agent_syslog_empty_messages_total", help: "Messages without a byte; they make no line", labels: ["source"]
        ) { samples in
            for socket in sockets { samples.append(Double(socket.current.syslog?.emptyMessages ?? 0), socket.name) }
        }
    }
}
