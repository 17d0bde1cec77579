extension ConfigurationNode {
    /// Tells names that several elements of this list share.
    package func tellRepeatedNames(_ elements: [(node: ConfigurationNode, name: String?)], of what: String) {
        var first: [String: ConfigurationNode] = [:]
        for (node, name) in elements {
            guard let name, !name.isEmpty else { continue }
            if let other = first[name] {
                let member = node.member("name")
                member.tell(
                    "`\(member.path)` is \(ConfigurationValue.quoted(name)), as is the \(what) `\(other.path)`; give each its own name.")
            } else {
                first[name] = node
            }
        }
    }
}
