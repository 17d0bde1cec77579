/// What one client connection does next: bytes, ends, answers and times in; actions out. No socket, no clock, no lock.
///
/// Requests are taken one after the other: while one is handled and answered, nothing more is parsed. All times are
/// nanoseconds of the monotonic clock.
struct ServerConnection: Sendable {
    enum Action {
        /// Wait for bytes.
        case receive
        /// Give the request to a handler, and its response to ``answer(_:now:wallSeconds:)``.
        case handle(HTTPRequest)
        /// Write all of this, then call ``sent(now:)``.
        case send(head: [UInt8], body: [UInt8])
        /// Nothing, until the handler has answered or the response is sent.
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
    }

    private struct Exchange {
        var head: RequestHead
        var target: String
        var keepsConnection: Bool
        var refusal: HTTPResponse?
        var bodyBytes = 0
    }

    private enum State {
        case idle
        case head
        case body(Exchange)
        case handling(Exchange)
        case sending(Afterwards)
        case lingering
        case closed
    }

    private enum Afterwards {
        case receiveBody(Exchange)
        case nextRequest
        case linger
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
        parser = RequestParser(limits: policy.limits)
        deadline = now &+ policy.timeouts.idle
        idleSince = now
    }

    /// Whether bytes are wanted now.
    var isReceiving: Bool {
        switch state {
        case .idle, .head, .body, .lingering: true
        case .handling, .sending, .closed: false
        }
    }

    /// How many bytes of requests are kept for it, here and by its handler.
    var heldBytes: Int {
        if case .handling(let exchange) = state { parser.heldBytes + exchange.bodyBytes } else { parser.heldBytes }
    }

    // MARK: Events

    mutating func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64, wallSeconds: Int) -> Action {
        if case .lingering = state {
            lingeringAllowance -= bytes.count
            return lingeringAllowance < 0 ? close() : .receive
        }
        parser.append(bytes)
        return next(now: now, wallSeconds: wallSeconds)
    }

    /// The client sends no more; it may still read.
    mutating func receiveEnd(now: UInt64, wallSeconds: Int) -> Action {
        hasEnded = true
        if case .lingering = state { return close() }
        return next(now: now, wallSeconds: wallSeconds)
    }

    /// The handler's response to the request that ``Action/handle(_:)`` gave out.
    mutating func answer(_ response: HTTPResponse, now: UInt64, wallSeconds: Int) -> Action {
        guard case .handling(let exchange) = state else { return close() }
        return send(response, for: exchange, now: now, wallSeconds: wallSeconds)
    }

    mutating func sent(now: UInt64, wallSeconds: Int) -> Action {
        guard case .sending(let afterwards) = state else { return close() }
        switch afterwards {
        case .receiveBody(let exchange):
            state = .body(exchange)
            deadline = now &+ policy.timeouts.body
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
        case .body: return refuse(408, "the request body took too long", now: now, wallSeconds: wallSeconds)
        case .idle, .handling, .sending, .lingering, .closed: return close()
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
        parser = RequestParser(limits: policy.limits)
        return refuse(503, reason, now: now, wallSeconds: wallSeconds)
    }

    // MARK: Requests

    private mutating func next(now: UInt64, wallSeconds: Int) -> Action {
        do throws(HTTPParseError) {
            while true {
                switch state {
                case .idle, .head:
                    guard case .head(let head, let framing)? = try parser.next() else { return awaitHead(now: now) }
                    if let interim = take(head, framing, now: now, wallSeconds: wallSeconds) { return interim }
                case .body(var exchange):
                    guard case .complete(let body)? = try parser.next() else { return hasEnded ? close() : .receive }
                    if let refusal = exchange.refusal { return send(refusal, for: exchange, now: now, wallSeconds: wallSeconds) }
                    exchange.bodyBytes = body.count
                    state = .handling(exchange)
                    deadline = .max
                    let line = exchange.head.start
                    return .handle(HTTPRequest(method: line.method, target: exchange.target, headers: exchange.head.headers, body: body))
                case .handling, .sending: return .wait
                case .lingering: return .receive
                case .closed: return .close
                }
            }
        } catch {
            return refuse(error.status, error.description, now: now, wallSeconds: wallSeconds)
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
        if let refusal = exchange.refusal {
            // The body stays unread, so nothing can follow it.
            exchange.keepsConnection = false
            return send(refusal, for: exchange, now: now, wallSeconds: wallSeconds)
        }
        let isExpecting = head.start.version == .http11 && head.headers.contains("Expect")
        if isExpecting && parser.bufferedBytes == 0 {
            state = .sending(.receiveBody(exchange))
            deadline = now &+ policy.timeouts.response
            return .send(head: Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), body: [])
        }
        return nil
    }

    private func refusal(of exchange: inout Exchange) -> HTTPResponse? {
        let line = exchange.head.start
        switch line.method {
        case .connect, .trace: return Self.refusal(501, "method \(line.method) is not supported")
        case _ where !HTTPMethod.registered.contains(line.method):
            return Self.refusal(501, "method \(ASCIIText.quoted(line.method.rawValue.utf8)) is not known")
        default: break
        }
        guard let target = Self.originForm(of: line) else {
            return Self.refusal(400, "a bad request target: \(ASCIIText.quoted(line.target.utf8))")
        }
        exchange.target = target.target
        // RFC 9112 §3.2.2: the authority in the target replaces that of Host.
        if let authority = target.authority { exchange.head.headers.set("Host", authority) }
        if let token = policy.token, !token.isCarried(by: exchange.head.headers) {
            var response = Self.refusal(401, "send Authorization: Bearer and the token")
            response.headers.append("WWW-Authenticate", "Bearer realm=\"tailspan\"")
            return response
        }
        if line.version == .http11, let expectation = exchange.head.headers.first("Expect"),
            !ASCIIText.equalIgnoringCase(expectation, "100-continue")
        {
            return Self.refusal(417, "expectation \(ASCIIText.quoted(expectation.utf8)) cannot be met")
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
        state = .sending(output.keepsConnection ? .nextRequest : .linger)
        deadline = now &+ policy.timeouts.response
        idleSince = nil
        return .send(head: output.head, body: output.body)
    }

    /// Answers what cannot be understood or waited for, and ends the connection: where the next request starts is unknown.
    private mutating func refuse(_ status: Int, _ detail: String, now: UInt64, wallSeconds: Int) -> Action {
        let output = ResponseWriting.output(
            for: Self.refusal(status, detail), to: .get, version: .http11, keepsConnection: false, wallSeconds: wallSeconds)
        state = .sending(.linger)
        deadline = now &+ policy.timeouts.response
        idleSince = nil
        return .send(head: output.head, body: output.body)
    }

    private static func refusal(_ status: Int, _ detail: String) -> HTTPResponse {
        .text("\(status) \(HTTPStatusText.reason(for: status)): \(detail)", status: status)
    }

    private mutating func close() -> Action {
        state = .closed
        idleSince = nil
        deadline = .max
        return .close
    }
}
