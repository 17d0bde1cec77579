import Testing

@testable import HTTP

struct ResponseParserTests {
    private struct Parsed: Equatable {
        var result: ResponseParser.Result?
        var error: HTTPParseError?

        init(_ pieces: some Sequence<some Collection<UInt8>>, to method: HTTPMethod = .get, closed: Bool = true) {
            var parser = ResponseParser(to: method, limits: HTTPLimits())
            do throws(HTTPParseError) {
                for piece in pieces where result == nil {
                    parser.append(piece)
                    result = try parser.next()
                }
                if result == nil && closed { result = try parser.end() }
            } catch { self.error = error }
        }

        init(_ text: String, to method: HTTPMethod = .get, closed: Bool = true) {
            self.init([Array(text.utf8)], to: method, closed: closed)
        }
    }

    private static let samples = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "HTTP/1.1 404 \u{e4}\r\nContent-Length: 0\r\n\r\n",
    ].map { Array($0.utf8) }

    @Test(arguments: samples)
    func `the answer does not depend on where a read ends`(answer: [UInt8]) {
        let whole = Parsed([answer])
        #expect(whole.error == nil)
        for cut in 0...answer.count { #expect(Parsed([answer[..<cut], answer[cut...]]) == whole, "cut at \(cut)") }
        #expect(Parsed(answer.map { [$0] }) == whole)
    }

    @Test(arguments: samples)
    func `an answer that is cut short is an error or waited for, never taken for whole`(answer: [UInt8]) {
        let whole = Parsed([answer])
        for count in 0..<answer.count {
            let part = Parsed([answer[..<count]])
            // Without a length, the end of the connection is all that tells.
            if part.result != nil { #expect(answer.starts(with: "HTTP/1.0 200 OK\r\n\r\n".utf8)) } else { #expect(part.error != nil) }
            #expect(Parsed([answer[..<count]], closed: false).result == nil)
        }
        #expect(whole.result != nil)
    }

    @Test func `a connection is kept only where both sides can tell where the answer ends`() {
        func keeps(_ text: String) -> Bool? { Parsed(text).result?.keepsConnection }
        #expect(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == true)
        #expect(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n") == false)
        #expect(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n") == false)
        #expect(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n") == true)
        #expect(keeps("HTTP/1.1 200 OK\r\n\r\nx") == false)
        #expect(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n") == false)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 600 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTP/1.1 200 OK\r\n\r\n",
        String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 17),
    ])
    func `an answer that breaks the grammar is refused`(answer: String) {
        guard case .malformed = Parsed(answer, closed: false).error else {
            Issue.record("\(Parsed(answer))")
            return
        }
    }

    @Test func `an answer to HEAD, 204 and 304 end with their heads`() {
        #expect(Parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", to: .head, closed: false).result?.response.body == [])
        #expect(Parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", to: .head, closed: false).result?.response.body == [])
        #expect(Parsed("HTTP/1.1 204 No Content\r\n\r\n", closed: false).result?.response.status == 204)
        #expect(Parsed("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", closed: false).result?.response.status == 304)
    }

    @Test(arguments: 0..<200)
    func `bytes that were changed at random are parsed the same in one piece and in many`(seed: Int) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let bytes = RandomMessages.mutated(Self.samples, &random)
            var (whole, pieces) = (Parsed([bytes]), Parsed(RandomMessages.cut(bytes, &random)))
            // Whether bytes after the answer are there already is a matter of time.
            whole.result?.keepsConnection = false
            pieces.result?.keepsConnection = false
            #expect(whole == pieces)
        }
    }
}
