import Gzip

/// What a worker does with one request: undoes its content coding, calls the handler, codes the response.
struct RequestHandling: Sendable {
    private let inflatedBytes: Int
    private let codedPaths: Set<String>
    private let handler: HTTPServer.Handler
    /// Small answers do not get smaller.
    private static let minimumCompressedBytes = 1024

    init(inflatedBytes: Int, codedPaths: Set<String> = [], handler: @escaping HTTPServer.Handler) {
        self.inflatedBytes = inflatedBytes
        self.codedPaths = codedPaths
        self.handler = handler
    }

    func response(to received: HTTPRequest) -> HTTPResponse {
        var request = received
        if let refusal = decodeBody(of: &request) { return refusal }
        var response = handler(request)
        if response.mayCompress { compress(&response, for: request) }
        return response
    }

    /// Gives the answer to a body that cannot be decoded.
    private func decodeBody(of request: inout HTTPRequest) -> HTTPResponse? {
        let codings = request.headers.listMembers("Content-Encoding").filter { !ASCIIText.equalIgnoringCase($0, "identity") }
        guard let coding = codings.first, !request.body.isEmpty else { return nil }
        if !codedPaths.isEmpty, codedPaths.contains(request.path) { return nil }
        guard codings.count == 1, ASCIIText.equalIgnoringCase(coding, "gzip") || ASCIIText.equalIgnoringCase(coding, "x-gzip") else {
            let names = ASCIIText.quoted(codings.joined(separator: ", ").utf8)
            var response = HTTPResponse.text(
                "415 Unsupported Media Type: Content-Encoding \(names) is not supported, only gzip is", status: 415)
            response.headers.append("Accept-Encoding", "gzip")
            return response
        }
        do throws(GzipError) {
            request.body = try GzipDecoder.decompress(request.body, maximumBytes: inflatedBytes)
        } catch {
            if case .tooLarge = error { return .text("413 Content Too Large: \(error)", status: 413) }
            return .text("400 Bad Request: \(error)", status: 400)
        }
        request.headers.remove("Content-Encoding")
        return nil
    }

    private func compress(_ response: inout HTTPResponse, for request: HTTPRequest) {
        guard response.body.count >= Self.minimumCompressedBytes, !response.headers.contains("Content-Encoding") else { return }
        // Also for the plain form: a cache must not give one client the form of another.
        if !response.headers.lists("Accept-Encoding", in: "Vary") { response.headers.append("Vary", "Accept-Encoding") }
        guard AcceptEncoding.prefersGzip(request.headers) else { return }
        var compressed: [UInt8] = []
        GzipEncoder(level: GzipLevel(1)).compress(response.body.span.bytes, into: &compressed)
        response.body = compressed
        response.headers.append("Content-Encoding", "gzip")
    }
}
