import Testing

@testable import HTTP

/// The state machine of a connection whose server decides about bodies.
struct StreamedConnectionTests {
    private var connection: ServerConnection
    private let recorder = BodyRecorder()

    init() {
        var timeouts = HTTPServerSettings.Timeouts()
        (timeouts.idle, timeouts.head, timeouts.body, timeouts.response, timeouts.linger) = (1000, 100, 200, 300, 50)
        (timeouts.streamedBody, timeouts.streamedBodyBytes) = (40, 4)
        connection = ServerConnection(
            ServerConnection.Policy(limits: HTTPLimits(), timeouts: timeouts, token: nil, decidesBodies: true), now: 0)
    }

    private mutating func receive(_ text: String, at now: UInt64 = 0) -> String {
        Array(text.utf8).withUnsafeBytes { name(connection.receive($0, now: now, wallSeconds: 0)) }
    }

    private mutating func complete(_ outcome: ServerWorkOutcome, at now: UInt64 = 0) -> String {
        name(connection.completed(outcome, now: now, wallSeconds: 0))
    }

    private mutating func stream(limitBytes: Int = 1 << 40, at now: UInt64 = 0) -> String {
        complete(.decided(BodyDecision(.streamed(to: recorder, limitBytes: limitBytes))), at: now)
    }

    private mutating func sent(at now: UInt64 = 0) -> String { name(connection.sent(now: now, wallSeconds: 0)) }

    private func name(_ action: ServerConnection.Action) -> String {
        switch action {
        case .receive: return "receive"
        case .work(.handle(let request)): return "handle \(request.method)"
        case .work(.decide(let head)): return "decide \(head.target) \(head.declaredBodyBytes.map(String.init) ?? "?")"
        case .work(.consume(_, let bytes, let isLast)):
            return "consume " + (bytes.count > 100 ? "\(bytes.count)" : String(decoding: bytes, as: UTF8.self)) + (isLast ? "." : "")
        case .work(.interrupt(_, let cause)): return "interrupt \(cause.status)"
        case .work(.read(_, let offset)): return "read at \(offset)"
        case .send(let head, _):
            let text = String(decoding: head, as: UTF8.self)
            return "send " + text.dropFirst(9).prefix(3) + (text.contains("Connection: close") ? " close" : "")
        case .wait: return "wait"
        case .linger: return "linger"
        case .close: return "close"
        }
    }

    private func head(_ fields: String) -> String { "POST /up HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n" }

    @Test mutating func `a body is consumed as it comes, and the next request follows it`() {
        #expect(receive(head("Content-Length: 6") + "ab") == "decide /up 6")
        #expect(!connection.isReceiving)
        #expect(stream() == "consume ab")
        #expect(connection.isReceiving && connection.isReadingAhead)
        #expect(receive("cd") == "receive")
        #expect(receive("efGET / HTTP/1.1\r\nHost: x\r\n\r\n") == "wait")
        #expect(!connection.isReceiving)
        #expect(complete(.consumed(nil)) == "consume cdef.")
        #expect(complete(.consumed(HTTPResponse(status: 201))) == "send 201")
        #expect(sent() == "handle GET")
    }

    @Test mutating func `a request without a body is not asked about`() {
        #expect(receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == "handle GET")
    }

    @Test mutating func `a gathered body is handled as on any other server`() {
        #expect(receive(head("Content-Length: 3") + "ab") == "decide /up 3")
        #expect(complete(.decided(.gathered)) == "receive")
        #expect(receive("c") == "handle POST")
    }

    @Test mutating func `a gathered body has the server's limit`() {
        #expect(receive(head("Content-Length: 1048577")) == "decide /up 1048577")
        #expect(complete(.decided(.gathered)) == "send 413 close")
    }

    @Test mutating func `an empty body is whole at once`() {
        #expect(receive(head("Content-Length: 0")) == "decide /up 0")
        #expect(stream() == "consume .")
        #expect(complete(.consumed(HTTPResponse(status: 200))) == "send 200")
    }

    @Test mutating func `a client that waits is told to continue only after the decision`() {
        #expect(receive(head("Content-Length: 3\r\nExpect: 100-continue")) == "decide /up 3")
        #expect(stream() == "send 100")
        #expect(connection.unfinishedStream != nil)
        #expect(sent() == "receive")
        #expect(receive("abc") == "consume abc.")
    }

