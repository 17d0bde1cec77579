import Configuration

extension ConfigurationNode {
    /// Labels or metadata: names with constants or fields, sorted by name.
    ///
    /// `reserved` are names that this place must not use, each with the reason.
    func namedTemplates(_ what: String, reserved: [String: String] = [:]) -> [NamedTemplate] {
        var templates: [NamedTemplate] = []
        for (name, node) in members() ?? [] {
            if !Self.isLabelName(name) {
                node.tell(
                    "`\(node.path)`: \(ConfigurationValue.quoted(name)) is not a \(what) name; use letters, digits and `_`, not starting with a digit.",
                    at: .key)
            } else if name.hasPrefix("__") {
                node.tell("`\(node.path)`: names that start with `__` are reserved.", at: .key)
            } else if let reason = reserved[name] {
                node.tell("`\(node.path)`: \(reason).", at: .key)
            }
            if let template = node.template() { templates.append(NamedTemplate(name: name, template: template)) }
        }
        return templates.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
