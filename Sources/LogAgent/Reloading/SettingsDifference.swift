/// What has names, and how it differs between two configurations.
struct NamedDifference: Equatable, Sendable {
    var added: [String] = []
    var removed: [String] = []
    var changed: [String] = []

    init<Settings: Equatable>(_ old: [Settings], _ new: [Settings], name: (Settings) -> String) {
        let before = Dictionary(old.map { (name($0), $0) }) { first, _ in first }
        let after = Dictionary(new.map { (name($0), $0) }) { first, _ in first }
        added = new.map(name).filter { before[$0] == nil }
        removed = old.map(name).filter { after[$0] == nil }
        changed = new.map(name).filter { name in before[name] != nil && before[name] != after[name] }
    }

    var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
}

/// How a new configuration differs from the running one, by what must be done about it.
struct SettingsDifference: Equatable, Sendable {
    var sources: NamedDifference
    var outputs: NamedDifference
    var metrics: NamedDifference
    /// Settings that only a restart takes over, and that have changed.
    var restarts: [String] = []

    init(_ old: LogAgentSettings, _ new: LogAgentSettings) {
        sources = NamedDifference(old.sources, new.sources, name: \.name)
        outputs = NamedDifference(old.outputs, new.outputs, name: \.name)
        metrics = NamedDifference(old.metrics, new.metrics, name: \.name)
        if old.dataDirectory != new.dataDirectory { restarts.append("data_dir") }
        if old.server.listen != new.server.listen { restarts.append("server.listen") }
        var server = new.server
        server.listen = old.server.listen
        if server != old.server { restarts.append("server (token, TLS)") }
    }
}

extension LogAgentSettings {
    /// With what only a restart takes over as in `running`.
    func withoutRestart(running: LogAgentSettings) -> LogAgentSettings {
        var settings = self
        settings.dataDirectory = running.dataDirectory
        settings.server = running.server
        return settings
    }
}
