import Configuration
import ConnectionSettings
import HTTP

/// A configuration that can be run, with what looked odd in it.
struct LoadedSettings {
    var settings: LogAgentSettings
    /// In the order of the files' lines.
    var warnings: [ConfigurationProblem]
    /// What was read: the configuration itself, then its recipes.
    var files: [String] { contents.map(\.name) }
    /// The same with what stands in them.
    var contents: [ConfigurationDifference.Content]
}

extension LogAgentSettings {
    /// Reads the configuration file at `path` and the recipes that it names; the built-in configuration where that is nil.
    /// Throws every error at once.
    static func load(_ path: String?, environment: @escaping (String) -> String?) throws(ConfigurationError) -> LoadedSettings {
        let problems = ConfigurationProblems()
        let file =
            if let path {
                ConfigurationFile.read(path, problems: problems)
            } else {
                ConfigurationFile(
                    EmbeddedConfiguration.configuration, name: EmbeddedConfiguration.name, directory: EmbeddedConfiguration.directory,
                    problems: problems)
            }
        return try load(file, environment: environment, problems: problems)
    }

    /// The same for a file that was parsed already; nil where that failed.
    static func load(
        _ file: ConfigurationFile?, environment: @escaping (String) -> String?, problems: ConfigurationProblems
    ) throws(ConfigurationError) -> LoadedSettings {
        var files = [file].compactMap(\.self)
        let root = file?.root(environment: environment, problems: problems)
        let settings = root?.object { LogAgentSettings(reading: $0, files: &files) }
        guard let settings, !problems.hasErrors else { throw ConfigurationError(problems.sorted) }
        return LoadedSettings(settings: settings, warnings: problems.sorted, contents: files.map(\.content))
    }

    /// Parts with errors hold placeholders: the load fails then.
    private init(reading object: ConfigurationObject, files: inout [ConfigurationFile]) {
        let root = object.node
        let data = root.environment("TAILSPAN_DATA").flatMap { $0.isEmpty ? nil : $0 } ?? "/var/lib/tailspan"

        // For editors.
        _ = object["$schema"]?.string()
        dataDirectory = object["data_dir"].map { $0.absolutePath() ?? "" } ?? data + "/log-agent"
        if !data.hasPrefix("/") && (object["data_dir"] == nil || object["outputs"] == nil) {
            root.tell("The environment variable TAILSPAN_DATA is not an absolute path.")
        }
        memoryBytes = object["memory"].map { $0.size(in: 4 << 20...64 << 30).map(Int.init) ?? 0 } ?? 32 << 20
        server =
            object["server"].map { $0.object(ServerSettings.init(reading:)) ?? ServerSettings(listen: "", bearerToken: nil) }
            ?? ServerSettings(listen: ServerSettings.defaultListen, bearerToken: nil)
        spill = object["spill"]?.object(SpillSettings.init(reading:)) ?? SpillSettings()
        sources = object.required("sources", "[{ name: \"app\", include: [\"/var/log/app/*.log\"] }]").map(SourceSettings.readAll) ?? []
        let steps = object["transforms"]

        let recipes = object["recipes"]?.elementsOrSelf().flatMap { Recipe.readMetrics(namedBy: $0, files: &files) } ?? []
        let own = object["metrics"].map { MetricSettings.readAll($0, recipes: recipes) } ?? []
        let placed = MetricSettings.merge(recipes: recipes, own: own)
        metrics = placed.map(\.metric)

        outputs = object["outputs"].map(OutputSettings.readAll) ?? [OutputSettings.local(path: data + "/logs")]
        let names = TransformSettings.Names(
            sources: object["sources"]?.wholeNames(sources.map(\.name)) ?? nil,
            outputs: object["outputs"]?.wholeNames(outputs.map(\.name)) ?? outputs.map(\.name))
        transforms = steps.map { TransformSettings.readAll($0, names: names) } ?? []
        if let steps { warn(about: steps) }
        let reachability = MetricReachability(sources: sources, transforms: transforms)
        for metric in placed where !root.problems.hasErrors { reachability.warn(about: metric) }
        if memoryBytes > 0 { tellWhatNeedsMoreMemory(object) }
    }

    /// Steps that do other things than one may think.
    private func warn(about node: ConfigurationNode) {
        guard let elements = node.elements(), elements.count == transforms.count else { return }
        for (element, step) in zip(elements, transforms) {
            let own = element.member(step.action.key)
            let concerned = sources.filter { step.applies(toSource: $0.name) }
            switch step.action {
            case .truncate(let settings) where settings.fields.isEmpty && concerned.contains { $0.format == .json }:
                own.warn(
                    "`\(own.path)` cuts whole lines: a line of JSON that is cut is not JSON any more.",
                    hint: "Name the long fields: fields: [\"message\"].")
            case .dedupe(let settings) where settings.fields.isEmpty && concerned.contains { $0.timestamp != nil }:
                own.warn(
                    "`\(own.path)` compares whole lines: two with different times are never the same.",
                    hint: "Name what makes lines the same: fields: [\"level\", \"message\"].")
            default: break
            }
        }
    }

    private func tellWhatNeedsMoreMemory(_ object: ConfigurationObject) {
        let root = object.node
        for source in sources where source.maximumLineBytes > memoryBytes / 4 {
            (object["memory"] ?? root).tell(
                "`memory` is \(SizeText.text(UInt64(memoryBytes))), but source `\(source.name)` has max_line_bytes "
                    + "\(SizeText.text(UInt64(source.maximumLineBytes))); a line must fit into a quarter of it.",
                hint: "Raise `memory`, or lower `max_line_bytes`.")
        }
        for source in sources {
            guard let maximumBytes = source.multiline?.maximumBytes, maximumBytes > memoryBytes / 4 else { continue }
            // Without one of its own it has that of lines.
            guard maximumBytes != source.maximumLineBytes else { continue }
            (object["memory"] ?? root).tell(
                "`memory` is \(SizeText.text(UInt64(memoryBytes))), but source `\(source.name)` has multiline.max_bytes "
                    + "\(SizeText.text(UInt64(maximumBytes))); an entry must fit into a quarter of it.",
                hint: "Raise `memory`, or lower `multiline.max_bytes`.")
        }
        let batchBytes = outputs.reduce(0) { $0 + $1.batch.maximumBytes * ($1.inFlight + 1) }
        if batchBytes > memoryBytes {
            (object["memory"] ?? root).tell(
                "`memory` is \(SizeText.text(UInt64(memoryBytes))), but the outputs may need \(SizeText.text(UInt64(batchBytes))):"
                    + " for each (in_flight + 1) × batch.max_bytes.", hint: "Raise `memory`, or lower one of the two.")
        }
    }
}

extension ServerSettings {
    static let defaultListen = "127.0.0.1:9144"

    fileprivate init(reading object: ConfigurationObject) {
        self.init(reading: object, defaultListen: Self.defaultListen, exposing: "read metrics and status")
    }
}

extension ConfigurationNode {
    /// `names`, if there is one for each element of this list.
    fileprivate func wholeNames(_ names: [String]) -> [String]? {
        if case .array(let values) = value, values.count == names.count, !names.contains("") { names } else { nil }
    }
}
