/// What a new configuration changes in a collector that runs.
struct SettingsDifference: Equatable {
    /// Outputs whose settings are taken over.
    var outputs: [OutputSettings] = []
    /// Taken over; nil: as it is.
    var sampling: TailSampler.Settings?
    /// Settings that have changed, and that only a restart takes over.
    var restarts: [String] = []

    init(_ old: TraceCollectorSettings, _ new: TraceCollectorSettings) {
        func needsRestart<Value: Equatable>(_ path: String, _ value: (TraceCollectorSettings) -> Value) {
            if value(old) != value(new) { restarts.append(path) }
        }
        needsRestart("data_dir", \.dataDirectory)
        needsRestart("server", \.server)
        needsRestart("receivers.otlp_http", \.otlpHTTP)
        needsRestart("receivers.files", \.files)
        needsRestart("span_metrics", \.spanMetrics)
        needsRestart("service_graph", \.serviceGraph)
        needsRestart("buffer", \.buffer)
        switch (old.sampling, new.sampling) {
        case (let before?, let after?): sampling = before == after ? nil : after
        case (nil, nil): break
        // What is not decided has a log of its own.
        default: restarts.append("sampling (on or off)")
        }
        compareOutputs(old.outputs, new.outputs)
    }

    private mutating func compareOutputs(_ old: [OutputSettings], _ new: [OutputSettings]) {
        for after in new {
            guard let before = old.first(where: { $0.name == after.name }) else {
                restarts.append("outputs.\(after.name) (new)")
                continue
            }
            if before == after { continue }
            if before.canBecome(after) { outputs.append(after) } else { restarts.append("outputs.\(after.name)") }
        }
        for before in old where !new.contains(where: { $0.name == before.name }) { restarts.append("outputs.\(before.name) (removed)") }
    }
}

extension OutputSettings {
    /// Whether a running output can take these over: where requests go, and what they look like. A directory stays as it is.
    fileprivate func canBecome(_ other: OutputSettings) -> Bool {
        switch (destination, other.destination) {
        case (.otlp, .otlp): true
        case (.directory(let before), .directory(let after)): before == after && compression == other.compression
        case (.otlp, .directory), (.directory, .otlp): false
        }
    }
}

extension TraceCollectorSettings {
    /// With what was taken over of another configuration.
    func adopting(_ difference: SettingsDifference) -> TraceCollectorSettings {
        var settings = self
        if let sampling = difference.sampling { settings.sampling = sampling }
        settings.outputs = outputs.map { output in difference.outputs.first { $0.name == output.name } ?? output }
        return settings
    }
}
