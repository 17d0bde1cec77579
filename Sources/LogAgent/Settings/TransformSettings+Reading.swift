import Configuration

extension TransformSettings {
    /// What steps may refer to. nil: not known, because something about it is wrong.
    struct Names {
        var sources: [String]?
        var outputs: [String]?
    }

    static func readAll(_ node: ConfigurationNode, names: Names) -> [TransformSettings] {
        guard let elements = node.elements() else { return [] }
        let steps = elements.enumerated().map { ($0.element, read($0.element, at: $0.offset, names: names)) }
        tellRepeatedNames(steps)
        tellLateSteps(steps)
        return steps.compactMap(\.1)
    }

    private static let keys = ["drop", "keep", "redact", "truncate", "sample", "limit", "dedupe", "rename", "add", "remove", "route"]

    private static func read(_ node: ConfigurationNode, at position: Int, names: Names) -> TransformSettings? {
        let found = node.object { object in
            keys.compactMap { key in object[key].flatMap { read(key, $0, at: position, names: names) } }
        }
        guard case .object(let members) = node.value else { return nil }
        if members.isEmpty || members.count > 1 && found?.count != 1 {
            node.tell(
                "`\(node.path)` must hold one step, such as `drop` or `redact`.",
                hint: "Each step is an element of its own: { drop: { where: {…} } }.")
        }
        return found?.first
    }

    private static func read(_ key: String, _ node: ConfigurationNode, at position: Int, names: Names) -> TransformSettings? {
        let step = node.object { object -> TransformSettings? in
            let conditions: [FieldCondition]
            if key == "drop" || key == "keep" {
                conditions = object.required("where", "{ level: \"DEBUG\" }").map(FieldCondition.readAll) ?? []
            } else {
                conditions = object["where"].map(FieldCondition.readAll) ?? []
            }
            let name = object["name"].map { $0.identifier() ?? "" } ?? "\(position)_\(key)"
            let sources = object["sources"]?.names(of: "source", among: names.sources)
            let isBeforeMetrics = object["before_metrics"]?.bool() ?? false
            guard let action = action(key, object, names: names) else { return nil }
            return TransformSettings(
                name: name, sources: sources, conditions: conditions, isBeforeMetrics: isBeforeMetrics, action: action)
        }
        if case .object(let members) = node.value, members["where"] == .object([:]) {
            node.tell(
                "`\(node.path).where` is empty: it would take every line.",
                hint: key == "drop" || key == "keep" ? "Name at least one field." : "Leave `where` out, or name at least one field.")
        }
        return step ?? nil
    }

    private static func action(_ key: String, _ object: ConfigurationObject, names: Names) -> Action? {
        switch key {
        case "drop": .drop
        case "keep": .keep
        case "redact": RedactSettings(reading: object).map(Action.redact)
        case "truncate": TruncateSettings(reading: object).map(Action.truncate)
        case "sample": SampleSettings(reading: object).map(Action.sample)
        case "limit": LimitSettings(reading: object).map(Action.limit)
        case "dedupe": .dedupe(DedupeSettings(reading: object))
        case "rename": object.required("fields", "{ msg: \"message\" }").map { .rename(FieldRename.readAll($0)) }
        case "add": object.required("fields", "{ region: \"eu-1\" }").map { .add(added($0)) }
        case "remove": object.required("fields", "[\"password\"]").map { .remove($0.fieldPaths()) }
        default: RouteSettings(reading: object, outputs: names.outputs).map(Action.route)
        }
    }

    private static func added(_ node: ConfigurationNode) -> [NamedTemplate] {
        let members = (node.members() ?? []).compactMap { name, value -> NamedTemplate? in
            if let problem = ConfigurationNode.fieldProblem(name) {
                value.tell("`\(value.path)` is no name for a field; \(problem).", at: .key)
            }
            return value.template().map { NamedTemplate(name: name, template: $0) }
        }
        if node.value == .object([:]) { node.refuse("name at least one field") }
        return members
    }

    private static func tellRepeatedNames(_ steps: [(ConfigurationNode, TransformSettings?)]) {
        var first: [String: ConfigurationNode] = [:]
        for (node, step) in steps {
            guard let step, !step.name.isEmpty else { continue }
            if let other = first[step.name] {
                let member = node.member(step.action.key).member("name")
                member.tell(
                    "`\(member.path)` is \(ConfigurationValue.quoted(step.name)), as is the step `\(other.path)`; give each its own name.")
            } else {
                first[step.name] = node
            }
        }
    }

