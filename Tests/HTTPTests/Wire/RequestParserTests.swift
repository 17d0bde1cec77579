import Testing

@testable import HTTP

/// What a parser makes of some bytes: the same however they are cut.
struct ParsedRequests: Equatable, CustomStringConvertible {
    var events: [RequestParser.Event] = []
    var error: HTTPParseError?

    /// `pieces` are given to the parser one after the other.
    init(_ pieces: some Sequence<some Collection<UInt8>>, limits: HTTPLimits = HTTPLimits()) {
        var parser = RequestParser(limits: limits)
        do throws(HTTPParseError) {
            for piece in pieces {
                parser.append(piece)
                while let event = try parser.next() { events.append(event) }
            }
        } catch { self.error = error }
    }

    var description: String { "\(events) \(error.map { "\($0)" } ?? "")" }
}

struct RequestParserTests {
    static let samples = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\nGET /a?b=c%20d HTTP/1.0\r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 5\r\nX-Empty:\r\nX: \t a \t \r\n\r\nhelloGET / HTTP/1.1\r\nHost:\r\n\r\n",
        "PUT /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n000\r\nT: a\r\nU: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
        "OPTIONS * HTTP/1.9\r\nHost: x\r\nX: \u{e4}\r\n\r\n",
    ].map { Array($0.utf8) }

    @Test func `a request is given as head and body`() {
        let parsed = ParsedRequests([Self.samples[2]])
        let head = RequestHead(
            start: RequestLine(method: .post, target: "/p"),
            headers: ["Host": "[::1]:80", "Content-Length": "5", "X-Empty": "", "X": "a"])
        let next = RequestHead(start: RequestLine(method: .get, target: "/"), headers: ["Host": ""])
        #expect(
            parsed.events == [
                .head(head, framing: .length(5)), .complete(body: Array("hello".utf8)), .head(next, framing: .none), .complete(body: []),
            ])
        #expect(parsed.error == nil)
    }

    @Test func `chunks are joined, their extensions and trailers dropped`() {
        let parsed = ParsedRequests([Self.samples[3]])
        #expect(parsed.events.last == .complete(body: Array("hello0123456789".utf8)))
        #expect(parsed.events.count == 2)
    }

    @Test(arguments: samples + HostileRequests.all.filter { $0.bytes.count < 2000 }.map(\.bytes))
    func `the events do not depend on where a read ends`(request: [UInt8]) {
        let whole = ParsedRequests([request])
        for cut in 0...request.count {
            let halves = ParsedRequests([request[..<cut], request[cut...]])
            #expect(halves == whole, "cut at \(cut)")
        }
        #expect(ParsedRequests(request.map { [$0] }) == whole)
    }

    @Test(arguments: samples)
    func `a request that is not whole is waited for`(request: [UInt8]) {
        let whole = ParsedRequests([request])
        for count in 0..<request.count {
            let part = ParsedRequests([request[..<count]])
            #expect(part.error == nil)
            #expect(part.events.count < whole.events.count)
            #expect(part.events == Array(whole.events[..<part.events.count]))
        }
    }

    @Test(arguments: HostileRequests.all)
    func `a hostile request is refused with its status`(hostile: HostileRequests.Case) throws {
        var connection = ServerConnection(
            ServerConnection.Policy(limits: HTTPLimits(), timeouts: HTTPServerSettings.Timeouts(), token: nil), now: 0)
        let action = hostile.bytes.withUnsafeBytes { connection.receive($0, now: 1, wallSeconds: 0) }
        guard case .send(let head, let body) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(String(decoding: head, as: UTF8.self).hasPrefix("HTTP/1.1 \(hostile.status) "))
        #expect(String(decoding: body, as: UTF8.self).hasPrefix("\(hostile.status) "))
    }

    @Test(arguments: HostileRequests.all.filter { $0.status == 400 || $0.status == 505 })
    func `nothing is taken for a request after one that breaks the grammar`(hostile: HostileRequests.Case) throws {
        let follower = Array("GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        let parsed = ParsedRequests([hostile.bytes + follower])
        for event in parsed.events {
            if case .head(let head, _) = event, parsed.error != nil { #expect(head.start.target != "/smuggled") }
        }
    }

    @Test(arguments: samples)
    func `a body that is taken piece by piece is the same as a gathered one`(request: [UInt8]) throws {
        let whole = ParsedRequests([request])
        for pieceBytes in 1...request.count {
            var parser = RequestParser(limits: HTTPLimits(), postponesBodies: true)
            var body: [UInt8]?
            var bodies: [[UInt8]] = []
            for start in stride(from: 0, to: request.count, by: pieceBytes) {
                parser.append(request[start..<min(start + pieceBytes, request.count)])
                var isWaiting = false
                while !isWaiting {
                    if var partial = body {
                        isWaiting = try !parser.takeBody(into: &partial)
                        body = isWaiting ? partial : nil
                        if !isWaiting { bodies.append(partial) }
                        continue
                    }
                    switch try parser.next() {
                    case .head(_, let framing) where framing != .none:
                        try parser.beginBody(limitBytes: 1 << 20)
                        body = []
                    case .head: break
                    case .complete(let body): bodies.append(body)
                    case nil: isWaiting = true
                    }
                }
            }
            let expected = whole.events.compactMap { if case .complete(let body) = $0 { body } else { nil } }
            #expect(bodies == expected, "in pieces of \(pieceBytes)")
        }
    }

    @Test func `limits are exact`() {
        let limits = HTTPLimits(targetBytes: 4, headBytes: 40, headerCount: 2, bodyBytes: 3)
        func error(_ text: String) -> HTTPParseError? { ParsedRequests([Array(text.utf8)], limits: limits).error }
        #expect(error("GET /abc HTTP/1.1\r\nHost: x\r\n\r\n") == nil)
        #expect(error("GET /abcd HTTP/1.1\r\nHost: x\r\n\r\n") == .targetTooLong(limitBytes: 4))
        #expect(error("GET / HTTP/1.0\r\na: \(String(repeating: "b", count: 19))\r\n\r\n") == nil)
        #expect(error("GET / HTTP/1.0\r\na: \(String(repeating: "b", count: 20))\r\n\r\n") == .headTooLarge(limitBytes: 40))
        #expect(error("GET / HTTP/1.0\r\na:\r\nb:\r\n\r\n") == nil)
        #expect(error("GET / HTTP/1.0\r\na:\r\nb:\r\nc:\r\n\r\n") == .tooManyHeaders(limit: 2))
        #expect(error("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc") == nil)
        #expect(error("POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\n") == .bodyTooLarge(limitBytes: 3))
    }

    @Test func `chunks together are held to the body limit`() {
        let limits = HTTPLimits(bodyBytes: 3)
        func parsed(_ chunks: String) -> ParsedRequests {
            ParsedRequests([Array("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)".utf8)], limits: limits)
        }
        #expect(parsed("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n").events.last == .complete(body: Array("abc".utf8)))
        #expect(parsed("2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n").error == .bodyTooLarge(limitBytes: 3))
    }

    @Test(arguments: 0..<200)
    func `what is serialized is parsed back to the same`(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let head = RandomMessages.requestHead(&random)
        let body = RandomMessages.bytes(&random, count: Int.random(in: 0...300, using: &random))
        var (headers, payload) = (head.headers, body)
        if Bool.random(using: &random) {
            headers.append("Transfer-Encoding", "chunked")
            payload = RandomMessages.chunked(body, &random)
        } else {
            headers.append("Content-Length", "\(body.count)")
        }
        let bytes = try MessageSerializer.requestHead(head.start, headers: headers) + payload
        let parsed = ParsedRequests(RandomMessages.cut(bytes, &random))
        #expect(parsed.error == nil)
        guard case .head(let parsedHead, _) = parsed.events.first, case .complete(let parsedBody) = parsed.events.last else {
            Issue.record("\(parsed)")
            return
        }
        #expect(parsedHead.start == head.start)
        #expect(parsedHead.headers == headers)
        #expect(parsedBody == body)
    }

    @Test(arguments: 0..<300)
    func `bytes that were changed at random are parsed the same in one piece and in many`(seed: Int) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let bytes = RandomMessages.mutated(Self.samples, &random)
            #expect(ParsedRequests([bytes]) == ParsedRequests(RandomMessages.cut(bytes, &random)))
        }
    }
}
