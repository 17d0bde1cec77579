/// Makes the bytes of a response out of what a handler gave.
enum ResponseWriting {
    struct Output {
        var head: [UInt8]
        var body: [UInt8]
        /// What follows in place of `body`.
        var file: HTTPFileRange?
        /// Whether the connection takes another request afterwards.
        var keepsConnection: Bool
    }

    /// `request` is the method and version that are answered. A response that cannot be written becomes a 500 that says why.
    static func output(
        for response: HTTPResponse, to method: HTTPMethod, version: HTTPVersion, keepsConnection: Bool, wallSeconds: Int
    ) -> Output {
        do throws(HTTPSerializationError) {
            return try write(response, method, version, keepsConnection, wallSeconds)
        } catch {
            let failure = HTTPResponse.text("500 Internal Server Error: the answer cannot be sent: \(error)", status: 500)
            // Plain text with our own headers always can.
            return (try? write(failure, method, version, false, wallSeconds)) ?? Output(head: [], body: [], keepsConnection: false)
        }
    }

    private static func write(
        _ response: HTTPResponse, _ method: HTTPMethod, _ version: HTTPVersion, _ keepsConnection: Bool, _ wallSeconds: Int
    ) throws(HTTPSerializationError) -> Output {
        guard (200...599).contains(response.status) else { throw .badStatus(response.status) }
        let keeps = keepsConnection && !response.headers.lists("close", in: "Connection")
        var headers = response.headers
        // Framing is ours to tell.
        for name in ["Content-Length", "Transfer-Encoding", "Connection"] { headers.remove(name) }
        if !headers.contains("Date") { headers.append("Date", HTTPDate.format(wallSeconds)) }
        let hasBody = response.status != 204 && response.status != 304
        if hasBody { headers.append("Content-Length", response.file.map { String($0.count) } ?? String(response.body.count)) }
        if !keeps {
            headers.append("Connection", "close")
        } else if version == .http10 {
            headers.append("Connection", "keep-alive")
        }
        let head = try MessageSerializer.responseHead(StatusLine(status: response.status), headers: headers)
        guard hasBody && method != .head else { return Output(head: head, body: [], keepsConnection: keeps) }
        let file = response.file.flatMap { $0.count > 0 ? $0 : nil }
        return Output(head: head, body: response.file == nil ? response.body : [], file: file, keepsConnection: keeps)
    }
}
