import Configuration

/// A file of ready-made metrics that a configuration names in `recipes`.
enum Recipe {
    /// `node` names a file, relative to its own, or a built-in recipe: `"nginx"`.
    static func readMetrics(namedBy node: ConfigurationNode, files: inout [ConfigurationFile]) -> [PlacedMetric] {
        guard let name = node.string() else { return [] }
        guard let file = file(named: name, by: node) else { return [] }
        if files.contains(where: { $0.name == file.name }) {
            node.tell("`\(node.path)`: \(file.name) is there already.")
            return []
        }
        files.append(file)
        let root = file.root(environment: node.environment, problems: node.problems)
        let metrics = root.object { object in
            _ = object["$schema"]?.string()
            _ = object["description"]?.string()
            object.later("sources")
            object.later("transforms")
            return object["metrics"].map { MetricSettings.readAll($0) } ?? []
        }
        return metrics ?? []
    }

    private static func file(named name: String, by node: ConfigurationNode) -> ConfigurationFile? {
        let isBuiltInName = !name.contains("/") && !name.contains(".")
        let isBuiltIn = node.file.directory == EmbeddedConfiguration.directory
        let builtInName = isBuiltInName ? name : isBuiltIn ? EmbeddedConfiguration.recipeName(ofPath: name) : nil
        if let builtInName, let text = EmbeddedConfiguration.recipes[builtInName] {
            return ConfigurationFile(
                text, name: "built-in recipe \(builtInName)", directory: EmbeddedConfiguration.directory, problems: node.problems)
        }
        let known = EmbeddedConfiguration.recipes.keys.sorted()
        if isBuiltInName || isBuiltIn {
            node.tell(
                "`\(node.path)` is \(ConfigurationValue.quoted(name)), which is not a built-in recipe; use \(ConfigurationNode.list(known)).",
                hint: Suggestion.nearest(to: name, among: known).map { "Did you mean \"\($0)\"?" }
                    ?? "A file's name ends in .json5: \"recipes/\(name).json5\".")
            return nil
        }
        let path = node.file.resolve(name)
        do throws(SmallFileError) {
            return try ConfigurationFile(path: path, problems: node.problems)
        } catch {
            let base = name.split(separator: "/").last.map { $0.hasSuffix(".json5") ? String($0.dropLast(6)) : String($0) } ?? name
            node.tell(
                "`\(node.path)`: cannot read the recipe: \(error).",
                hint: known.contains(base) ? "It is built in, too: write \"\(base)\"." : "Paths are relative to this file.")
            return nil
        }
    }
}
