import Configuration

extension OutputSettings {
    /// What there is where no output is configured.
    static func local(path: String) -> OutputSettings {
        OutputSettings(
            name: "local",
            destination: .directory(
                DirectorySettings(
                    path: path, retentionNanoseconds: DirectorySettings.defaultRetentionNanoseconds,
                    maximumBytes: DirectorySettings.defaultMaximumBytes, compressionLevel: 1)),
            batch: BatchSettings(), inFlight: defaultInFlight, retry: RetrySettings())
    }

    static let defaultInFlight = 2

    static func readAll(_ node: ConfigurationNode) -> [OutputSettings] {
        guard let elements = node.elements() else { return [] }
        if elements.isEmpty { node.warn("`\(node.path)` is empty: lines are counted, but shipped nowhere.") }
        let outputs = elements.map { ($0, $0.object(OutputSettings.init(reading:)) ?? nil) }
        node.tellRepeatedNames(outputs.map { ($0.0, $0.1?.name) }, of: "output")
        return outputs.compactMap(\.1)
    }

    private init?(reading object: ConfigurationObject) {
        name = object.required("name", "\"loki\"")?.identifier() ?? ""
        let type = object.required("type", "\"loki\"")?.choice(
            among: ["loki", "directory"], later: ["otlp", "http", "stdout", "file", "elasticsearch", "kafka", "s3"])
        batch = object["batch"]?.object(BatchSettings.init(reading:)) ?? BatchSettings()
        inFlight = object["in_flight"]?.integer(in: 1...64) ?? Self.defaultInFlight
        retry = object["retry"]?.object(RetrySettings.init(reading:)) ?? RetrySettings()
        switch type {
        case "loki": destination = .loki(LokiSettings(reading: object))
        case "directory": destination = .directory(DirectorySettings(reading: object))
        default:
            object.acceptAny()
            return nil
        }
        if case .loki = destination, batch.maximumBytes > 6_000_000, let node = object["batch"] {
            node.warn(
                "`\(node.path).max_bytes` is above 6 MB: Loki can never take a push larger than its burst limit, by default 6 MB.",
                hint: "Lower it, unless `ingestion_burst_size_mb` of your Loki is larger.")
        }
    }
}

extension LokiSettings {
    fileprivate init(reading object: ConfigurationObject) {
        url = object.required("url", "\"http://127.0.0.1:3100/loki/api/v1/push\"")?.pushURL() ?? ""
        tenantID = object["tenant_id"]?.tenant()
        authorization = .none
        headers = object["headers"]?.headers() ?? []
        compression = object["compression"]?.choice() ?? .gzip
        compressionLevel = object["compression_level"]?.integer(in: 1...9) ?? 1
        streamsPerPush = object["streams_per_push"]?.choice() ?? .one
        authorization = Self.authorization(object)
        object.misplaced("bearer_token", "a secret stands in a file of its own; use `bearer_token_file`", hidingLine: true)
        for key in ["path", "retention", "max_bytes"] { object.misplaced(key, "it is a setting of outputs of type \"directory\"") }
        object.later("tls")
        object.later("proxy")
        if compression == .none, let level = object["compression_level"] {
            level.warn("`\(level.path)` has no use: compression is \"none\".")
        }
    }

    private static func authorization(_ object: ConfigurationObject) -> Authorization {
        let basic: Authorization? =
            object["basic_auth"]?.object { basic in
                basic.misplaced("password", "a secret stands in a file of its own; use `password_file`", hidingLine: true)
                let username = basic.required("username", "\"agent\"")?.string()
                let password =
                    (basic.has("password")
                    ? basic["password_file"] : basic.required("password_file", "\"/etc/log-agent/password\""))?.secretFromFile()
                if let username, username.contains(":") { basic["username"]?.refuse(found: username, "use a name without `:` (RFC 7617)") }
                guard let username, let password else { return nil }
                return .basic(username: username, password: Secret(value: password))
            } ?? nil
        let bearer = object["bearer_token_file"]?.secretFromFile()
        if object["basic_auth"] != nil, let node = object["bearer_token_file"] {
            node.tell("`\(node.path)` and `basic_auth` exclude each other; keep one.", at: .key)
        }
        return basic ?? bearer.map { .bearer(Secret(value: $0)) } ?? .none
    }
}

extension DirectorySettings {
    static let defaultRetentionNanoseconds: UInt64 = 86_400_000_000_000
    static let defaultMaximumBytes: UInt64 = 1 << 30

    fileprivate init(reading object: ConfigurationObject) {
        path = object.required("path", "\"/var/lib/tailspan/logs\"")?.absolutePath() ?? ""
        let retention = object["retention"]?.duration(in: 1_000_000_000...3_153_600_000_000_000_000)
        retentionNanoseconds = object.isNull("retention") ? nil : retention ?? Self.defaultRetentionNanoseconds
        maximumBytes = object["max_bytes"]?.size(in: 1 << 20...1 << 50) ?? Self.defaultMaximumBytes
        compressionLevel = object["compression_level"]?.integer(in: 1...9) ?? 1
        for key in ["url", "tenant_id", "basic_auth", "bearer_token_file", "headers", "compression", "streams_per_push", "tls"] {
            object.misplaced(key, "it is a setting of outputs of type \"loki\"")
        }
    }
}

