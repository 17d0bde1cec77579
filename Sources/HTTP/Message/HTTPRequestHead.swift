/// A request up to its body: what is known before anything of that is read.
package struct HTTPRequestHead: Equatable, Sendable {
    package var method: HTTPMethod
    /// As ``HTTPRequest/target``.
    package var target: String
    package var headers: HTTPHeaders
    /// `Content-Length`; nil for a chunked body, whose length nobody knows yet.
    package var declaredBodyBytes: Int?

    package init(method: HTTPMethod, target: String, headers: HTTPHeaders = [:], declaredBodyBytes: Int? = nil) {
        self.method = method
        self.target = target
        self.headers = headers
        self.declaredBodyBytes = declaredBodyBytes
    }

    /// ``target`` up to the query.
    package var path: String { String(target.prefix { $0 != "?" }) }
}
