/// Parses the requests of one connection, one after the other. A pure value: bytes in, events out.
package struct RequestParser: Sendable {
    package enum Event: Equatable, Sendable {
        /// A head is whole; its body follows, if it has one. Comes before the body so that a request can be refused unread.
        case head(RequestHead, framing: BodyFraming)
        /// The request is whole; the next one may start.
        case complete(body: [UInt8])
    }

    private enum State {
        case head(HeadParser<RequestLine>)
        /// Waits for ``beginBody(limitBytes:)``.
        case undecided(BodyFraming)
        case body(BodyDecoder)
    }

    private let limits: HTTPLimits
    private let postponesBodies: Bool
    private var state: State
    private var input = ReceiveBuffer()
    private var body: [UInt8] = []

    /// `postponesBodies`: after the head of a request with a body, nothing is parsed until ``beginBody(limitBytes:)``, and only that
    /// limits the body.
    package init(limits: HTTPLimits, postponesBodies: Bool = false) {
        self.limits = limits
        self.postponesBodies = postponesBodies
        state = .head(HeadParser(limits: limits))
    }

    /// How many bytes wait to be parsed.
    package var bufferedBytes: Int { input.count }

    /// How much memory the bytes that have arrived take.
    package var heldBytes: Int { input.count + body.count }

    /// Whether nothing of a further request has arrived.
    package var isBetweenRequests: Bool {
        if case .head(let parser) = state { !parser.hasStarted && input.isEmpty } else { false }
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) { input.append(bytes) }

    package mutating func append(_ bytes: some Collection<UInt8>) { input.append(bytes) }

    /// The next event, or nil when more bytes are needed.
    package mutating func next() throws(HTTPParseError) -> Event? {
        switch state {
        case .head(var parser):
            let head = try parser.parse(&input)
            state = .head(parser)
            guard let head else { return nil }
            try Self.checkHost(head)
            let framing = try BodyFraming(ofRequest: head)
            let isPostponed = postponesBodies && framing != .none
            state = isPostponed ? .undecided(framing) : .body(try BodyDecoder(framing: framing, limits: limits))
            return .head(head, framing: framing)
        case .undecided: return nil
        case .body:
            var bytes: [UInt8] = []
            swap(&bytes, &body)
            if try takeBody(into: &bytes) { return .complete(body: bytes) }
            body = bytes
            return nil
        }
    }

    /// Goes on with the body of the head that was given last. Throws when it is announced larger than the limit.
    package mutating func beginBody(limitBytes: Int) throws(HTTPParseError) {
        guard case .undecided(let framing) = state else { return }
        var limits = limits
        limits.bodyBytes = limitBytes
        state = .body(try BodyDecoder(framing: framing, limits: limits))
    }

    /// In place of ``next()`` after a head: moves what has come of the body to the end of `bytes`. True once that was all of it.
    package mutating func takeBody(into bytes: inout [UInt8]) throws(HTTPParseError) -> Bool {
        guard case .body(var decoder) = state else { return false }
        let isWhole = try decoder.decode(&input, into: &bytes)
        state = isWhole ? .head(HeadParser(limits: limits)) : .body(decoder)
        return isWhole
    }

    /// RFC 9112 §3.2: exactly one Host in HTTP/1.1, and never two.
    private static func checkHost(_ head: RequestHead) throws(HTTPParseError) {
        let hosts = head.headers.all("Host")
        if hosts.count > 1 { throw .malformed("\(hosts.count) Host fields") }
        guard let host = hosts.first else {
            if head.start.version == .http11 { throw .malformed("no Host field") }
            return
        }
        guard HTTPGrammar.isHost(host) else { throw .malformed("a bad Host field: \(ASCIIText.quoted(host.utf8))") }
    }
}

/// Parses the one response to one request, skipping interim (1xx) ones. A pure value.
package struct ResponseParser: Sendable {
    package struct Result: Equatable, Sendable {
        package var response: HTTPResponse
        /// Whether the connection can be used for another request.
        package var keepsConnection: Bool
    }

    private enum State {
        case head(HeadParser<StatusLine>)
        case body(ResponseHead, BodyDecoder)
    }

    private let method: HTTPMethod
    private let limits: HTTPLimits
    private var state: State
    private var input = ReceiveBuffer()
    private var body: [UInt8] = []
    private var interimCount = 0
    /// Whether any byte of an answer came.
    package private(set) var hasBytes = false

    /// `method` is that of the request.
    package init(to method: HTTPMethod, limits: HTTPLimits) {
        self.method = method
        self.limits = limits
        state = .head(HeadParser(limits: limits))
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if !bytes.isEmpty { hasBytes = true }
        input.append(bytes)
    }

    package mutating func append(_ bytes: some Collection<UInt8>) {
        if !bytes.isEmpty { hasBytes = true }
        input.append(bytes)
    }

    /// The response once it is whole; nil when more bytes are needed.
    package mutating func next() throws(HTTPParseError) -> Result? {
        while true {
            switch state {
            case .head(var parser):
                let head = try parser.parse(&input)
                state = .head(parser)
                guard let head else { return nil }
                if head.start.status == 101 { throw .malformed("a switch to another protocol that was not asked for") }
                if head.start.status < 200 {
                    interimCount += 1
                    if interimCount > 16 { throw .malformed("more than 16 interim responses") }
                    state = .head(HeadParser(limits: limits))
                    continue
                }
                let framing = try BodyFraming(ofResponse: head, to: method)
                state = .body(head, try BodyDecoder(framing: framing, limits: limits))
                if case .length(let count) = framing { body.reserveCapacity(count) }
            case .body(let head, var decoder):
                let isWhole = try decoder.decode(&input, into: &body)
                state = .body(head, decoder)
                return isWhole ? result(head, closed: false) : nil
            }
        }
    }

    /// The server closed the connection. Gives the response where that is its end.
    package mutating func end() throws(HTTPParseError) -> Result {
        if let result = try next() { return result }
        switch state {
        case .head: throw .endedEarly(hasBytes ? "in the head of the answer" : "before an answer")
        case .body(let head, var decoder):
            try decoder.end()
            return result(head, closed: true)
        }
    }

    private func result(_ head: ResponseHead, closed: Bool) -> Result {
        let response = HTTPResponse(status: head.start.status, headers: head.headers, body: body)
        // Bytes after the answer belong to no request: such a connection is not trusted with another.
        return Result(
            response: response, keepsConnection: !closed && input.isEmpty && ConnectionPersistence.keeps(head.start.version, head.headers))
    }
}

/// Whether a message lets its connection live on (RFC 9112 §9.3).
enum ConnectionPersistence {
    static func keeps(_ version: HTTPVersion, _ headers: HTTPHeaders) -> Bool {
        if headers.lists("close", in: "Connection") { return false }
        return version == .http11 || headers.lists("keep-alive", in: "Connection")
    }
}