extension BatchSettings {
    init() { self.init(maximumBytes: 1 << 20, maximumWaitNanoseconds: 50_000_000) }

    fileprivate init(reading object: ConfigurationObject) {
        self.init()
        if let bytes = object["max_bytes"]?.size(in: 4 << 10...64 << 20) { maximumBytes = Int(bytes) }
        if let wait = object["max_wait"]?.duration(in: 1_000_000...600_000_000_000) { maximumWaitNanoseconds = wait }
    }
}

extension RetrySettings {
    init() {
        self.init(
            minimumBackoffNanoseconds: 250_000_000, maximumBackoffNanoseconds: 30_000_000_000, timeoutNanoseconds: 10_000_000_000)
    }

    fileprivate init(reading object: ConfigurationObject) {
        self.init()
        let minimum = object["min_backoff"]?.duration(in: 1_000_000...3_600_000_000_000)
        let maximum = object["max_backoff"]?.duration(in: 1_000_000...86_400_000_000_000)
        if let timeout = object["timeout"]?.duration(in: 100_000_000...3_600_000_000_000) { timeoutNanoseconds = timeout }
        minimumBackoffNanoseconds = minimum ?? min(minimumBackoffNanoseconds, maximum ?? .max)
        maximumBackoffNanoseconds = maximum ?? max(maximumBackoffNanoseconds, minimum ?? 0)
        if let minimum, let maximum, minimum > maximum, let node = object["max_backoff"] {
            node.refuse("use at least `min_backoff`, which is \(DurationText.text(minimum))")
        }
    }
}

extension ConfigurationNode {
    /// An http URL with a path, without user name, query or fragment. A refused URL may hold a password: it is not repeated.
    fileprivate func pushURL() -> String? {
        guard let text = string() else { return nil }
        let example = "\"http://127.0.0.1:3100/loki/api/v1/push\""
        let lowercased = text.lowercased()
        if lowercased.hasPrefix("https://") {
            tell("`\(path)`: https is not supported yet; supported: http.", hidingLine: text.contains("@"))
            return nil
        }
        guard lowercased.hasPrefix("http://") else {
            tell("`\(path)` is not an http URL; use one such as \(example).", hidingLine: text.contains("@"))
            return nil
        }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { !"/?#".contains($0) }
        let target = rest.dropFirst(authority.count)
        if authority.contains("@") {
            tell("`\(path)` holds a user name; use `basic_auth`.", hidingLine: true)
        } else if !Self.isAuthority(authority) {
            tell("`\(path)` has no valid host and port; use a URL such as \(example).")
        } else if target.contains("#") || target.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) {
            tell("`\(path)` holds a `#`, a space or a letter beyond ASCII; escape it as %XX.")
        } else if target.isEmpty || target == "/" {
            tell("`\(path)` has no path.", hint: "Loki's is /loki/api/v1/push: \"http://\(authority)/loki/api/v1/push\".")
        } else {
            return text
        }
        return nil
    }

    private static func isAuthority(_ text: Substring) -> Bool {
        var host = text
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return false }
            host = text[..<colon]
        }
        if host.hasPrefix("[") && host.hasSuffix("]") { return host.count > 3 && host.contains(":") }
        return !host.isEmpty && host.utf8.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) }
    }

    /// What Loki takes as `X-Scope-OrgID`.
    fileprivate func tenant() -> String? {
        guard let text = string() else { return nil }
        let isValid = text.utf8.allSatisfy { Self.isLetterOrDigit($0) || "!-_.*'()".utf8.contains($0) }
        if isValid && (1...150).contains(text.utf8.count) && text != "." && text != ".." { return text }
        refuse(found: text, "use 1 to 150 letters, digits and ! - _ . * ' ( )")
        return nil
    }

    /// Values may be secrets: they are never repeated.
    fileprivate func headers() -> [HeaderSetting] {
        let ours = [
            "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "x-scope-orgid",
            "authorization",
        ]
        var headers: [HeaderSetting] = []
        for (name, node) in members() ?? [] {
            let isToken = name.utf8.allSatisfy { Self.isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
            if name.isEmpty || !isToken {
                node.tell("`\(node.path)`: this is not the name of an HTTP header.", at: .key, hidingLine: true)
            } else if ours.contains(name.lowercased()) {
                node.tell(
                    "`\(node.path)`: the agent sets this header itself.", hint: Self.settingInstead(of: name), at: .key, hidingLine: true)
            }
            guard case .string = node.value else {
                node.tell("`\(node.path)` must be a text.", hidingLine: true)
                continue
            }
            guard let value = node.string() else { continue }
            if value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value > 0x7e }) {
                node.tell("`\(node.path)` holds a line break, a control character or a letter beyond ASCII.", hidingLine: true)
                continue
            }
            headers.append(HeaderSetting(name: name, value: Secret(value: value)))
        }
        return headers
    }

    private static func settingInstead(of header: String) -> String? {
        switch header.lowercased() {
        case "x-scope-orgid": "Use `tenant_id`."
        case "authorization": "Use `basic_auth` or `bearer_token_file`."
        default: nil
        }
    }
}
