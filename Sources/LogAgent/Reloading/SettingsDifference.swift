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

/// How a new configuration differs from the running one, by what is done about it.
struct SettingsDifference: Equatable, Sendable {
    /// Of what a reload takes over: sources that are no files come and go with a restart.
    var sources: NamedDifference
    var outputs: NamedDifference
    var metrics: NamedDifference
    var transforms: NamedDifference
    /// Settings that only a restart takes over, and that have changed.
    var restarts: [String] = []
    /// Sources that are no files and are not in the new configuration: they go on until a restart.
    var keptSources: [String] = []
    /// Sources that are no files and are new: they begin with a restart.
    var waitingSources: [String] = []

    init(_ old: LogAgentSettings, _ new: LogAgentSettings) {
        sources = NamedDifference(old.sources, new.withoutRestart(running: old).sources, name: \.name)
        outputs = NamedDifference(old.outputs, new.outputs, name: \.name)
        metrics = NamedDifference(old.metrics, new.metrics, name: \.name)
        transforms = NamedDifference(old.transforms, new.transforms, name: \.name)
        if old.dataDirectory != new.dataDirectory { restarts.append("data_dir") }
        if old.server.listen != new.server.listen { restarts.append("server.listen") }
        var server = new.server
        server.listen = old.server.listen
        if server != old.server { restarts.append("server (token, TLS)") }
        restarts += Self.captureRestarts(old, new)
        keptSources = old.sources.filter { before in before.kind != .file && !new.sources.contains { $0.name == before.name } }.map(\.name)
        waitingSources = new.sources.filter { after in after.kind != .file && !old.sources.contains { $0.name == after.name } }.map(\.name)
    }
}

extension SettingsDifference {
    /// Sources that are no files have threads, sockets and services of their own, which stay as they are.
    private static func captureRestarts(_ old: LogAgentSettings, _ new: LogAgentSettings) -> [String] {
        new.sources.compactMap { after in
            guard let before = old.sources.first(where: { $0.name == after.name }) else { return nil }
            return before.kind == after.kind && before.capture == after.capture ? nil : "source \(after.name)"
        }
    }
}

extension LogAgentSettings {
    /// With what only a restart takes over as in `running`.
    func withoutRestart(running: LogAgentSettings) -> LogAgentSettings {
        var settings = self
        settings.dataDirectory = running.dataDirectory
        settings.server = running.server
        let gone = running.sources.filter { before in before.kind != .file && !sources.contains { $0.name == before.name } }
        settings.sources =
            sources.compactMap { source in
                guard let before = running.sources.first(where: { $0.name == source.name }) else {
                    return source.kind == .file ? source : nil
                }
                guard before.kind == .file || source.kind == .file else { return source.captured(as: before) }
                return before.kind == source.kind ? source : before
            } + gone
        return settings
    }
}

extension SourceSettings {
    /// With what comes in, and how it is stored, as in `running`.
    fileprivate func captured(as running: SourceSettings) -> SourceSettings {
        var source = self
        source.kind = running.kind
        source.capture = running.capture
        source.maximumLineBytes = running.maximumLineBytes
        return source
    }
}
