/// One whole request, as a handler gets it: chunks joined, `Content-Encoding: gzip` undone.
///
/// HEAD reaches the handler too. It may answer as to GET: the server sends the head of that answer only.
package struct HTTPRequest: Equatable, Sendable {
    package var method: HTTPMethod
    /// Path and query as received, still percent-encoded: `/api/v1/status?x=1`; `*` for `OPTIONS *`.
    package var target: String
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(method: HTTPMethod, target: String, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// ``target`` up to the query.
    package var path: String {
        String(target.prefix { $0 != "?" })
    }

    /// What follows the `?` of ``target``; nil without one.
    package var query: String? {
        target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) }
    }
}
