/// What one client connection does next: bytes, ends, answers and times in; actions out. No socket, no clock, no lock.
///
/// Requests are taken one after the other: while one is handled and answered, nothing more is parsed. All times are
/// nanoseconds of the monotonic clock.
struct ServerConnection: Sendable {
    enum Action {
        /// Wait for bytes.
        case receive
        /// Have this done, and give what came of it to ``completed(_:now:wallSeconds:)``.
        case work(ServerWork)
        /// Write all of this, then call ``sent(now:)``.
        case send(head: [UInt8], body: [UInt8])
        /// Nothing, until the work is done or the response is sent.
        case wait
        /// Send no more, and drop what still comes until the client closes too.
        case linger
        case close
    }

    /// What is refused before a handler sees it, and when.
    struct Policy: Sendable {
        var limits: HTTPLimits
        var timeouts: HTTPServerSettings.Timeouts
        var token: BearerToken?
        /// Whether a handler is asked what becomes of a body.
        var decidesBodies = false
        var refuse: @Sendable (HTTPRefusal) -> HTTPResponse = { $0.textResponse }
    }

    private struct Exchange {
        var head: RequestHead
        var target: String
        var keepsConnection: Bool
        var refusal: HTTPResponse?
        var bodyBytes = 0

        var requestHead: HTTPRequestHead {
            HTTPRequestHead(
                method: head.start.method, target: target, headers: head.headers,
                declaredBodyBytes: head.headers.first("Content-Length").flatMap { ASCIIText.decimal($0) })
        }
    }

    private enum State {
        case idle
        case head
        case deciding(Exchange)
        case body(Exchange)
        case streaming(Exchange, StreamedBody)
        case handling(Exchange)
        case sending(Afterwards)
        case readingFile(FileTransfer)
        case lingering
        case closed
    }

    private indirect enum Afterwards {
        case receiveBody(Exchange)
        case receiveStream(Exchange, StreamedBody)
        case sendFile(FileTransfer)
        case nextRequest
        case linger
    }

    /// A file whose head is sent.
    private struct FileTransfer {
        var file: HTTPFileRange
        var sentBytes: UInt64 = 0
        var keepsConnection: Bool
    }

    private let policy: Policy
    private var parser: RequestParser
    private var state = State.idle
    private var hasEnded = false
    private var lingeringAllowance = 8 << 20
    /// When ``expire(now:wallSeconds:)`` is due; `.max` while a handler runs.
    private(set) var deadline: UInt64
    /// Since when it has been between requests; nil while it is not.
    private(set) var idleSince: UInt64?
    /// When set, no request is taken after the one in progress.
    private var isDraining = false

    init(_ policy: Policy, now: UInt64) {
        self.policy = policy
        parser = Self.parser(policy)
        deadline = now &+ policy.timeouts.idle
        idleSince = now
    }

    private static func parser(_ policy: Policy) -> RequestParser {
        RequestParser(limits: policy.limits, postponesBodies: policy.decidesBodies)
    }

    /// Whether bytes are wanted now.
    var isReceiving: Bool {
        switch state {
        case .idle, .head, .body, .lingering: true
        case .streaming(_, let body): body.isReceiving
        case .deciding, .handling, .sending, .readingFile, .closed: false
        }
    }

    /// Whether bytes are wanted only because the consumer of the ones before is still at work: that can wait.
    var isReadingAhead: Bool {
        if case .streaming(_, let body) = state { body.isReceiving && body.consumingBytes != nil } else { false }
    }

    /// How many bytes of requests are kept for it, here and by its handler.
    var heldBytes: Int {
        switch state {
        case .handling(let exchange): parser.heldBytes + exchange.bodyBytes
        case .streaming(_, let body): parser.heldBytes + body.heldBytes
        default: parser.heldBytes
        }
    }

    /// The consumer of a body that has not come to its end: when the connection goes away, somebody must tell it.
    var unfinishedStream: BodyStream? {
        switch state {
        case .streaming(_, let body), .sending(.receiveStream(_, let body)): body.stream
        default: nil
        }
    }

    // MARK: Events

