import HTTP
import OTLP

/// What the semantic conventions for HTTP say of a request (opentelemetry.io/docs/specs/semconv/http/http-spans).
enum HTTPSpanAttributes {
    private static let known: Set<HTTPMethod> = [.get, .head, .post, .put, .patch, .delete, .options, .trace, .connect]

    /// `_OTHER` for what is no method of RFC 9110 and RFC 5789: so there are never more names than those.
    static func method(_ method: HTTPMethod) -> String { known.contains(method) ? method.rawValue : "_OTHER" }

    /// Of a server's span, when it begins. The query may hold secrets and is left out.
    static func request(_ request: HTTPRequest) -> SpanAttributes {
        var attributes: SpanAttributes = [
            "http.request.method": .string(method(request.method)), "url.path": .string(request.path), "url.scheme": "http",
            "network.protocol.version": "1.1",
        ]
        if !known.contains(request.method) { attributes["http.request.method_original"] = .string(request.method.rawValue) }
        if let agent = request.headers.first("User-Agent") { attributes["user_agent.original"] = .string(agent) }
        if let host = request.headers.first("Host") { attributes["server.address"] = .string(host) }
        return attributes
    }
}
