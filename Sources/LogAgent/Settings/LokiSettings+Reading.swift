import Configuration
import ConnectionSettings
import HTTP

extension LokiSettings {
    init(reading object: ConfigurationObject) {
        let encoding = object["encoding"]?.choice(PushEncoding.self) ?? .json
        self.encoding = encoding
        url = object.required("url", "\"\(encoding.exampleURL)\"")?.pushURL(encoding) ?? ""
        tenantID = object["tenant_id"]?.tenant()
        authorization = .none
        headers =
            object["headers"]?.headers(
                ours: ["content-type", "content-encoding", "x-scope-orgid", "authorization"], instead: ConfigurationNode.settingInstead)
            ?? []
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
    fileprivate func pushURL(_ encoding: PushEncoding) -> String? {
        endpointURL(example: encoding.exampleURL, expectedPath: encoding.path, of: "Loki") { target in
            tellOtherEncoding(target, encoding)
        }
    }

    /// Each of Loki's two paths takes one encoding only.
    private func tellOtherEncoding(_ target: Substring, _ encoding: PushEncoding) {
        for other in PushEncoding.allCases where other != encoding && target.hasSuffix(other.path) {
            tell(
                "`\(path)` ends in \(other.path), which takes encoding \"\(other.rawValue)\", but `encoding` is \"\(encoding.rawValue)\".",
                hint: "Loki's path for it is \(encoding.path).")
        }
    }

    /// What Loki takes as `X-Scope-OrgID`.
    fileprivate func tenant() -> String? {
        guard let text = string() else { return nil }
        if Tenant.isValid(Array(text.utf8)) { return text }
        refuse(found: text, "use 1 to 150 letters, digits and ! - _ . * ' ( )")
        return nil
    }

    fileprivate static func settingInstead(of header: String) -> String? {
        switch header.lowercased() {
        case "x-scope-orgid": "Use `tenant_id`."
        case "authorization": "Use `basic_auth` or `bearer_token_file`."
        default: nil
        }
    }
}