    mutating func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64, wallSeconds: Int) -> Action {
        if case .lingering = state {
            lingeringAllowance -= bytes.count
            return lingeringAllowance < 0 ? close() : .receive
        }
        parser.append(bytes)
        if case .streaming(let exchange, var body) = state {
            body.spanBytes += bytes.count
            state = .streaming(exchange, body)
        }
        return next(now: now, wallSeconds: wallSeconds)
    }

    /// The client sends no more; it may still read.
    mutating func receiveEnd(now: UInt64, wallSeconds: Int) -> Action {
        hasEnded = true
        if case .lingering = state { return close() }
        return next(now: now, wallSeconds: wallSeconds)
    }

    /// The work that ``Action/work(_:)`` gave out is done.
    mutating func completed(_ outcome: ServerWorkOutcome, now: UInt64, wallSeconds: Int) -> Action {
        switch (state, outcome) {
        case (.handling(let exchange), .answered(let response)):
            return send(response, for: exchange, now: now, wallSeconds: wallSeconds)
        case (.deciding(let exchange), .decided(let decision)):
            return begin(exchange, decision, now: now, wallSeconds: wallSeconds)
        case (.streaming(let exchange, let body), .consumed(let response)),
            (.streaming(let exchange, let body), .interrupted(let response)):
            return goOn(exchange, body, response, now: now, wallSeconds: wallSeconds)
        case (.readingFile(var transfer), .read(let bytes?)) where !bytes.isEmpty:
            transfer.sentBytes += UInt64(bytes.count)
            state = .sending(.sendFile(transfer))
            deadline = now &+ policy.timeouts.response
            return .send(head: bytes, body: [])
        default: return close()
        }
    }

    mutating func sent(now: UInt64, wallSeconds: Int) -> Action {
        guard case .sending(let afterwards) = state else { return close() }
        switch afterwards {
        case .receiveBody(let exchange):
            state = .body(exchange)
            deadline = now &+ policy.timeouts.body
        case .receiveStream(let exchange, let body):
            state = .streaming(exchange, body)
            deadline = .max
        case .sendFile(let transfer) where transfer.sentBytes < transfer.file.count:
            state = .readingFile(transfer)
            deadline = .max
            return .work(.read(transfer.file, offset: transfer.sentBytes))
        case .sendFile(let transfer):
            state = .sending(transfer.keepsConnection && !isDraining ? .nextRequest : .linger)
            return sent(now: now, wallSeconds: wallSeconds)
        case .nextRequest:
            becomeIdle(now: now)
        case .linger:
            // When stopping, a client that has nothing more to say is not waited for.
            if hasEnded || isDraining && parser.isBetweenRequests { return close() }
            state = .lingering
            deadline = now &+ policy.timeouts.linger
            return .linger
        }
        return next(now: now, wallSeconds: wallSeconds)
    }

    /// The deadline has passed.
    mutating func expire(now: UInt64, wallSeconds: Int) -> Action {
        switch state {
        case .head: return refuse(408, "the request head took too long", now: now, wallSeconds: wallSeconds)
        case .body(let exchange):
            return refuse(408, "the request body took too long", exchange.requestHead, now: now, wallSeconds: wallSeconds)
        case .streaming(let exchange, var body):
            if body.spanBytes < policy.timeouts.streamedBodyBytes { body.interruption = .tooSlow }
            deadline = .max
            return proceed(exchange, body, now: now)
        case .idle, .deciding, .handling, .sending, .readingFile, .lingering, .closed: return close()
        }
    }

    /// The server stops: the request in progress is still answered.
    mutating func drain() -> Action {
        isDraining = true
        if case .idle = state { return close() }
        return isReceiving ? .receive : .wait
    }

    /// The server has no room for this connection, or for what it sends.
    mutating func turnAway(because reason: String, now: UInt64, wallSeconds: Int) -> Action {
        parser = Self.parser(policy)
        var head: HTTPRequestHead?
        if case .body(let exchange) = state { head = exchange.requestHead }
        return refuse(503, reason, head, isOverload: true, now: now, wallSeconds: wallSeconds)
    }

    // MARK: Requests

    private mutating func next(now: UInt64, wallSeconds: Int) -> Action {
        var exchanged: HTTPRequestHead?
        do throws(HTTPParseError) {
            while true {
                switch state {
                case .idle, .head:
                    guard case .head(let head, let framing)? = try parser.next() else { return awaitHead(now: now) }
                    if let interim = take(head, framing, now: now, wallSeconds: wallSeconds) { return interim }
                case .streaming(let exchange, let body): return takeBody(exchange, body, now: now)
                case .body(var exchange):
                    exchanged = exchange.requestHead
                    guard case .complete(let body)? = try parser.next() else { return hasEnded ? close() : .receive }
                    if let refusal = exchange.refusal { return send(refusal, for: exchange, now: now, wallSeconds: wallSeconds) }
                    exchange.bodyBytes = body.count
                    state = .handling(exchange)
                    deadline = .max
                    let line = exchange.head.start
                    let headers = exchange.head.headers
                    return .work(.handle(HTTPRequest(method: line.method, target: exchange.target, headers: headers, body: body)))
                case .deciding, .handling, .sending, .readingFile: return .wait
                case .lingering: return .receive
                case .closed: return .close
                }
            }
        } catch {
            return refuse(error.status, error.description, exchanged, now: now, wallSeconds: wallSeconds)
        }
    }

    private mutating func awaitHead(now: UInt64) -> Action {
        if hasEnded || isDraining && parser.isBetweenRequests { return close() }
        if case .idle = state, !parser.isBetweenRequests {
            state = .head
            idleSince = nil
            deadline = now &+ policy.timeouts.head
        }
        return .receive
    }

    private mutating func becomeIdle(now: UInt64) {
        state = .idle
        idleSince = now
        deadline = now &+ policy.timeouts.idle
    }

    /// Looks at a head before its body is read. Gives an action when something is to be sent first.
    private mutating func take(_ head: RequestHead, _ framing: BodyFraming, now: UInt64, wallSeconds: Int) -> Action? {
        idleSince = nil
        var exchange = Exchange(head: head, target: head.start.target, keepsConnection: false)
        exchange.keepsConnection = ConnectionPersistence.keeps(head.start.version, head.headers)
        exchange.refusal = refusal(of: &exchange)
        state = .body(exchange)
        deadline = now &+ policy.timeouts.body
        if framing == .none { return nil }
        if let refusal = exchange.refusal { return refuseBody(of: exchange, refusal, now: now, wallSeconds: wallSeconds) }
        if policy.decidesBodies {
            state = .deciding(exchange)
            deadline = .max
            return .work(.decide(exchange.requestHead))
        }
        return inviteBody(of: exchange, .receiveBody(exchange), now: now)
    }

    /// The body stays unread, so nothing can follow it.
    private mutating func refuseBody(of exchange: Exchange, _ response: HTTPResponse, now: UInt64, wallSeconds: Int) -> Action {
        var exchange = exchange
        exchange.keepsConnection = false
        return send(response, for: exchange, now: now, wallSeconds: wallSeconds)
    }

    /// `100 Continue` for a client that waits for it.
    private mutating func inviteBody(of exchange: Exchange, _ afterwards: Afterwards, now: UInt64) -> Action? {
        let isExpecting = exchange.head.start.version == .http11 && exchange.head.headers.contains("Expect")
        guard isExpecting && parser.bufferedBytes == 0 else { return nil }
        state = .sending(afterwards)
        deadline = now &+ policy.timeouts.response
        return .send(head: Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), body: [])
    }

    // MARK: Bodies that a handler has decided about

    private mutating func begin(_ exchange: Exchange, _ decision: BodyDecision, now: UInt64, wallSeconds: Int) -> Action {
        switch decision {
        case .refused(let response): return refuseBody(of: exchange, response, now: now, wallSeconds: wallSeconds)
        case .gathered:
            do throws(HTTPParseError) { try parser.beginBody(limitBytes: policy.limits.bodyBytes) } catch {
                return refuse(error.status, error.description, exchange.requestHead, now: now, wallSeconds: wallSeconds)
            }
            state = .body(exchange)
            deadline = now &+ policy.timeouts.body
            return inviteBody(of: exchange, .receiveBody(exchange), now: now) ?? next(now: now, wallSeconds: wallSeconds)
        case .streamed(let stream, let limitBytes):
            var body = StreamedBody(stream)
            do throws(HTTPParseError) { try parser.beginBody(limitBytes: limitBytes) } catch {
                body.interruption = HTTPBodyInterruption(error)
                return proceed(exchange, body, now: now)
            }
            deadline = .max
            return inviteBody(of: exchange, .receiveStream(exchange, body), now: now) ?? takeBody(exchange, body, now: now)
        }
    }

    /// Takes what has come of a streamed body off the wire, and gives it to the consumer when that is free.
    private mutating func takeBody(_ exchange: Exchange, _ streamed: StreamedBody, now: UInt64) -> Action {
        var body = streamed
        if body.isReceiving {
            do throws(HTTPParseError) { body.isWhole = try parser.takeBody(into: &body.pending) } catch {
                body.interruption = HTTPBodyInterruption(error)
            }
            if hasEnded && body.isReceiving { body.interruption = .truncated("the client ended the body before it was whole") }
        }
        return proceed(exchange, body, now: now)
    }

    private mutating func proceed(_ exchange: Exchange, _ streamed: StreamedBody, now: UInt64) -> Action {
        var body = streamed
        let work = body.nextWork()
        if !body.isReceiving {
            deadline = .max
        } else if deadline == .max {
            deadline = now &+ policy.timeouts.streamedBody
            body.spanBytes = 0
        }
        state = .streaming(exchange, body)
        return work.map { .work($0) } ?? (body.isReceiving ? .receive : .wait)
    }

    /// The consumer has returned; with a response when it is done.
    private mutating func goOn(
        _ exchange: Exchange, _ streamed: StreamedBody, _ response: HTTPResponse?, now: UInt64, wallSeconds: Int
    ) -> Action {
        var body = streamed
        body.consumingBytes = nil
        guard let response else { return takeBody(exchange, body, now: now) }
        guard body.isWhole else { return refuseBody(of: exchange, response, now: now, wallSeconds: wallSeconds) }
        return send(response, for: exchange, now: now, wallSeconds: wallSeconds)
    }

    private func refusal(of exchange: inout Exchange) -> HTTPResponse? {
        let line = exchange.head.start
        switch line.method {
        case .connect, .trace: return refusal(501, "method \(line.method) is not supported", exchange.requestHead)
        case _ where !HTTPMethod.registered.contains(line.method):
            return refusal(501, "method \(ASCIIText.quoted(line.method.rawValue.utf8)) is not known", exchange.requestHead)
        default: break
        }
        guard let target = Self.originForm(of: line) else {
            return refusal(400, "a bad request target: \(ASCIIText.quoted(line.target.utf8))", exchange.requestHead)
        }
        exchange.target = target.target
        // RFC 9112 §3.2.2: the authority in the target replaces that of Host.
        if let authority = target.authority { exchange.head.headers.set("Host", authority) }
        if let token = policy.token, !token.isCarried(by: exchange.head.headers) {
            var response = refusal(401, "send Authorization: Bearer and the token", exchange.requestHead)
            response.headers.append("WWW-Authenticate", "Bearer realm=\"tailspan\"")
            return response
        }
        if line.version == .http11, let expectation = exchange.head.headers.first("Expect"),
            !ASCIIText.equalIgnoringCase(expectation, "100-continue")
        {
            return refusal(417, "expectation \(ASCIIText.quoted(expectation.utf8)) cannot be met", exchange.requestHead)
        }
        return nil
    }

    /// Path and query of a target in origin, absolute or asterisk form (RFC 9112 §3.2); nil for any other.
    private static func originForm(of line: RequestLine) -> (target: String, authority: String?)? {
        if line.target.hasPrefix("/") { return (line.target, nil) }
        if line.target == "*" { return line.method == .options ? ("*", nil) : nil }
        for scheme in ["http://", "https://"] where ASCIIText.equalIgnoringCase(String(line.target.prefix(scheme.count)), scheme) {
            let rest = line.target.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard !authority.isEmpty, HTTPGrammar.isHost(String(authority)) else { return nil }
            let path = rest[authority.endIndex...]
            return (path.hasPrefix("/") ? String(path) : "/" + path, String(authority))
        }
        return nil
    }

    // MARK: Responses

    private mutating func send(_ response: HTTPResponse, for exchange: Exchange, now: UInt64, wallSeconds: Int) -> Action {
        let output = ResponseWriting.output(
            for: response, to: exchange.head.start.method, version: exchange.head.start.version,
            keepsConnection: exchange.keepsConnection && !isDraining, wallSeconds: wallSeconds)
        let afterwards: Afterwards = output.keepsConnection ? .nextRequest : .linger
        state = .sending(output.file.map { .sendFile(FileTransfer(file: $0, keepsConnection: output.keepsConnection)) } ?? afterwards)
        deadline = now &+ policy.timeouts.response
        idleSince = nil
        return .send(head: output.head, body: output.body)
    }

    /// Answers what cannot be understood or waited for, and ends the connection: where the next request starts is unknown.
    private mutating func refuse(
        _ status: Int, _ detail: String, _ head: HTTPRequestHead? = nil, isOverload: Bool = false, now: UInt64, wallSeconds: Int
    ) -> Action {
        let output = ResponseWriting.output(
            for: refusal(status, detail, head, isOverload: isOverload), to: .get, version: .http11, keepsConnection: false,
            wallSeconds: wallSeconds)
        state = .sending(.linger)
        deadline = now &+ policy.timeouts.response
        idleSince = nil
        return .send(head: output.head, body: output.body)
    }

    private func refusal(_ status: Int, _ detail: String, _ head: HTTPRequestHead?, isOverload: Bool = false) -> HTTPResponse {
        policy.refuse(HTTPRefusal(status: status, detail: detail, head: head, isOverload: isOverload))
    }

    private mutating func close() -> Action {
        state = .closed
        idleSince = nil
        deadline = .max
        return .close
    }
}
