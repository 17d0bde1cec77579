import Glibc
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import HTTP

/// Streamed bodies and files over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct StreamedServerTests {
    private func withServer<Result>(
        _ disposition: @escaping @Sendable (HTTPRequestHead) -> HTTPBodyDisposition,
        _ configure: (inout HTTPServerSettings) -> Void = { _ in },
        handle: @escaping HTTPServer.Handler = { .text("\($0.method) \($0.target) \($0.body.count)") },
        _ body: (HTTPServer) throws -> Result
    ) throws -> Result {
        var settings = HTTPServerSettings(listen: "127.0.0.1:0")
        configure(&settings)
        let server = try HTTPServer(settings: settings, handlers: HTTPRequestHandlers(decide: disposition, handle: handle))
        try server.start()
        defer { server.stop(drainNanoseconds: 0) }
        return try body(server)
    }

    private static func head(_ fields: String, target: String = "/up") -> String {
        "POST \(target) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n"
    }

    /// The status line of what comes next, and its body, which is whole with its newline.
    private func answer(_ socket: RawSocket) throws -> (status: String, body: String) {
        let head = try socket.read(until: "\r\n\r\n")
        return (String(head.prefix { $0 != "\r\n" }), head.contains("Content-Length: 0\r\n") ? "" : try socket.read(until: "\n"))
    }

    @Test func `a body far above every limit of memory arrives in small pieces, in order`() throws {
        let recorder = BodyRecorder()
        let body = patternBytes(20 << 20)
        try withServer({ _ in .streamed(to: recorder, limitBytes: 1 << 40) }, { $0.heldBytes = 1 << 20 }) { server in
            let client = try HTTPClient(endpoint: HTTPEndpoint(url: "http://\(server.address)/"))
            let response = try client.send(method: .post, bytes: body, timeoutNanoseconds: 50 * second)
            #expect(response.status == 201)
            let record = recorder.record
            #expect(record.bytes == body)
            #expect(record.largestPiece <= 192 << 10)
            #expect(record.finished == 1 && record.interruptions.isEmpty && record.concurrentCalls == 0)
            #expect(server.statistics.streamedBodies == 1)
        }
    }

    @Test func `chunks are joined, and requests follow a streamed body on its connection`() throws {
        let recorder = BodyRecorder()
        try withServer({ _ in .streamed(to: recorder, limitBytes: 100) }) { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(
                Self.head("Transfer-Encoding: chunked")
                    + "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try answer(socket).body == "whole\n")
            #expect(try answer(socket).body == "GET /next 0\n")
            #expect(recorder.record.bytes == Array("abcdefg".utf8))
        }
    }

    @Test func `each request's handler decides by its head`() throws {
        let recorder = BodyRecorder()
        try withServer({ head in
            switch head.path {
            case "/stream": .streamed(to: recorder, limitBytes: 100)
            case "/gather": .gathered
            default: .refused(.text("no", status: 403))
            }
        }) { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(Self.head("Content-Length: 3", target: "/gather?x") + "abc")
            #expect(try answer(socket).body == "POST /gather?x 3\n")
            try socket.write(Self.head("Content-Length: 2", target: "/stream") + "de")
            #expect(try answer(socket).body == "whole\n")
            try socket.write(Self.head("Content-Length: 2\r\nExpect: 100-continue", target: "/other"))
            let refused = try answer(socket)
            #expect(refused == ("HTTP/1.1 403 Forbidden", "no\n"))
            #expect(try socket.readAll() == "")
        }
    }

    @Test func `continue is sent after the decision`() throws {
        let recorder = BodyRecorder()
        try withServer({ _ in .streamed(to: recorder, limitBytes: 100) }) { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(Self.head("Content-Length: 3\r\nExpect: 100-Continue"))
            #expect(try socket.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try socket.write("abc")
            #expect(try answer(socket).status == "HTTP/1.1 201 Created")
        }
    }

    @Test(arguments: [
        ("Content-Length: 101", "", HTTPBodyInterruption.tooLarge(limitBytes: 100)),
        ("Transfer-Encoding: chunked", "60\r\n" + String(repeating: "x", count: 96) + "\r\n5\r\n", .tooLarge(limitBytes: 100)),
        ("Transfer-Encoding: chunked", "3\r\nabcd\r\n", .malformed("a chunk does not end where its size says: \"d\"")),
        ("Content-Length: 4", "abc", .truncated("the client ended the body before it was whole")),
    ])
    func `a body that can't be whole is interrupted with its cause, and answered`(
        fields: String, body: String, cause: HTTPBodyInterruption
    ) throws {
        let recorder = BodyRecorder()
        try withServer({ _ in .streamed(to: recorder, limitBytes: 100) }) { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(Self.head(fields) + body)
            if case .truncated = cause { socket.finishWriting() }
            let answer = try answer(socket)
            #expect(answer.status.hasPrefix("HTTP/1.1 \(cause.status) "))
            #expect(answer.body == "interrupted: \(cause)\n")
            #expect(try socket.readAll() == "")
            #expect(recorder.record.interruptions == [cause])
            #expect(recorder.record.finished == 0)
            #expect(server.statistics.interruptedBodies == 1)
        }
    }

    @Test func `a client that is too slow is answered and let go`() throws {
        let recorder = BodyRecorder()
        try withServer({ _ in .streamed(to: recorder, limitBytes: 100) }, { $0.timeouts.streamedBody = second / 20 }) { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(Self.head("Content-Length: 10") + "abc")
            #expect(try answer(socket).status == "HTTP/1.1 408 Request Timeout")
            #expect(recorder.record.interruptions == [.tooSlow])
            #expect(server.statistics.timedOutConnections == 1)
        }
    }

    @Test func `a client that goes away is told to the consumer, once it is free`() throws {
        let gate = Semaphore()
        let recorder = BodyRecorder(gate: gate)
        try withServer({ _ in .streamed(to: recorder, limitBytes: 100) }, { $0.transferWorkers = 4 }) { server in
            do {
                let socket = try RawSocket(connectingTo: server.port)
                try socket.write(Self.head("Content-Length: 10") + "abc")
                // A reset: the server knows at once that nobody is there.
                var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
                setsockopt(socket.rawValue, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
                try waitUntil("the body begins") { server.statistics.streamedBodies == 1 }
            }
            try waitUntil("the connection is gone") { server.statistics.openConnections == 0 }
            for _ in 0..<4 { gate.signal() }
            try waitUntil("the consumer is told") { recorder.record.interruptions.count == 1 }
            #expect(recorder.record.interruptions == [.disconnected])
            #expect(recorder.record.concurrentCalls == 0 && recorder.record.finished == 0)
        }
    }

    @Test func `a consumer that refuses in the middle is answered for, and told nothing more`() throws {
        let recorder = BodyRecorder(refusing: (1000, .text("full", status: 507)))
        try withServer({ _ in .streamed(to: recorder, limitBytes: 1 << 40) }) { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(Self.head("Content-Length: 1000000") + String(repeating: "x", count: 1000))
            #expect(try answer(socket).body == "full\n")
            #expect(try socket.readAll() == "")
            #expect(recorder.record.finished == 0 && recorder.record.interruptions.isEmpty)
        }
    }

    @Test func `a server that stops tells the consumers of unfinished bodies`() throws {
        let recorder = BodyRecorder()
        var settings = HTTPServerSettings(listen: "127.0.0.1:0")
        settings.transferWorkers = 1
        let server = try HTTPServer(
            settings: settings,
            handlers: HTTPRequestHandlers(decide: { _ in .streamed(to: recorder, limitBytes: 100) }, handle: { _ in .text("") }))
        try server.start()
        let socket = try RawSocket(connectingTo: server.port)
        try socket.write(Self.head("Content-Length: 10") + "abc")
        try waitUntil("the body begins") { recorder.record.pieces == 1 }
        server.stop(drainNanoseconds: 0)
        try waitUntil("the consumer is told") { recorder.record.interruptions == [.disconnected] }
    }

    @Test func `what the server refuses by itself is answered in the handlers' own way`() throws {
        var settings = HTTPServerSettings(listen: "127.0.0.1:0")
        settings.timeouts.head = second / 20
        let server = try HTTPServer(
            settings: settings,
            handlers: HTTPRequestHandlers(handle: { _ in .text("") }) { refusal in
                .text("own \(refusal.status) \(refusal.head?.target ?? "-")", status: refusal.status)
            })
        try server.start()
        defer { server.stop(drainNanoseconds: 0) }
        for (request, body) in [
            ("GET / HTTP/1.1\r\n\r\n", "own 400 -\n"), ("GET /slow", "own 408 -\n"),
            ("BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", "own 501 /pot\n"),
            (Self.head("Content-Length: 1\r\nContent-Encoding: br") + "x", "own 415 /up\n"),
        ] {
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(request)
            #expect(try answer(socket).body == body)
        }
    }

    // MARK: Files

    private func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/file"
            try FileDescriptor(opening: path, O_WRONLY | O_CREAT).writeAll(bytes)
            return try body(path)
        }
    }

    private static func response(_ path: String, _ range: Range<UInt64>) -> HTTPResponse {
        guard let file = try? FileDescriptor(opening: path) else { return .text("cannot open", status: 500) }
        var response = HTTPResponse(status: 200, mayCompress: true)
        response.file = HTTPFileRange(of: file, start: range.lowerBound, count: UInt64(range.count))
        return response
    }

    @Test(arguments: [0..<0, 0..<1, 5..<300_000, 0..<1_000_000] as [Range<UInt64>], [true, false])
    func `a file's bytes are sent as they are, and the connection is kept`(range: Range<UInt64>, decides: Bool) throws {
        let bytes = patternBytes(1_000_000)
        try withFile(bytes) { path in
            var handlers = HTTPRequestHandlers(handle: { _ in Self.response(path, range) })
            if decides { handlers.decide = { _ in .gathered } }
            let server = try HTTPServer(settings: HTTPServerSettings(listen: "127.0.0.1:0"), handlers: handlers)
            try server.start()
            defer { server.stop(drainNanoseconds: 0) }
            let client = try HTTPClient(
                endpoint: HTTPEndpoint(url: "http://\(server.address)/"), limits: HTTPLimits(bodyBytes: 64 << 20))
            for _ in 0..<2 {
                let response = try client.send(method: .get, timeoutNanoseconds: 20 * second)
                #expect(response.body == Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
            let head = try client.send(method: .head, timeoutNanoseconds: 20 * second)
            #expect(head.headers.first("Content-Length") == "\(range.count)")
            #expect(head.body.isEmpty)
            #expect(server.statistics.acceptedConnections == 1)
        }
    }

    @Test func `a file that is shorter than it was said breaks the response off`() throws {
        try withFile([UInt8](repeating: 0x61, count: 200_000)) { path in
            try withServer({ _ in .gathered }, handle: { _ in Self.response(path, 0..<300_000) }) { server in
                let socket = try RawSocket(connectingTo: server.port)
                try socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                let text = try socket.readAll()
                #expect(text.contains("Content-Length: 300000\r\n"))
                #expect(text.utf8.filter { $0 == 0x61 }.count < 300_000)
                #expect(server.statistics.brokenResponses == 1)
            }
        }
    }

    @Test func `bodies and files go through TLS`() throws {
        let bytes = patternBytes(3_000_000)
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            let path = "\(directory)/file"
            try FileDescriptor(opening: path, O_WRONLY | O_CREAT).writeAll(bytes)
            let recorder = BodyRecorder()
            try withServer(
                { _ in .streamed(to: recorder, limitBytes: 1 << 40) },
                { $0.tls = TLSServerSettings(identity: certificates.server, clientAuthoritiesFile: nil) },
                handle: { _ in Self.response(path, 0..<3_000_000) }
            ) { server in
                let client = try HTTPClient(
                    endpoint: HTTPEndpoint(url: "https://localhost:\(server.port)/"),
                    tls: TLSClientSettings(authoritiesFile: certificates.authority), limits: HTTPLimits(bodyBytes: 64 << 20))
                #expect(try client.send(method: .post, bytes: bytes, timeoutNanoseconds: 50 * second).status == 201)
                #expect(recorder.record.bytes == bytes)
                #expect(try client.send(method: .get, timeoutNanoseconds: 50 * second).body == bytes)
            }
        }
    }
}
