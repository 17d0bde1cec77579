/// One thing that differs between two readings of a configuration.
package struct ConfigurationChange: Equatable, Sendable {
    /// Where: `sources.transcode.max_line_bytes`. Elements of lists that have a name are called by it.
    package var path: String
    /// As it stands in the file, without variables put in; nil where it was not there.
    package var old: String?
    /// nil where it is not there any more.
    package var new: String?
}

/// What differs between two readings of the files of a configuration, value by value.
package enum ConfigurationDifference {
    /// What stands in one file: its root.
    package typealias Content = (name: String, value: ConfigurationValue)

    /// Values under these keys may be secrets: that they changed is told, not how.
    static let hiddenKeys: Set<String> = ["headers", "password", "bearer_token", "url"]

    /// In the order of the paths. The first file is the configuration itself; others are named before their paths.
    package static func between(_ old: [Content], _ new: [Content]) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        let newNames = new.map(\.name)
        for (position, content) in new.enumerated() {
            let prefix = position == 0 ? "" : content.name + ": "
            let before = position == 0 ? old.first?.value : old.dropFirst().first { $0.name == content.name }?.value
            compare(before, content.value, at: "", prefix: prefix, isHidden: false, &changes)
        }
        for content in old.dropFirst() where !newNames.contains(content.name) {
            compare(content.value, nil, at: "", prefix: content.name + ": ", isHidden: false, &changes)
        }
        return changes
    }

    private static func compare(
        _ old: ConfigurationValue?, _ new: ConfigurationValue?, at path: String, prefix: String, isHidden: Bool,
        _ changes: inout [ConfigurationChange]
    ) {
        if old == new { return }
        switch (old, new) {
        case (.object(let left), .object(let right)):
            for key in Set(left.keys).union(right.keys).sorted() {
                compare(
                    left[key], right[key], at: path.isEmpty ? key : "\(path).\(key)", prefix: prefix,
                    isHidden: isHidden || hiddenKeys.contains(key), &changes)
            }
        case (.array(let left), .array(let right)):
            if let left = named(left), let right = named(right) {
                compare(.object(left), .object(right), at: path, prefix: prefix, isHidden: isHidden, &changes)
            } else {
                add(old, new, path, prefix, isHidden, &changes)
            }
        case (nil, .array(let elements)) where named(elements)?.isEmpty == false:
            compare(.object([:]), new.map { _ in .object(named(elements) ?? [:]) }, at: path, prefix: prefix, isHidden: isHidden, &changes)
        case (.array(let elements), nil) where named(elements)?.isEmpty == false:
            compare(.object(named(elements) ?? [:]), .object([:]), at: path, prefix: prefix, isHidden: isHidden, &changes)
        default: add(old, new, path, prefix, isHidden, &changes)
        }
    }

    private static func add(
        _ old: ConfigurationValue?, _ new: ConfigurationValue?, _ path: String, _ prefix: String, _ isHidden: Bool,
        _ changes: inout [ConfigurationChange]
    ) {
        func text(_ value: ConfigurationValue?) -> String? {
            guard let value else { return nil }
            if isHidden, case .string = value { return "<hidden>" }
            return value.text
        }
        changes.append(ConfigurationChange(path: prefix + (path.isEmpty ? "the file" : path), old: text(old), new: text(new)))
    }

    /// The elements by their names, where every one has a name of its own.
    private static func named(_ elements: [ConfigurationValue]) -> [String: ConfigurationValue]? {
        var members: [String: ConfigurationValue] = [:]
        for element in elements {
            guard case .object(let object) = element, case .string(let name) = object["name"] else { return nil }
            if members.updateValue(element, forKey: name) != nil { return nil }
        }
        return members
    }
}

extension ConfigurationValue {
    /// As JSON5 on one line, at most some 200 characters of it. What may be a secret is left out.
    var text: String {
        let text = line(depth: 0)
        return text.count > 200 ? text.prefix(199) + "…" : text
    }

    private func line(depth: Int) -> String {
        switch self {
        case .array(let elements): "[" + elements.prefix(20).map { $0.line(depth: depth + 1) }.joined(separator: ", ") + "]"
        case .object where depth > 3: "{…}"
        case .object(let members):
            "{ "
                + members.sorted { $0.key < $1.key }.map { key, value in
                    let isHidden = ConfigurationDifference.hiddenKeys.contains(key)
                    return "\(key): \(isHidden ? "<hidden>" : value.line(depth: depth + 1))"
                }.joined(separator: ", ") + " }"
        case .null, .bool, .number, .string: found
        }
    }
}
