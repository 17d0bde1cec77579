import Configuration
import HTTP

extension LokiSettings {
    init(reading object: ConfigurationObject) {
        let encoding = object["encoding"]?.choice(PushEncoding.self) ?? .json
        self.encoding = encoding
        url = object.required("url", "\"\(encoding.exampleURL)\"")?.pushURL(encoding) ?? ""
        tenantID = object["tenant_id"]?.tenant()
        authorization = .none
        headers = object["headers"]?.headers() ?? []
        compression = object["compression"]?.choice() ?? .gzip
        compressionLevel = object["compression_level"]?.integer(in: 1...9) ?? 1
        streamsPerPush = object["streams_per_push"]?.choice() ?? .one
        authorization = Self.authorization(object)
        object.misplaced("bearer_token", "a secret stands in a file of its own; use `bearer_token_file`", hidingLine: true)
        object.misplaced("format", "it is a setting of outputs of type \"stdout\"; what Loki gets is said by `encoding`")
        for key in ["path", "retention", "max_bytes"] { object.misplaced(key, "it is a setting of outputs of type \"directory\"") }
        // nil where the url was told already.
        let endpoint = url.isEmpty ? nil : try? HTTPEndpoint(url: url)
        tls = object["tls"]?.object(TLSClientSettings.init(reading:)) ?? TLSClientSettings()
        if let node = object["tls"], endpoint?.isSecure == false {
            node.warn("`\(node.path)` has no use: the url is not one of https.")
        }
        proxy = HTTPProxy.read(object, for: endpoint)
        if authorization != .none, let endpoint, !endpoint.isSecure, case .tcp(let host, _) = endpoint.location,
            !ProxyBypass.isLoopback(host), let node = object["url"]
        {
            node.warn("`\(node.path)` is not one of https: whoever is on the way can read the password or token.")
        }
        if compression == .none, let level = object["compression_level"] {
            level.warn("`\(level.path)` has no use: compression is \"none\".")
        }
    }

    private static func authorization(_ object: ConfigurationObject) -> Authorization {
        let basic = object["basic_auth"]?.basicCredentials().map { Authorization.basic(username: $0.username, password: $0.password) }
        let bearer = object["bearer_token_file"]?.secretFromFile()
        if object["basic_auth"] != nil, let node = object["bearer_token_file"] {
            node.tell("`\(node.path)` and `basic_auth` exclude each other; keep one.", at: .key)
        }
        return basic ?? bearer.map { .bearer(Secret(value: $0)) } ?? .none
    }
}

extension PushEncoding {
    /// Where Loki takes it.
    fileprivate var path: String {
        switch self {
        case .json: "/loki/api/v1/push"
        case .otlp: "/otlp/v1/logs"
        }
    }

    fileprivate var exampleURL: String { "http://127.0.0.1:3100\(path)" }
}

extension ConfigurationNode {
    /// An http or https URL, or one of a Unix socket, with a path, without user name, query or fragment. A refused URL may hold a
    /// password: it is not repeated.
    fileprivate func pushURL(_ encoding: PushEncoding) -> String? {
        guard let text = string() else { return nil }
        let lowercased = text.lowercased()
        if lowercased.hasPrefix("unix:") || lowercased.hasPrefix("http+unix:") { return unixURL(text, encoding) }
        guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else {
            tell("`\(path)` is not an http URL; use one such as \"\(encoding.exampleURL)\".", hidingLine: text.contains("@"))
            return nil
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        let target = rest.dropFirst(authority.count)
        if authority.contains("@") {
            tell("`\(path)` holds a user name; use `basic_auth`.", hidingLine: true)
        } else if !Self.isAuthority(authority) {
            tell("`\(path)` has no valid host and port; use a URL such as \"\(encoding.exampleURL)\".")
        } else if target.contains("#") || target.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) {
            tell("`\(path)` holds a `#`, a space or a letter beyond ASCII; escape it as %XX.")
        } else if target.isEmpty || target == "/" {
            tell("`\(path)` has no path.", hint: "Loki's is \(encoding.path): \"\(scheme)\(authority)\(encoding.path)\".")
        } else {
            tellOtherEncoding(target, encoding)
            return text
        }
        return nil
    }

    private func unixURL(_ text: String, _ encoding: PushEncoding) -> String? {
        do throws(HTTPEndpointError) {
            let endpoint = try HTTPEndpoint(url: text)
            if endpoint.target != "/" {
                tellOtherEncoding(endpoint.target[...], encoding)
                return text
            }
            tell("`\(path)` has no path.", hint: "Loki's is \(encoding.path): \"http+unix://%2Frun%2Floki.sock\(encoding.path)\".")
        } catch {
            tell("`\(path)`: \(error).")
        }
        return nil
    }

    /// Each of Loki's two paths takes one encoding only.
    private func tellOtherEncoding(_ target: Substring, _ encoding: PushEncoding) {
        for other in PushEncoding.allCases where other != encoding && target.hasSuffix(other.path) {
            tell(
                "`\(path)` ends in \(other.path), which takes encoding \"\(other.rawValue)\", but `encoding` is \"\(encoding.rawValue)\".",
                hint: "Loki's path for it is \(encoding.path).")
        }
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
        if Tenant.isValid(Array(text.utf8)) { return text }
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
