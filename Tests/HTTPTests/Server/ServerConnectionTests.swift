import Testing

@testable import HTTP

/// The state machine alone: bytes, answers and times in, actions out.
struct ServerConnectionTests {
    private var connection = ServerConnection(
        ServerConnection.Policy(limits: HTTPLimits(), timeouts: Self.timeouts, token: nil), now: 0)

    private static var timeouts: HTTPServerSettings.Timeouts {
        var timeouts = HTTPServerSettings.Timeouts()
        (timeouts.idle, timeouts.head, timeouts.body, timeouts.response, timeouts.linger) = (1000, 100, 200, 300, 50)
        return timeouts
    }

    private static let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"

    private mutating func receive(_ text: String, at now: UInt64) -> String {
        Array(text.utf8).withUnsafeBytes { name(connection.receive($0, now: now, wallSeconds: 0)) }
    }

    private mutating func answer(at now: UInt64, _ headers: HTTPHeaders = [:]) -> String {
        name(connection.completed(.answered(HTTPResponse(status: 200, headers: headers)), now: now, wallSeconds: 0))
    }

    private mutating func sent(at now: UInt64) -> String { name(connection.sent(now: now, wallSeconds: 0)) }
    private mutating func end(at now: UInt64) -> String { name(connection.receiveEnd(now: now, wallSeconds: 0)) }
    private mutating func expire(at now: UInt64) -> String { name(connection.expire(now: now, wallSeconds: 0)) }

    private func name(_ action: ServerConnection.Action) -> String {
        switch action {
        case .receive: return "receive"
        case .work(.handle(let request)): return "handle \(request.method)"
        case .work(.decide(let head)): return "decide \(head.method)"
        case .work(.consume(_, let bytes, let isLast)): return "consume \(String(decoding: bytes, as: UTF8.self))\(isLast ? "." : "")"
        case .work(.interrupt(_, let cause)): return "interrupt: \(cause)"
        case .work(.read(_, let offset)): return "read at \(offset)"
        case .send(let head, _):
            let text = String(decoding: head, as: UTF8.self)
            return "send " + text.dropFirst(9).prefix(3) + (text.contains("Connection: close") ? " close" : "")
        case .wait: return "wait"
        case .linger: return "linger"
        case .close: return "close"
        }
    }

    @Test mutating func `each phase has its own deadline`() {
        #expect(connection.deadline == 1000)
        #expect(receive("POST ", at: 10) == "receive")
        #expect(connection.deadline == 110)
        #expect(receive("/ HTTP/1.1\r\n", at: 50) == "receive")
        #expect(connection.deadline == 110)
        #expect(receive("Host: x\r\nContent-Length: 3\r\n\r\n", at: 60) == "receive")
        #expect(connection.deadline == 260)
        #expect(receive("ab", at: 250) == "receive")
        #expect(connection.deadline == 260)
        #expect(receive("c", at: 255) == "handle POST")
        #expect(connection.deadline == .max)
        #expect(answer(at: 5000) == "send 200")
        #expect(connection.deadline == 5300)
        #expect(sent(at: 5100) == "receive")
        #expect(connection.deadline == 6100)
        #expect(connection.idleSince == 5100)
    }

    @Test mutating func `an expired idle connection closes, one in a request is answered first`() {
        #expect(expire(at: 1000) == "close")
        connection = ServerConnection(ServerConnection.Policy(limits: HTTPLimits(), timeouts: Self.timeouts, token: nil), now: 0)
        _ = receive("G", at: 0)
        #expect(connection.idleSince == nil)
        #expect(expire(at: 100) == "send 408 close")
        #expect(sent(at: 101) == "linger")
        #expect(connection.deadline == 151)
        #expect(receive("more", at: 102) == "receive")
        #expect(connection.deadline == 151)
        #expect(expire(at: 151) == "close")
    }

    @Test mutating func `a lingering client can send only so much`() {
        _ = receive("\n", at: 0)
        #expect(sent(at: 1) == "linger")
        let piece = String(repeating: "x", count: 1 << 20)
        for _ in 0..<8 { #expect(receive(piece, at: 2) == "receive") }
        #expect(receive("x", at: 3) == "close")
    }

    @Test mutating func `the next request waits until the one before is sent`() {
        #expect(receive(Self.get + Self.post + "abc" + Self.get, at: 0) == "handle GET")
        #expect(!connection.isReceiving)
        #expect(answer(at: 1) == "send 200")
        #expect(sent(at: 2) == "handle POST")
        #expect(answer(at: 3) == "send 200")
        #expect(sent(at: 4) == "handle GET")
        #expect(answer(at: 5) == "send 200")
        #expect(sent(at: 6) == "receive")
    }

    @Test mutating func `a client that stops sending is answered all it asked`() {
        #expect(receive(Self.get + Self.get, at: 0) == "handle GET")
        #expect(end(at: 1) == "wait")
        #expect(answer(at: 2) == "send 200")
        #expect(sent(at: 3) == "handle GET")
        #expect(answer(at: 4) == "send 200")
        #expect(sent(at: 5) == "close")
    }

    @Test mutating func `a client that stops in the middle of a request is closed`() {
        #expect(receive(Self.post + "ab", at: 0) == "receive")
        #expect(end(at: 1) == "close")
    }

    @Test mutating func `close is honoured from either side`() {
        #expect(receive("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + Self.get, at: 0) == "handle GET")
        #expect(answer(at: 1) == "send 200 close")
        #expect(sent(at: 2) == "linger")
        connection = ServerConnection(ServerConnection.Policy(limits: HTTPLimits(), timeouts: Self.timeouts, token: nil), now: 0)
        #expect(receive(Self.get, at: 0) == "handle GET")
        #expect(answer(at: 1, ["connection": "Close"]) == "send 200 close")
        #expect(sent(at: 2) == "linger")
        #expect(end(at: 3) == "close")
    }

    @Test mutating func `continue is sent only to a client that waits for it`() {
        let expecting = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        #expect(receive(expecting, at: 0) == "send 100")
        #expect(sent(at: 1) == "receive")
        #expect(connection.deadline == 201)
        #expect(receive("abc", at: 2) == "handle POST")
        #expect(answer(at: 3) == "send 200")
        #expect(sent(at: 4) == "receive")
        #expect(receive(expecting + "abc", at: 5) == "handle POST")
    }

    @Test mutating func `draining closes an idle connection at once`() {
        #expect(name(connection.drain()) == "close")
    }

    @Test mutating func `draining lets a request be finished and answered, and takes no other`() {
        #expect(receive(Self.post + "a", at: 0) == "receive")
        #expect(name(connection.drain()) == "receive")
        #expect(receive("bc", at: 1) == "handle POST")
        #expect(answer(at: 2) == "send 200 close")
        #expect(sent(at: 3) == "close")
    }

    @Test mutating func `draining while an answer goes out closes after it`() {
        #expect(receive(Self.get, at: 0) == "handle GET")
        #expect(answer(at: 1) == "send 200")
        #expect(name(connection.drain()) == "wait")
        #expect(sent(at: 2) == "close")
    }

    @Test mutating func `held bytes are those of the request, until it is answered`() {
        _ = receive(Self.post + "ab", at: 0)
        #expect(connection.heldBytes == 2)
        _ = receive("cGET ", at: 1)
        #expect(connection.heldBytes == 7)
        _ = answer(at: 2)
        #expect(connection.heldBytes == 4)
    }
}
