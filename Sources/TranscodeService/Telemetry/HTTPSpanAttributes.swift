import HTTP
import OTLP

/// What the semantic conventions for HTTP say of a request (opentelemetry.io/docs/specs/semconv/http/http-spans).
enum HTTPSpanAttributes {
    private static let known: Set<HTTPMethod> = [.get, .head, .post, .put, .patch, .delete, .options, .trace, .connect]

    /// `_OTHER` for what is no method of RFC 9110 and RFC 5789: so there are never more names than those.
    static func method(_ method: HTTPMethod) -> String { known.contains(method) ? method.rawValue : "_OTHER" }

    /// Of a server's span, when it begins. The query may hold secrets and is left out.
    static func request(method: HTTPMethod, path: String, headers: HTTPHeaders) -> SpanAttributes {
        var attributes: SpanAttributes = [
            "http.request.method": .string(Self.method(method)), "url.path": .string(path), "url.scheme": "http",
            "network.protocol.version": "1.1",
        ]
        if !known.contains(method) { attributes["http.request.method_original"] = .string(method.rawValue) }
        if let agent = headers.first("User-Agent") { attributes["user_agent.original"] = .string(agent) }
        if let host = headers.first("Host") {
            // What follows the last colon, but for one within the brackets of IPv6.
            let name = host.last == "]" ? host[...] : host[..<(host.lastIndex(of: ":") ?? host.endIndex)]
            attributes["server.address"] = .string(String(name))
            if let port = Int64(host.dropFirst(name.count + 1)) { attributes["server.port"] = .int(port) }
        }
        return attributes
    }
}