    @Test mutating func `a body that is refused by its head stays unread`() {
        #expect(receive(head("Content-Length: 3\r\nExpect: 100-continue")) == "decide /up 3")
        #expect(complete(.decided(.refused(HTTPResponse(status: 403)))) == "send 403 close")
        #expect(sent() == "linger")
    }

    @Test mutating func `a body is read ahead of its consumer only so far`() {
        #expect(receive(head("Transfer-Encoding: chunked") + "1\r\nx\r\n") == "decide /up ?")
        #expect(stream() == "consume x")
        let chunk = "10000\r\n" + String(repeating: "y", count: 1 << 16) + "\r\n"
        #expect(receive(chunk) == "receive")
        #expect(receive(chunk) == "wait")
        #expect(!connection.isReceiving)
        #expect(connection.heldBytes == 1 << 17 | 1)
        #expect(complete(.consumed(nil)) == "consume 131072")
        #expect(connection.isReceiving)
    }

    @Test mutating func `a slow consumer is no slow client`() {
        _ = receive(head("Transfer-Encoding: chunked") + "1\r\nx\r\n")
        _ = stream(at: 5)
        #expect(connection.deadline == 45)
        _ = receive("20000\r\n" + String(repeating: "y", count: 1 << 17) + "\r\n", at: 6)
        #expect(connection.deadline == .max)
        _ = complete(.consumed(nil), at: 5000)
        #expect(connection.deadline == 5040)
    }

    @Test mutating func `a client that sends enough in each span is waited for, one that does not is answered 408`() {
        _ = receive(head("Content-Length: 100"))
        #expect(stream() == "receive")
        #expect(receive("abcd", at: 39) == "consume abcd")
        #expect(complete(.consumed(nil), at: 39) == "receive")
        #expect(name(connection.expire(now: 40, wallSeconds: 0)) == "receive")
        #expect(connection.deadline == 80)
        #expect(receive("abc", at: 79) == "consume abc")
        #expect(complete(.consumed(nil), at: 79) == "receive")
        #expect(name(connection.expire(now: 80, wallSeconds: 0)) == "interrupt 408")
        #expect(complete(.interrupted(HTTPResponse(status: 408)), at: 81) == "send 408 close")
    }

    @Test(arguments: [("Content-Length: 11", ""), ("Transfer-Encoding: chunked", "B\r\n")])
    mutating func `a body over its own limit is interrupted`(fields: String, start: String) {
        #expect(receive(head(fields) + start).hasPrefix("decide"))
        #expect(stream(limitBytes: 10) == "interrupt 413")
        #expect(complete(.interrupted(HTTPResponse(status: 413))) == "send 413 close")
    }

    @Test(arguments: [("", "interrupt 400"), ("zz\r\n", "interrupt 400")])
    mutating func `a body that ends too early or is malformed is interrupted once its consumer is free`(rest: String, then: String) {
        #expect(receive(head("Transfer-Encoding: chunked") + "1\r\nx\r\n") == "decide /up ?")
        #expect(stream() == "consume x")
        if !rest.isEmpty { #expect(receive(rest) == "wait") }
        #expect(name(connection.receiveEnd(now: 1, wallSeconds: 0)) == "wait")
        #expect(complete(.consumed(nil)) == then)
        #expect(complete(.interrupted(HTTPResponse(status: 400))) == "send 400 close")
        #expect(sent() == "close")
    }

    @Test mutating func `a consumer that refuses ends the connection`() {
        #expect(receive(head("Content-Length: 6") + "ab") == "decide /up 6")
        #expect(stream() == "consume ab")
        #expect(receive("cd") == "receive")
        #expect(complete(.consumed(HTTPResponse(status: 507))) == "send 507 close")
        #expect(connection.unfinishedStream == nil)
    }

    @Test mutating func `draining lets a body be finished`() {
        #expect(receive(head("Content-Length: 6") + "ab") == "decide /up 6")
        #expect(stream() == "consume ab")
        #expect(name(connection.drain()) == "receive")
        #expect(receive("cdef") == "wait")
        #expect(complete(.consumed(nil)) == "consume cdef.")
        #expect(complete(.consumed(HTTPResponse(status: 200))) == "send 200 close")
    }
}
