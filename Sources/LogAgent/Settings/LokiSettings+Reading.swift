import Configuration

extension LokiSettings {
    init(reading object: ConfigurationObject) {
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
            node.hideLines()
            let isToken = name.utf8.allSatisfy { Self.isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
            if name.isEmpty || !isToken {
                node.tell("`\(node.path)`: this is not the name of an HTTP header.", at: .key)
            } else if ours.contains(name.lowercased()) {
                node.tell(
                    "`\(node.path)`: the agent sets this header itself.", hint: Self.settingInstead(of: name), at: .key, hidingLine: true)
            }
            guard case .string = node.value else {
                node.tell("`\(node.path)` must be a text.")
                continue
            }
            guard let value = node.string() else { continue }
            if value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value > 0x7e }) {
                node.tell("`\(node.path)` holds a line break, a control character or a letter beyond ASCII.")
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
