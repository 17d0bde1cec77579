/// Why a text is no proxy. It may hold a password and is never repeated.
package enum HTTPProxyError: Error, Equatable, Sendable, CustomStringConvertible {
    case unsupportedScheme(String)
    case badAddress
    case badCredentials

    package var description: String {
        switch self {
        case .unsupportedScheme(let scheme): "a proxy by \(scheme):// is not supported; use http://host:port"
        case .badAddress: "this is no address of a proxy; use http://host:port"
        case .badCredentials: "the user name or password is not percent-encoded as it must be; use http://user:password@host:port"
        }
    }
}

/// An HTTP proxy: asked for a tunnel to an `https` endpoint (CONNECT, RFC 9110 §9.3.6), and for the resource itself of an `http`
/// one (RFC 9112 §3.2.2).
package struct HTTPProxy: Equatable, Sendable, CustomStringConvertible {
    /// Kept out of texts.
    struct Authorization: Equatable, Sendable, CustomStringConvertible {
        let value: String
        var description: String { "<redacted>" }
    }

    package let host: String
    package let port: Int
    /// What goes into `Proxy-Authorization`.
    let authorization: Authorization?

    /// `http://host:port`, where `http://` and the port, 80, may be left out, and a user name and password put in.
    package init(url: String) throws(HTTPProxyError) {
        var rest = url[...]
        if let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") {
            let scheme = url[..<colon].lowercased()
            guard scheme == "http" else { throw .unsupportedScheme(String(scheme.prefix(16))) }
            rest = url[colon...].dropFirst(3)
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        if let at = rest.lastIndex(of: "@") {
            authorization = try Self.authorization(rest[..<at])
            rest = rest[rest.index(after: at)...]
        } else {
            authorization = nil
        }
        let (host, port) = try HostAndPort.split(rest) { _ throws(HTTPProxyError) in throw .badAddress }
        if port == 0 { throw .badAddress }
        self.host = host
        self.port = port ?? 80
    }

    private init(_ host: String, _ port: Int, _ authorization: Authorization?) {
        self.host = host
        self.port = port
        self.authorization = authorization
    }

    /// The same proxy, asked with these.
    package func authorized(username: String, password: String) -> HTTPProxy {
        HTTPProxy(host, port, Authorization(value: BasicAuthorization.value(username: username, password: password)))
    }

    package var hasCredentials: Bool { authorization != nil }

    /// `host:port`.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func authorization(_ text: Substring) throws(HTTPProxyError) -> Authorization {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let username = PercentEncoding.decode(parts[0]), let password = parts.count > 1 ? PercentEncoding.decode(parts[1]) : ""
        else { throw .badCredentials }
        return Authorization(value: BasicAuthorization.value(username: username, password: password))
    }
}

extension HTTPProxy {
    /// What the environment says about requests to `endpoint`: `HTTP_PROXY` or `HTTPS_PROXY`, unless `NO_PROXY` names its host. Each
    /// may be in small letters; the capital one wins. Sockets and loopback addresses are always spoken to directly.
    package static func fromEnvironment(
        _ environment: (String) -> String?, for endpoint: HTTPEndpoint
    ) throws(EnvironmentError) -> HTTPProxy? {
        guard case .tcp(let host, let port) = endpoint.location, !ProxyBypass.isLoopback(host) else { return nil }
        guard let (name, url) = variable(endpoint.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY", environment) else { return nil }
        if let (_, rules) = variable("NO_PROXY", environment), ProxyBypass(rules).covers(host: host, port: port) { return nil }
        do throws(HTTPProxyError) { return try HTTPProxy(url: url) } catch { throw EnvironmentError(variable: name, cause: error) }
    }

    package struct EnvironmentError: Error, Equatable, Sendable {
        package let variable: String
        package let cause: HTTPProxyError
    }

    private static func variable(_ name: String, _ environment: (String) -> String?) -> (name: String, value: String)? {
        for name in [name, name.lowercased()] {
            if let value = environment(name), !value.isEmpty { return (name, value) }
        }
        return nil
    }
}
