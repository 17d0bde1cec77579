import Configuration

extension SourceSettings {
    static let defaultPollNanoseconds: UInt64 = 1_000_000_000
    static let defaultMaximumLineBytes = 256 << 10

    static func readAll(_ node: ConfigurationNode) -> [SourceSettings] {
        guard let elements = node.elements() else { return [] }
        if elements.isEmpty { node.refuse("name at least one source") }
        let sources = elements.map { ($0, $0.object(SourceSettings.init(reading:))) }
        node.tellRepeatedNames(sources.map { ($0.0, $0.1?.name) }, of: "source")
        return sources.compactMap(\.1)
    }

    private init(reading object: ConfigurationObject) {
        name = object.required("name", "\"app\"")?.identifier() ?? ""
        _ = object["type"]?.choice(among: ["file"], later: ["stdin", "exec", "syslog", "journald", "docker", "kubernetes"])
        let isFile = object["type"].map { $0.value == .string("file") } ?? true
        include = (isFile ? object.required("include", "[\"/var/log/app/*.log\"]") : object["include"])?.globs(allowingNames: false) ?? []
        exclude = object["exclude"]?.globs(allowingNames: true) ?? []
        startAt = object["start_at"]?.choice() ?? .beginning
        watch = object["watch"]?.choice() ?? .auto
        pollNanoseconds = object["poll_interval"]?.duration(in: 10_000_000...3_600_000_000_000) ?? Self.defaultPollNanoseconds
        format =
            object["format"]?.choice(
                among: Format.allCases.map(\.rawValue), later: ["logfmt", "pattern", "regex", "docker", "cri", "syslog"]
            ).flatMap(Format.init) ?? .json
        timestamp = object["timestamp"]?.object(TimestampSettings.init(reading:)) ?? nil
        labels =
            object["labels"]?.namedTemplates("label") ?? [NamedTemplate(name: "job", template: .constant(name))]
        metadata = object["metadata"]?.namedTemplates("metadata") ?? []
        maximumLineBytes =
            object["max_line_bytes"].flatMap { $0.size(in: 1 << 10...16 << 20) }.map(Int.init) ?? Self.defaultMaximumLineBytes
        for key in ["multiline", "inner", "pattern", "regex", "restart", "command", "address", "docker_labels"] { object.later(key) }

        warn(in: object)
    }

    private func warn(in object: ConfigurationObject) {
        if let node = object["labels"] {
            if labels.isEmpty { node.warn("`\(node.path)` is empty: Loki files such lines under \"unknown_service\".") }
            if labels.count > 15 { node.warn("`\(node.path)` has \(labels.count) names; Loki takes at most 15 unless told otherwise.") }
            for label in ["trace_id", "span_id", "request_id", "job_id", "user_id"] where labels.contains(where: { $0.name == label }) {
                node.warn(
                    "`\(node.path.appending(label))` makes one Loki stream for each value.",
                    hint: "Put it into `metadata`: it can be searched there too.")
            }
        }
        guard format == .text else { return }
        let templates = labels + metadata
        if let node = object["timestamp"] { node.warn("`\(node.path)`: a line of text has no fields, so its time is when it was read.") }
        if let label = templates.first(where: { if case .field = $0.template { true } else { false } }) {
            (object["labels"] ?? object.node).warn("`\(label.name)` takes a field, but a line of text has none: it will be missing.")
        }
    }
}

extension TimestampSettings {
    fileprivate init?(reading object: ConfigurationObject) {
        let field = object.required("field", "\"timestamp\"")?.fieldPath()
        let format = object["format"].map { $0.timestampFormat() } ?? .rfc3339
        guard let field, let format else { return nil }
        self.init(field: field, format: format)
    }
}

extension ConfigurationNode {
    /// Tells names that several elements of this list share.
    func tellRepeatedNames(_ elements: [(node: ConfigurationNode, name: String?)], of what: String) {
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

    fileprivate func globs(allowingNames: Bool) -> [String] {
        let elements = elementsOrSelf()
        if elements.isEmpty && !allowingNames { refuse("name at least one pattern") }
        return elements.compactMap { $0.glob(allowingNames: allowingNames) }
    }

    private func glob(allowingNames: Bool) -> String? {
        guard let pattern = string() else { return nil }
        if pattern.isEmpty || pattern.utf8.contains(0) {
            refuse("use a pattern")
        } else if !pattern.hasPrefix("/") && !(allowingNames && !pattern.contains("/")) {
            refuse(
                found: pattern,
                allowingNames ? "use a file name pattern without `/`, or an absolute path" : "use an absolute path: it starts with `/`")
        } else if pattern.hasSuffix("/") {
            refuse(found: pattern, "name files, not a directory", hint: "All files in it: \"\(pattern)*\".")
        } else if let problem = Self.globProblem(pattern) {
            refuse(found: pattern, problem)
        } else {
            return pattern
        }
        return nil
    }

    private static func globProblem(_ pattern: String) -> String? {
        var isInBraces = false
        var bytes = Array(pattern.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                if bytes.popFirst() == nil { return "a backslash at the end escapes nothing" }
            case UInt8(ascii: "["):
                // `[]…]` and `[!]…]` hold a bracket.
                var inside = bytes
                if inside.first == UInt8(ascii: "!") || inside.first == UInt8(ascii: "^") { inside = inside.dropFirst() }
                guard let end = inside.dropFirst().firstIndex(of: UInt8(ascii: "]")) else { return "close the `[`, or write `\\\\[`" }
                bytes = bytes[(end + 1)...]
            case UInt8(ascii: "{"):
                if isInBraces { return "braces cannot stand inside braces" }
                isInBraces = true
            case UInt8(ascii: "}"): isInBraces = false
            default: break
            }
        }
        return isInBraces ? "close the `{`" : nil
    }

    fileprivate func timestampFormat() -> TimestampFormat? {
        guard let text = string() else { return nil }
        let names: [(String, TimestampFormat)] = [
            ("rfc3339", .rfc3339), ("unix", .unix), ("unix_ms", .unixMilliseconds), ("unix_us", .unixMicroseconds),
            ("unix_ns", .unixNanoseconds),
        ]
        if let known = names.first(where: { $0.0 == text }) { return known.1 }
        guard text.contains("%") else {
            refuse(
                found: text, "use \(names.map { "\"\($0.0)\"" }.joined(separator: ", ")) or a pattern such as \"%Y-%m-%d %H:%M:%S\"",
                hint: Suggestion.nearest(to: text, among: names.map(\.0)).map { "Did you mean \"\($0)\"?" })
            return nil
        }
        let known = Set("aAbBcCdDeFghHIjklmMnprRsStTyYzZ%f".utf8)
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else { continue }
            guard let directive = rest.popFirst(), known.contains(directive) else {
                let name =
                    rest.startIndex > 0 ? String(decoding: Array(text.utf8)[(rest.startIndex - 2)..<rest.startIndex], as: UTF8.self) : "%"
                refuse(found: text, "`\(name)` is not a directive of strptime")
                return nil
            }
        }
        return .pattern(text)
    }
}
