import Glibc

/// One whole response: what a handler gives, and what a client gets.
package struct HTTPResponse: Equatable, Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// When set, what is sent in place of ``body``. Never compressed.
    package var file: HTTPFileRange?
    /// Asks the server to gzip ``body`` for a client that accepts it.
    package var mayCompress = false

    package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = [], mayCompress: Bool = false) {
        self.status = status
        self.headers = headers
        self.body = body
        self.mayCompress = mayCompress
    }

    /// Plain text, with a newline added at its end.
    package static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array((text + "\n").utf8))
    }

    /// The answer to a method that this path does not have. `allowed` goes into `Allow`, which a 405 must have.
    package static func methodNotAllowed(_ allowed: [HTTPMethod]) -> HTTPResponse {
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        var response = HTTPResponse.text("405 Method Not Allowed: use \(names)", status: 405)
        response.headers.append("Allow", names)
        return response
    }

    package static func notFound(_ target: String) -> HTTPResponse {
        .text("404 Not Found: nothing at \(ASCIIText.quoted(target.utf8))", status: 404)
    }

    /// The body as text; broken UTF-8 becomes U+FFFD.
    package var bodyText: String { String(decoding: body, as: UTF8.self) }

    /// How long `Retry-After` asks to wait, in whole seconds, from either of its forms (RFC 9110 §10.2.3).
    /// `wallSeconds` is the time now, since 1970. From 0 to a year, however much longer is asked for; nil without the field or when
    /// it is neither form.
    package func retryAfterSeconds(wallSeconds: Int) -> Int? {
        guard let value = headers.first("Retry-After") else { return nil }
        let asked = ASCIIText.decimal(value) ?? HTTPDate.parse(value).map { $0 - wallSeconds }
        return asked.map { min(max(0, $0), 365 * 86_400) }
    }
}