    /// Metrics are derived at one point between two steps.
    private static func tellLateSteps(_ steps: [(ConfigurationNode, TransformSettings?)]) {
        var earlier: ConfigurationNode?
        for case (let node, let step?) in steps {
            if !step.isBeforeMetrics {
                earlier = earlier ?? node
            } else if let earlier {
                let member = node.member(step.action.key).member("before_metrics")
                member.tell(
                    "`\(member.path)` is true, but `\(earlier.path)`, which comes first, is applied after the metrics were derived.",
                    hint: "Move this step in front of it, or give that one `before_metrics: true`, too.")
            }
        }
    }
}

extension ConfigurationNode {
    /// Names of sources or outputs that are there.
    fileprivate func names(of what: String, among known: [String]?) -> [String]? {
        let elements = elementsOrSelf()
        if elements.isEmpty { refuse("name at least one \(what)") }
        return elements.compactMap { element in
            guard let name = element.string() else { return nil }
            guard let known, !known.contains(name) else { return name }
            element.refuse(
                found: name, "there is no such \(what); use \(Self.list(known))",
                hint: Suggestion.nearest(to: name, among: known).map { "Did you mean \(ConfigurationValue.quoted($0))?" })
            return nil
        }
    }

    fileprivate func ownPattern() -> RegexProgram? {
        guard let text = string() else { return nil }
        if text.isEmpty || text.utf8.count > 4096 {
            refuse(found: text, "use an expression of 1 to 4096 bytes")
            return nil
        }
        do throws(RegexError) {
            return try OwnPattern.program(text)
        } catch {
            tell("`\(path)` is \(ConfigurationValue.quoted(text)). \(error)")
            return nil
        }
    }

    /// A list of dotted paths, without dollars.
    fileprivate func fieldPaths() -> [String] {
        let elements = elementsOrSelf()
        if elements.isEmpty { refuse("name at least one field") }
        return elements.compactMap { $0.fieldPath() }
    }
}

extension RedactSettings {
    static let defaultText = "<redacted>"

    fileprivate init?(reading object: ConfigurationObject) {
        fields = object["fields"]?.fieldPaths() ?? []
        patterns = object["patterns"].map(RedactionPattern.readAll) ?? []
        replacement = .text(object["with"]?.string() ?? Self.defaultText)
        if let node = object["hash"] {
            object["with"]?.tell("`\(object.node.path).with` and `hash` exclude each other; keep one.", at: .key)
            let key = node.object { hash -> String? in
                hash.misplaced("key", "a secret stands in a file of its own; use `key_file`", hidingLine: true)
                return hash.has("key") ? nil : hash.required("key_file", "\"/etc/log-agent/redaction-key\"")?.secretFromFile()
            }
            if let key = key ?? nil {
                if key.utf8.count < 16 {
                    node.warn(
                        "`\(node.path)` has a key of \(key.utf8.count) bytes: whoever guesses it can test guesses of the values.",
                        hint: "Use at least 16 random bytes: openssl rand -hex 32.")
                }
                replacement = .hash(key: Secret(value: key))
            }
        }
        if object["fields"] == nil && object["patterns"] == nil {
            object.node.tell(
                "`\(object.node.path)` has neither `fields` nor `patterns`; it needs one of them.",
                hint: "For example: patterns: [\"bearer\", \"url_password\", \"email\"]")
        }
    }
}

extension RedactionPattern {
    fileprivate static func readAll(_ node: ConfigurationNode) -> [RedactionPattern] {
        let elements = node.elementsOrSelf()
        if elements.isEmpty { node.refuse("name at least one pattern") }
        var patterns: [RedactionPattern] = []
        for element in elements {
            guard let pattern = read(element) else { continue }
            if patterns.contains(where: { $0.name == pattern.name }) {
                element.tell("`\(element.path)`: a pattern \(ConfigurationValue.quoted(pattern.name)) is there already.")
            }
            patterns.append(pattern)
        }
        return patterns
    }

    private static func read(_ node: ConfigurationNode) -> RedactionPattern? {
        guard case .object = node.value else {
            guard let name = node.choice(among: builtIn.map(\.name)) else { return nil }
            return builtIn.first { $0.name == name }
        }
        return node.object { object -> RedactionPattern? in
            let name = object.required("name", "\"employee\"")?.identifier()
            let regex = object.required("regex", "\"E-[0-9]{6}\"")?.ownPattern()
            if let name, builtIn.contains(where: { $0.name == name }) || name == TransformCounts.fieldsName {
                object["name"]?.refuse(found: name, "use a name that is not one of the built-in patterns'")
            }
            guard let name, let regex else { return nil }
            return .own(name: name, regex: regex)
        } ?? nil
    }
}

