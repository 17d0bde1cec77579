import Configuration

extension TransformSettings {
    static func read(_ node: ConfigurationNode) -> TransformSettings? {
        let found = node.object { object in
            let drop = object["drop"].map { TransformSettings.drop(conditions(of: $0)) }
            let keep = object["keep"].map { TransformSettings.keep(conditions(of: $0)) }
            for key in ["redact", "truncate", "sample", "limit", "dedupe", "rename", "add", "remove", "route"] {
                object.later(key, "Supported: `drop` and `keep`.")
            }
            return [drop, keep].compactMap(\.self)
        }
        guard case .object(let members) = node.value else { return nil }
        if members.isEmpty || members.count > 1 && found?.count != 1 {
            node.tell(
                "`\(node.path)` must hold one step, `drop` or `keep`.",
                hint: "Each step is an element of its own: { drop: { where: {…} } }.")
        }
        return found?.first
    }

    private static func conditions(of node: ConfigurationNode) -> [FieldCondition] {
        let conditions = node.object { object in object.required("where", "{ level: \"DEBUG\" }").map(FieldCondition.readAll) }
        if case .object(let members) = node.value, members["where"] == .object([:]) {
            node.tell("`\(node.path).where` is empty: it would take every line.", hint: "Name at least one field.")
        }
        return (conditions ?? nil) ?? []
    }
}
