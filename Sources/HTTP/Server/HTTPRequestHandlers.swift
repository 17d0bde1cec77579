/// Who answers a server's requests. All but ``refuse`` are called on worker threads, and may block.
package struct HTTPRequestHandlers: Sendable {
    /// What becomes of a body, by the head of its request; asked before any of it is read, and before `100 Continue` is sent.
    /// Without it every body is gathered.
    package var decide: (@Sendable (HTTPRequestHead) -> HTTPBodyDisposition)?
    /// Answers a request without a body, or with a gathered one.
    package var handle: HTTPServer.Handler
    /// Makes the answer to what the server refuses by itself. Called on the thread of all connections: it must not block.
    package var refuse: @Sendable (HTTPRefusal) -> HTTPResponse

    package init(
        decide: (@Sendable (HTTPRequestHead) -> HTTPBodyDisposition)? = nil, handle: @escaping HTTPServer.Handler,
        refuse: @escaping @Sendable (HTTPRefusal) -> HTTPResponse = { $0.textResponse }
    ) {
        self.decide = decide
        self.handle = handle
        self.refuse = refuse
    }
}

/// What becomes of a request's body.
package enum HTTPBodyDisposition: Sendable {
    /// It is kept in memory, within ``HTTPLimits/bodyBytes``, and handled with its request.
    case gathered
    /// It is given to a consumer while it arrives, and may be longer than memory.
    case streamed(to: any HTTPBodyConsumer, limitBytes: Int)
    /// It stays unread. The connection is closed after the answer.
    case refused(HTTPResponse)
}

/// Takes one request's body in pieces. Each call is made on a worker thread when the one before has returned; the client is read
/// only as fast as that.
package protocol HTTPBodyConsumer: AnyObject, Sendable {
    /// nil to go on. A response is sent at once and ends it: the rest stays unread, and no other call follows.
    func receive(_ bytes: [UInt8]) -> HTTPResponse?
    /// The body is whole.
    func finish() -> HTTPResponse
    /// The body will not be whole. Called in place of ``finish()``, and the last call too. The response is sent where the client may
    /// still read it.
    func interrupt(_ cause: HTTPBodyInterruption) -> HTTPResponse
}

/// Why a streamed body has no end.
package enum HTTPBodyInterruption: Equatable, Sendable, CustomStringConvertible {
    /// The client closed the connection, or the server did while it stopped.
    case disconnected
    /// The client said that it sends no more, before the end.
    case truncated(String)
    case malformed(String)
    case tooLarge(limitBytes: Int)
    /// Less than ``HTTPServerSettings/Timeouts/streamedBodyBytes`` came in a span.
    case tooSlow

    init(_ error: HTTPParseError) {
        switch error {
        case .bodyTooLarge(let limit): self = .tooLarge(limitBytes: limit)
        case .endedEarly: self = .truncated(error.description)
        default: self = .malformed(error.description)
        }
    }

    /// The status to answer with; 499, which nobody will read, where the client is gone.
    package var status: Int {
        switch self {
        case .disconnected: 499
        case .truncated, .malformed: 400
        case .tooLarge: 413
        case .tooSlow: 408
        }
    }

    package var description: String {
        switch self {
        case .disconnected: "the connection was closed before the body was whole"
        case .truncated(let text), .malformed(let text): text
        case .tooLarge(let limit): "the body is larger than \(limit) bytes"
        case .tooSlow: "the request body came too slowly"
        }
    }
}

/// A request, or what should have been one, that no handler sees.
package struct HTTPRefusal: Equatable, Sendable {
    package var status: Int
    /// What was found and what to do, in one sentence without a full stop.
    package var detail: String
    /// nil where the head could not be read, or was not waited for.
    package var head: HTTPRequestHead?
    /// There is no room for it now; the same may be taken later.
    package var isOverload: Bool

    package init(status: Int, detail: String, head: HTTPRequestHead? = nil, isOverload: Bool = false) {
        self.status = status
        self.detail = detail
        self.head = head
        self.isOverload = isOverload
    }

    /// `404 Not Found: …`
    package var textResponse: HTTPResponse { textResponse(status: status) }

    /// The same with another status.
    package func textResponse(status: Int) -> HTTPResponse {
        .text("\(status) \(HTTPStatusText.reason(for: status)): \(detail)", status: status)
    }
}
