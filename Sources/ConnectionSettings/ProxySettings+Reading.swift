import Configuration
import HTTP

extension HTTPProxy {
    /// By way of what an output's endpoint is asked: `proxy` where it is set, else what the environment says. nil: directly.
    package static func read(_ object: ConfigurationObject, for endpoint: HTTPEndpoint?) -> HTTPProxy? {
        guard let node = object["proxy"] else {
            guard let endpoint else { return nil }
            do throws(EnvironmentError) {
                return try fromEnvironment(object.node.environment, for: endpoint)
            } catch {
                object.node.tell(
                    "`\(object.node.path)` would be reached by way of \(error.variable), but \(error.cause).",
                    hint: "Correct the environment variable, or set `proxy`; \"none\" is for no proxy.")
                return nil
            }
        }
        let proxy: HTTPProxy? =
            if case .object = node.value {
                node.object { readObject($0, for: endpoint) } ?? nil
            } else {
                node.proxyURL()
            }
        if case .unix = endpoint?.location, proxy != nil { node.warn("`\(node.path)` has no use: the url is that of a Unix socket.") }
        return proxy
    }

    /// `{ url, basic_auth, no_proxy }`.
    private static func readObject(_ object: ConfigurationObject, for endpoint: HTTPEndpoint?) -> HTTPProxy? {
        var proxy = object.required("url", "\"http://proxy:3128\"")?.proxyURL()
        if let node = object["basic_auth"], let (username, password) = node.basicCredentials() {
            proxy = proxy?.authorized(username: username, password: password.value)
        }
        let bypass = object["no_proxy"]?.proxyBypass()
        if case .tcp(let host, let port) = endpoint?.location, bypass?.covers(host: host, port: port) == true { return nil }
        return proxy
    }
}

extension ConfigurationNode {
    /// nil for "none", too.
    fileprivate func proxyURL() -> HTTPProxy? {
        guard case .string = value else {
            refuse("use a URL such as \"http://proxy:3128\", \"none\", or an object")
            return nil
        }
        guard let text = string(), text != "none" else { return nil }
        if text.contains("@") {
            tell("`\(path)` holds a user name.", hint: "Use { url: \"http://proxy:3128\", basic_auth: {…} }.", hidingLine: true)
            return nil
        }
        do throws(HTTPProxyError) { return try HTTPProxy(url: text) } catch {
            tell("`\(path)`: \(error).")
            return nil
        }
    }

    fileprivate func proxyBypass() -> ProxyBypass {
        let texts = elementsOrSelf().compactMap { $0.string() }
        let bypass = ProxyBypass(texts.joined(separator: ","))
        for rule in bypass.unreadable {
            tell(
                "`\(path)` has \(ConfigurationValue.quoted(rule)), which names no host.",
                hint: "Use a name, an address or a network: \"example.com\", \".example.com\", \"192.0.2.0/24\", \"host:3100\".")
        }
        return bypass
    }

    /// `{ username, password_file }`.
    package func basicCredentials() -> (username: String, password: Secret)? {
        object { basic in
            basic.misplaced("password", "a secret stands in a file of its own; use `password_file`", hidingLine: true)
            let username = basic.required("username", "\"agent\"")?.string()
            let password =
                (basic.has("password")
                ? basic["password_file"] : basic.required("password_file", "\"/etc/log-agent/password\""))?.secretFromFile()
            if let username, username.contains(":") { basic["username"]?.refuse(found: username, "use a name without `:` (RFC 7617)") }
            guard let username, let password else { return nil }
            return (username, Secret(value: password))
        } ?? nil
    }
}
