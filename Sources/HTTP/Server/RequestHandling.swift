/// What a worker does with one request: undoes its content coding, calls the handler, codes the response.
struct RequestHandling: Sendable {
    let settings: HTTPServerSettings
    let handler: HTTPServer.Handler

    func response(to request: HTTPRequest) -> HTTPResponse {
        handler(request)
    }
}
