import Glibc
import Gzip
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import HTTP

/// Over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct HTTPServerTests {
    /// Says what it got.
    private static let echo: HTTPServer.Handler = { request in
        HTTPResponse(
            status: 200, headers: ["X-Seen": "\(request.method) \(request.target)"], body: Array("body:".utf8) + request.body)
    }

    private func withServer<Result>(
        on listen: String = "127.0.0.1:0", _ configure: (inout HTTPServerSettings) -> Void = { _ in },
        handler: @escaping HTTPServer.Handler = Self.echo, _ body: (HTTPServer) throws -> Result
    ) throws -> Result {
        var settings = HTTPServerSettings(listen: listen)
        configure(&settings)
        let server = try HTTPServer(settings: settings, handler: handler)
        try server.start()
        defer { server.stop(drainNanoseconds: 0) }
        return try body(server)
    }

    private func client(_ server: HTTPServer) throws -> HTTPClient {
        let url = server.port == 0 ? server.address : "http://\(server.address)/"
        return try HTTPClient(endpoint: HTTPEndpoint(url: url), limits: HTTPLimits(bodyBytes: 64 << 20))
    }

    /// One raw conversation: what comes back until the server closes.
    private func answer(_ server: HTTPServer, _ request: String, closing: Bool = false) throws -> String {
        let socket = try RawSocket(connectingTo: server.port)
        try socket.write(request)
        if closing { socket.finishWriting() }
        return try socket.readAll()
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0", "localhost:0"])
    func `client and server talk over TCP and keep the connection`(listen: String) throws {
        try withServer(on: listen) { server in
            let client = try client(server)
            for index in 0..<3 {
                let response = try client.send(
                    method: .post, target: "/a?b=\(index)", bytes: Array("text".utf8), timeoutNanoseconds: 20 * second)
                #expect(response.status == 200)
                #expect(response.headers.first("X-Seen") == "POST /a?b=\(index)")
                #expect(response.bodyText == "body:text")
                #expect(response.headers.first("Date").flatMap { HTTPDate.parse($0) } != nil)
            }
            #expect(server.statistics.acceptedConnections == 1)
            #expect(server.statistics.handledRequests == 3)
        }
    }

    @Test func `client and server talk over a Unix socket, whose file goes away with the server`() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/http.sock"
            try withServer(on: "unix:\(path)") { server in
                #expect(server.address == "unix:\(path)")
                let response = try client(server).send(method: .get, timeoutNanoseconds: 20 * second)
                #expect(response.bodyText == "body:")
            }
            #expect(throws: SystemError.self) { _ = try FileStatus(ofPath: path) }
        }
    }

    @Test func `a socket file that a killed server left is taken over, one in use is not`() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/http.sock"
            // Bound but never listening, and closed without being removed: what a kill leaves behind.
            let stale = try #require(SocketAddress(unixPath: path))
            do {
                let descriptor = try stale.makeSocket()
                #expect(stale.bind(descriptor) == 0)
            }
            try withServer(on: "unix:\(path)") { server in
                #expect(throws: HTTPServerError.socketInUse(path: path)) {
                    try HTTPServer(settings: HTTPServerSettings(listen: "unix:\(path)"), handler: Self.echo)
                }
                let response = try client(server).send(method: .get, timeoutNanoseconds: 20 * second)
                #expect(response.status == 200)
            }
            try FileDescriptor(opening: path, O_WRONLY | O_CREAT).writeAll("no socket")
            #expect(throws: HTTPServerError.pathTaken(path: path)) {
                try HTTPServer(settings: HTTPServerSettings(listen: "unix:\(path)"), handler: Self.echo)
            }
        }
    }

    @Test(arguments: ["", "9144", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "unix:relative.sock", "http://127.0.0.1:1"])
    func `a text that is no address to listen on is refused`(listen: String) {
        #expect(throws: HTTPServerError.badListenAddress(listen)) {
            try HTTPServer(settings: HTTPServerSettings(listen: listen), handler: Self.echo)
        }
    }

    @Test func `a port in use is named`() throws {
        try withServer { server in
            let error = #expect(throws: HTTPServerError.self) {
                try HTTPServer(settings: HTTPServerSettings(listen: server.address), handler: Self.echo)
            }
            #expect(error?.description == "cannot listen on \(server.address): Address already in use")
        }
    }

    @Test func `pipelined requests are answered in order`() throws {
        try withServer({ $0.workers = 4 }) { server in
            let requests = (0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\(50 - $0 == 1 ? "Connection: close\r\n" : "")\r\n" }
            let text = try answer(server, requests.joined())
            let seen = text.split(separator: "\r\n").filter { $0.hasPrefix("X-Seen: ") }
            #expect(seen == (0..<50).map { "X-Seen: GET /\($0)" })
        }
    }

    @Test func `thousands of pipelined requests that are refused at once are answered each`() throws {
        try withServer({ $0.bearerToken = "secret" }) { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write(String(repeating: "GET / HTTP/1.1\r\nHost:\r\n\r\n", count: 3000))
            socket.finishWriting()
            let text = try socket.readAll()
            #expect(text.split(separator: "HTTP/1.1 401 Unauthorized").count == 3000)
        }
    }

    @Test func `a HEAD request gets the head of a GET`() throws {
        try withServer { server in
            let text = try answer(server, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(text.contains("Content-Length: 5\r\n"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `HTTP/1.0 closes unless asked to keep`() throws {
        try withServer { server in
            let closed = try answer(server, "GET / HTTP/1.0\r\n\r\n")
            #expect(closed.contains("Connection: close\r\n"))
            let socket = try RawSocket(connectingTo: server.port)
            for _ in 0..<2 {
                try socket.write("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                #expect(try socket.read(until: "body:").contains("Connection: keep-alive\r\n"))
            }
        }
    }

    @Test func `a client that expects it is told to continue`() throws {
        try withServer { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try socket.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try socket.write("ab")
            #expect(try socket.read(until: "body:ab").hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func `a body that is too large is refused before it is sent`() throws {
        try withServer({ $0.limits.bodyBytes = 1000 }) { server in
            let text = try answer(server, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
            #expect(text.hasSuffix("\r\n\r\n413 Content Too Large: the body is larger than 1000 bytes\n"))
        }
    }

    @Test func `a client that is in the middle of a large body still reads the refusal`() throws {
        try withServer({ $0.limits.bodyBytes = 1000 }) { server in
            let body = [UInt8](repeating: 1, count: 4 << 20)
            let response = try client(server).send(method: .post, bytes: body, timeoutNanoseconds: 20 * second)
            #expect(response.status == 413)
        }
    }

    @Test func `a chunked body is joined`() throws {
        try withServer { server in
            let text = try answer(
                server,
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2;q=\"1\"\r\nde\r\n0\r\nT: 1\r\n\r\n"
            )
            #expect(text.hasSuffix("\r\n\r\nbody:abcde"))
        }
    }

    @Test func `an absolute target loses its authority, which replaces Host`() throws {
        try withServer(handler: { HTTPResponse.text("\($0.target) \($0.headers.all("Host"))") }) { server in
            let text = try answer(server, "GET http://real:1/p?q HTTP/1.1\r\nHost: fake\r\nConnection: close\r\n\r\n")
            #expect(text.hasSuffix("/p?q [\"real:1\"]\n"))
        }
    }

    @Test func `requests without the token are answered 401`() throws {
        try withServer({ $0.bearerToken = "correct horse" }) { server in
            let client = try client(server)
            for wrong in ["", "correct horse", "Bearer", "Bearer correct hors", "Bearer correct horsee", "Basic correct horse"] {
                let response = try client.send(method: .get, headers: ["Authorization": wrong], timeoutNanoseconds: 20 * second)
                #expect(response.status == 401)
                #expect(response.headers.first("WWW-Authenticate") == "Bearer realm=\"tailspan\"")
            }
            #expect(server.statistics.handledRequests == 0)
            let right = try client.send(
                method: .get, headers: ["authorization": "bearer correct horse"], timeoutNanoseconds: 20 * second)
            #expect(right.status == 200)
            #expect(server.statistics.acceptedConnections == 1)
        }
    }

    @Test func `an answer of many megabytes arrives whole`() throws {
        let body = patternBytes(20 << 20)
        try withServer(handler: { _ in HTTPResponse(status: 200, body: body) }) { server in
            let response = try client(server).send(method: .get, timeoutNanoseconds: 20 * second)
            #expect(response.body == body)
        }
    }

    @Test func `a gzip body reaches the handler plain`() throws {
        try withServer(handler: { .text("\($0.headers.contains("Content-Encoding")) \(String(decoding: $0.body, as: UTF8.self))") }) {
            server in
            let client = try client(server)
            for coding in ["gzip", "X-GZIP", "identity, gzip"] {
                let response = try client.send(
                    method: .post, headers: ["Content-Encoding": coding], bytes: gzip(Array("plain".utf8)), timeoutNanoseconds: 20 * second)
                #expect(response.bodyText == "false plain\n")
            }
        }
    }

    @Test(
        arguments: [
            ("br", [1, 2, 3], 415), ("gzip, gzip", [1, 2, 3], 415), ("gzip", [1, 2, 3], 400),
            ("gzip", Array(gzip([UInt8](repeating: 0, count: 100_001))), 413), ("gzip", Array(gzip([1, 2, 3]).dropLast()), 400),
        ] as [(String, [UInt8], Int)])
    func `a body that cannot be decoded is refused, and the connection goes on`(coding: String, body: [UInt8], status: Int) throws {
        try withServer({ $0.inflatedBytes = 100_000 }) { server in
            let client = try client(server)
            let refused = try client.send(
                method: .post, headers: ["Content-Encoding": coding], bytes: body, timeoutNanoseconds: 20 * second)
            #expect(refused.status == status)
            #expect(refused.headers.first("Accept-Encoding") == (status == 415 ? "gzip" : nil))
            #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).status == 200)
            #expect(server.statistics.acceptedConnections == 1)
        }
    }

    @Test func `an answer is compressed when the handler allows it and the client asks`() throws {
        let body = Array(String(repeating: "metric 1\n", count: 1000).utf8)
        try withServer(handler: { HTTPResponse(status: 200, body: body, mayCompress: $0.target != "/plain") }) { server in
            let client = try client(server)
            func send(_ target: String, _ accept: String) throws -> HTTPResponse {
                try client.send(method: .get, target: target, headers: ["Accept-Encoding": accept], timeoutNanoseconds: 20 * second)
            }
            let compressed = try send("/", "gzip")
            #expect(compressed.headers.first("Content-Encoding") == "gzip")
            #expect(compressed.headers.first("Vary") == "Accept-Encoding")
            #expect(compressed.body.count < 1000)
            #expect(try GzipDecoder.decompress(compressed.body, maximumBytes: 1 << 20) == body)
            let plain = try send("/", "gzip;q=0")
            #expect(plain.body == body)
            #expect(plain.headers.first("Vary") == "Accept-Encoding")
            #expect(try send("/plain", "gzip").body == body)
        }
    }

    @Test func `requests that together are too large are refused one by one`() throws {
        try withServer({ $0.heldBytes = 1500 }) { server in
            let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
            let first = try RawSocket(connectingTo: server.port)
            try first.write(head + String(repeating: "a", count: 999))
            // The answer to the second proves that the first was read: both wait in the same loop, in this order.
            try waitUntil("the second is refused") {
                let text = try answer(server, head + String(repeating: "b", count: 999), closing: true)
                return text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") && text.hasSuffix("too much is being received at once\n")
            }
            try first.write("a")
            #expect(try first.read(until: String(repeating: "a", count: 1000)).hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(server.statistics.refusedRequests > 0)
            // What was held is free again.
            for _ in 0..<5 {
                #expect(
                    try client(server).send(method: .post, bytes: [UInt8](repeating: 1, count: 1000), timeoutNanoseconds: 20 * second)
                        .status == 200)
            }
        }
    }

    @Test func `a handler cannot break the framing`() throws {
        try withServer(handler: {
            $0.target == "/split"
                ? HTTPResponse(status: 200, headers: ["X": "a\r\nY: b"])
                : HTTPResponse(status: 200, headers: ["Content-Length": "99", "Transfer-Encoding": "chunked"], body: Array("four".utf8))
        }) { server in
            let client = try client(server)
            #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).bodyText == "four")
            let response = try client.send(method: .get, target: "/split", timeoutNanoseconds: 20 * second)
            #expect(response.status == 500)
            #expect(response.bodyText.contains("the value of header field X has a control character"))
        }
    }

    @Test func `a head that trickles in is answered 408 when its time is up`() throws {
        try withServer({ $0.timeouts.head = second / 20 }) { server in
            let text = try answer(server, "GET / HTTP/1.1\r\nHost:")
            #expect(text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
            #expect(server.statistics.timedOutConnections == 1)
        }
    }

    @Test func `a body that does not come is answered 408 when its time is up`() throws {
        try withServer({ $0.timeouts.body = second / 20 }) { server in
            let text = try answer(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            #expect(text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        }
    }

    @Test func `an idle connection is closed without a word when its time is up`() throws {
        try withServer({ $0.timeouts.idle = second / 20 }) { server in
            let text = try answer(server, "")
            #expect(text == "")
            #expect(server.statistics.timedOutConnections == 0)
        }
    }

    @Test func `a client that does not read its answer is dropped when its time is up`() throws {
        try withServer(
            { $0.timeouts.response = second / 20 },
            handler: { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: 32 << 20)) }
        ) {
            server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try waitUntil("the connection is dropped") {
                server.statistics.timedOutConnections == 1 && server.statistics.openConnections == 0
            }
            withExtendedLifetime(socket) {}
        }
    }

    @Test func `a client that closes its sending side is still answered`() throws {
        try withServer { server in
            let socket = try RawSocket(connectingTo: server.port)
            try socket.write("GET /last HTTP/1.1\r\nHost: x\r\n\r\n")
            socket.finishWriting()
            #expect(try socket.readAll().contains("X-Seen: GET /last\r\n"))
        }
    }

    @Test func `clients that reset or vanish at any point leave nothing behind`() throws {
        let request = Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        try withServer { server in
            for count in 0...request.count {
                let socket = try RawSocket(connectingTo: server.port)
                try socket.write(Array(request[..<count]))
                if count.isMultiple(of: 2) { socket.resetOnClose() }
            }
            try waitUntil("all are gone") {
                server.statistics.acceptedConnections == request.count + 1 && server.statistics.openConnections == 0
            }
            #expect(try client(server).send(method: .get, timeoutNanoseconds: 20 * second).status == 200)
        }
    }

    @Test func `1,000 idle connections need no thread and leave the server quick`() throws {
        // Both ends of each are in this process, and 1024 descriptors are a common limit.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 8192))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try withServer({ $0.connections = 1100 }) { server in
            let threads = try Directory.entries(of: "/proc/self/task").count
            let sockets = try (0..<1000).map { _ in try RawSocket(connectingTo: server.port) }
            try waitUntil("all are accepted") { server.statistics.openConnections == 1000 }
            // Other tests start and stop threads at the same time, but not hundreds.
            #expect(try Directory.entries(of: "/proc/self/task").count < threads + 200)
            for socket in [sockets[0], sockets[500], sockets[999]] {
                try socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                try socket.read(until: "body:")
            }
            #expect(server.statistics.evictedConnections == 0)
        }
    }

    @Test func `over the limit the connection that was idle longest makes room`() throws {
        try withServer({ $0.connections = 3 }) { server in
            let sockets = try (0..<3).map { index in
                let socket = try RawSocket(connectingTo: server.port)
                try socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                try socket.read(until: "body:")
                return socket
            }
            // The first is no longer the oldest.
            try sockets[0].write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try sockets[0].read(until: "body:")
            #expect(try client(server).send(method: .get, timeoutNanoseconds: 20 * second).status == 200)
            #expect(try sockets[1].readAll() == "")
            #expect(server.statistics.evictedConnections == 1)
            try sockets[0].write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try sockets[0].read(until: "body:")
        }
    }

    @Test func `over the limit with all connections busy a new one is answered 503`() throws {
        let release = Atomic(false)
        try withServer(
            { $0.connections = 1 },
            handler: { _ in
                do { try waitUntil("release") { release.load(ordering: .acquiring) } } catch { Issue.record(error) }
                return .text("done")
            }
        ) { server in
            let busy = try RawSocket(connectingTo: server.port)
            try busy.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try waitUntil("it is handled") { server.statistics.handledRequests == 1 }
            let text = try answer(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(server.statistics.refusedConnections == 1)
            release.store(true, ordering: .releasing)
            try busy.read(until: "done\n")
        }
    }

    @Test func `stopping waits for the request in progress and closes idle connections at once`() throws {
        let release = Atomic(false)
        try withServer(handler: { _ in
            do { try waitUntil("release") { release.load(ordering: .acquiring) } } catch { Issue.record(error) }
            return .text("done")
        }) { server in
            let idle = try RawSocket(connectingTo: server.port)
            let busy = try RawSocket(connectingTo: server.port)
            try busy.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try waitUntil("it is handled") { server.statistics.handledRequests == 1 }
            let isStopped = Flag()
            try WorkerThread("stop", stackBytes: 256 << 10) {
                server.stop(drainNanoseconds: 30 * second)
                isStopped.raise()
            }.detach()
            #expect(try idle.readAll() == "")
            #expect(!isStopped.isRaised)
            #expect(throws: SystemError.self) { try RawSocket(connectingTo: server.port) }
            release.store(true, ordering: .releasing)
            let text = try busy.readAll()
            #expect(text.contains("Connection: close\r\n"))
            #expect(text.hasSuffix("done\n"))
            try waitUntil("the server has stopped") { isStopped.isRaised }
        }
    }

    @Test func `stopping gives up on a handler that does not end`() throws {
        let release = Flag()
        try withServer(handler: { _ in
            do { try waitUntil("release") { release.isRaised } } catch { Issue.record(error) }
            return .text("late")
        }) { server in
            let busy = try RawSocket(connectingTo: server.port)
            try busy.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try waitUntil("it is handled") { server.statistics.handledRequests == 1 }
            server.stop(drainNanoseconds: second / 20)
            #expect(try busy.readAll() == "")
            release.raise()
        }
    }

    @Test func `a server without descriptors left makes room and goes on`() async {
        // In a process of its own: the limit is for all that run in it.
        await #expect(processExitsWith: .success) {
            let server = try HTTPServer(settings: HTTPServerSettings(listen: "127.0.0.1:0"), handler: Self.echo)
            try server.start()
            let client = try HTTPClient(endpoint: HTTPEndpoint(url: "http://\(server.address)/"))
            #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).status == 200)
            let next = dup(0)
            close(next)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = rlim_t(next + 9)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var sockets: [RawSocket] = []
            try waitUntil("accepting fails") {
                // Each takes two descriptors, one at either end.
                do { sockets.append(try RawSocket(connectingTo: server.port)) } catch let error as SystemError {
                    #expect(error.code == EMFILE)
                }
                return server.statistics.acceptFailures > 0
            }
            sockets = []
            // Its old connection may have been closed to make room; a new one is accepted after a pause.
            #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).status == 200)
        }
    }

    @Test func `a server that goes out of scope frees its port`() throws {
        var server: HTTPServer? = try HTTPServer(settings: HTTPServerSettings(listen: "127.0.0.1:0"), handler: Self.echo)
        try server?.start()
        let address = try #require(server?.address)
        server = nil
        try waitUntil("the port is free") {
            do { _ = try HTTPServer(settings: HTTPServerSettings(listen: address), handler: Self.echo) } catch { return false }
            return true
        }
    }
}

/// Set once, by any thread.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}

private func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var compressed: [UInt8] = []
    GzipEncoder(level: GzipLevel(1)).compress(bytes.span.bytes, into: &compressed)
    return compressed
}
