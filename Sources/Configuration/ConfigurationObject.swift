/// The members of an object whose keys are known. Every key that is asked for counts as known; lives within
/// ``ConfigurationNode/object(_:)``.
package final class ConfigurationObject {
    package let node: ConfigurationNode
    private let members: [String: ConfigurationValue]
    /// In the order they were asked for, which is the order they are told in.
    private var known: [String] = []
    private var told: Set<String> = []
    /// What is required and not there, with an example: told at last, as it may be there under a misspelt name.
    private var missing: [(key: String, hint: String?)] = []

    init(_ node: ConfigurationNode, members: [String: ConfigurationValue]) {
        self.node = node
        self.members = members
    }

    /// nil where the key is missing or null.
    package subscript(key: String) -> ConfigurationNode? {
        if !known.contains(key) { known.append(key) }
        guard let value = members[key], value != .null else { return nil }
        return node.child(value, node.path.appending(key))
    }

    /// The same; a missing key is told.
    package func required(_ key: String, _ example: String? = nil) -> ConfigurationNode? {
        if let member = self[key] { return member }
        let hint = example.map { "For example: \(key): \($0)" }
        if members[key] != nil {
            node.child(.null, node.path.appending(key)).tell("`\(node.path.appending(key))` is null; it needs a value.", hint: hint)
        } else {
            missing.append((key, hint))
        }
        return nil
    }

    /// Whether the key is there, whatever its value.
    package func has(_ key: String) -> Bool { members[key] != nil }

    /// Whether the key is there with the value null, which can mean something else than its absence.
    package func isNull(_ key: String) -> Bool {
        if !known.contains(key) { known.append(key) }
        return members[key] == .null
    }

    /// Tells that `key`, where it is there, is a good idea but not there yet.
    package func later(_ key: String, _ instead: String? = nil) {
        guard let value = members[key] else { return }
        told.insert(key)
        if value == .null { return }
        let member = node.child(value, node.path.appending(key))
        member.tell("`\(member.path)` is not supported yet.", hint: instead, at: .key)
    }

    /// Tells that `key`, where it is there, does not belong here, and why.
    ///
    /// The line is not shown where it holds a secret.
    package func misplaced(_ key: String, _ reason: String, hidingLine: Bool = false) {
        guard let value = members[key] else { return }
        told.insert(key)
        let member = node.child(value, node.path.appending(key))
        member.tell("`\(member.path)` does not belong here: \(reason).", at: .key, hidingLine: hidingLine)
    }

    /// Takes every key that is left, where too little is known to tell what belongs here.
    package func acceptAny() {
        told.formUnion(members.keys)
    }

    /// Tells keys that nobody asked for, and those that are required and not there: once where the one may be meant as the other.
    func tellUnknownAndMissingKeys() {
        for key in members.keys.sorted() where !known.contains(key) && !told.contains(key) {
            let member = node.child(.null, node.path.appending(key))
            if let meant = Suggestion.nearest(to: key, among: missing.map(\.key)) {
                missing.removeAll { $0.key == meant }
                member.tell("`\(member.path)` is not a known key.", hint: "Did you mean `\(meant)`, which is required?", at: .key)
                continue
            }
            let guess = Suggestion.nearest(to: key, among: known).map { "Did you mean `\($0)`? " } ?? ""
            let names = known.map { "`\($0)`" }.joined(separator: ", ")
            member.tell("`\(member.path)` is not a known key.", hint: "\(guess)Known here: \(names).", at: .key)
        }
        let subject = node.path.steps.isEmpty ? "The file" : "`\(node.path)`"
        for (key, hint) in missing { node.tell("\(subject) has no `\(key)`; it is required.", hint: hint) }
    }
}