extension TruncateSettings {
    fileprivate init?(reading object: ConfigurationObject) {
        fields = object["fields"]?.fieldPaths() ?? []
        guard let bytes = object.required("max_bytes", "\"8KiB\"")?.size(in: 1...16 << 20) else { return nil }
        maximumBytes = Int(bytes)
    }
}

extension SampleSettings {
    fileprivate init?(reading object: ConfigurationObject) {
        key = object["key"]?.fieldReference()
        let ratio = object["ratio"]?.number()
        let oneIn = object["one_in"]?.integer(in: 1...1_000_000_000)
        if let ratio, !(ratio > 0 && ratio <= 1), let node = object["ratio"] {
            node.refuse("use a number above 0, up to 1", hint: ratio == 0 ? "To ship nothing of them, use `drop`." : nil)
            return nil
        }
        switch (ratio, oneIn) {
        case (let ratio?, nil):
            self.ratio = ratio
            weight = 1 / ratio
        case (nil, let count?):
            self.ratio = 1 / Double(count)
            weight = Double(count)
        case (nil, nil):
            if object["ratio"] == nil && object["one_in"] == nil {
                object.node.tell(
                    "`\(object.node.path)` has neither `ratio` nor `one_in`; it needs one of them.", hint: "For example: one_in: 10")
            }
            return nil
        case (.some, .some):
            object["one_in"]?.tell("`\(object.node.path).one_in` and `ratio` exclude each other; keep one.", at: .key)
            return nil
        }
    }
}

extension LimitSettings {
    static let defaultMaximumKeys = 1000
    static let mostKeys = 100_000

    fileprivate init?(reading object: ConfigurationObject) {
        key = object["key"]?.fieldReference()
        let burst = object["burst"]?.number(in: 1...1e9)
        maximumKeys = object["max_keys"]?.integer(in: 1...Self.mostKeys) ?? Self.defaultMaximumKeys
        guard let rate = object.required("per_second", "100")?.number(in: 0.001...1e9) else { return nil }
        perSecond = rate
        self.burst = burst ?? max(1, rate)
    }
}

extension DedupeSettings {
    fileprivate init(reading object: ConfigurationObject) {
        fields = object["fields"]?.fieldPaths() ?? []
        if let key = object["key"]?.fieldReference() {
            if let node = object["fields"] { node.tell("`\(node.path)` and `key` exclude each other; keep one.", at: .key) }
            fields = [key]
        }
        windowNanoseconds = object["window"]?.duration(in: 1_000_000...86_400_000_000_000) ?? 10_000_000_000
        maximumKeys = object["max_keys"]?.integer(in: 1...LimitSettings.mostKeys) ?? LimitSettings.defaultMaximumKeys
    }
}

extension FieldRename {
    fileprivate static func readAll(_ node: ConfigurationNode) -> [FieldRename] {
        if node.value == .object([:]) { node.refuse("name at least one field") }
        return (node.members() ?? []).compactMap { field, value in
            if let problem = ConfigurationNode.fieldProblem(field) {
                value.tell("`\(value.path)` is not a field; \(problem).", at: .key)
            }
            guard let name = value.string() else { return nil }
            if let problem = ConfigurationNode.fieldProblem(name) {
                value.refuse(found: name, problem)
                return nil
            }
            if name.contains(".") {
                value.refuse(
                    found: name, "use a name without dots",
                    hint: "A field stays in the object that it stands in; it only gets another name there.")
                return nil
            }
            return FieldRename(field: field, name: name)
        }
    }
}

extension RouteSettings {
    private static let mostOutputs = 64

    fileprivate init?(reading object: ConfigurationObject, outputs known: [String]?) {
        let names = object["outputs"]?.names(of: "output", among: known)
        outputs = names.map { names in names.compactMap { name in known?.firstIndex(of: name) } }
        if outputs?.contains(where: { $0 >= Self.mostOutputs }) == true {
            object["outputs"]?.refuse("use outputs that are among the first \(Self.mostOutputs)")
        }
        tenant = object["tenant"]?.template()
        if case .constant(let name) = tenant, !Tenant.isValid(Array(name.utf8)) {
            object["tenant"]?.refuse(found: name, "use 1 to 150 letters, digits and ! - _ . * ' ( )")
        }
        if object["outputs"] == nil && object["tenant"] == nil {
            object.node.tell(
                "`\(object.node.path)` has neither `outputs` nor `tenant`; it needs one of them.",
                hint: "For example: outputs: [\(ConfigurationValue.quoted(known?.first ?? "loki"))]")
        }
    }
}
