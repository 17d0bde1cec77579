import Gzip

/// What workers do: they call the handlers, undo the content coding of a request before that, and code the response.
struct RequestHandling: Sendable {
    private let inflatedBytes: Int
    private let codedPaths: Set<String>
    private let handlers: HTTPRequestHandlers
    /// Small answers do not get smaller.
    private static let minimumCompressedBytes = 1024

    /// Of a file, what is read and sent at once.
    private static let fileReadBytes = 128 << 10

    init(inflatedBytes: Int, codedPaths: Set<String> = [], handlers: HTTPRequestHandlers) {
        self.inflatedBytes = inflatedBytes
        self.codedPaths = codedPaths
        self.handlers = handlers
    }

    func perform(_ work: ServerWork) -> ServerWorkOutcome {
        switch work {
        case .handle(let request): .answered(response(to: request))
        case .decide(let head): .decided(BodyDecision(handlers.decide?(head) ?? .gathered))
        case .consume(let stream, let bytes, let isLast): .consumed(stream.receive(bytes, isLast: isLast))
        case .interrupt(let stream, let cause): .interrupted(stream.interrupt(cause))
        case .read(let file, let offset): .read(file.read(at: offset, limit: Self.fileReadBytes))
        }
    }

    private func response(to received: HTTPRequest) -> HTTPResponse {
        var request = received
        if let refusal = decodeBody(of: &request) { return refusal }
        var response = handlers.handle(request)
        if response.mayCompress && response.file == nil { compress(&response, for: request) }
        return response
    }

    /// Gives the answer to a body that cannot be decoded.
    private func decodeBody(of request: inout HTTPRequest) -> HTTPResponse? {
        let codings = request.headers.listMembers("Content-Encoding").filter { !ASCIIText.equalIgnoringCase($0, "identity") }
        guard let coding = codings.first, !request.body.isEmpty else { return nil }
        if !codedPaths.isEmpty, codedPaths.contains(request.path) { return nil }
        guard codings.count == 1, ASCIIText.equalIgnoringCase(coding, "gzip") || ASCIIText.equalIgnoringCase(coding, "x-gzip") else {
            let names = ASCIIText.quoted(codings.joined(separator: ", ").utf8)
            var response = refuse(request, 415, "Content-Encoding \(names) is not supported, only gzip is")
            response.headers.append("Accept-Encoding", "gzip")
            return response
        }
        do throws(GzipError) {
            request.body = try GzipDecoder.decompress(request.body, maximumBytes: inflatedBytes)
        } catch {
            if case .tooLarge = error { return refuse(request, 413, error.description) }
            return refuse(request, 400, error.description)
        }
        request.headers.remove("Content-Encoding")
        return nil
    }

    private func refuse(_ request: HTTPRequest, _ status: Int, _ detail: String) -> HTTPResponse {
        let head = HTTPRequestHead(
            method: request.method, target: request.target, headers: request.headers, declaredBodyBytes: request.body.count)
        return handlers.refuse(HTTPRefusal(status: status, detail: detail, head: head))
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
