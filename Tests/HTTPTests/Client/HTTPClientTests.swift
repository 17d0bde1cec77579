import Glibc
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
    private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test func `a request goes out with its pieces in order and the answer comes back`() throws {
        let seen = Mutex("")
        let server = try ScriptedServer { [ok] socket in
            let head = try socket.read(until: "\r\n\r\n")
            let body = try socket.read(until: "two")
            seen.withLock { $0 = head + body }
            try socket.write(ok)
        }
        let client = try server.client()
        let one = Array("one ".utf8)
        let two = Array("two".utf8)
        let response = try one.withUnsafeBytes { one in
            try two.withUnsafeBytes { two in
                try client.send(method: .post, headers: ["X-Scope-OrgID": "team"], body: [one, two], timeoutNanoseconds: 20 * second)
            }
        }
        #expect(response == HTTPResponse(status: 200, headers: ["Content-Length": "2"], body: Array("ok".utf8)))
        #expect(
            seen.withLock { $0 } == """
                POST /push HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nUser-Agent: tailspan\r\nX-Scope-OrgID: team\r\n\
                Content-Length: 7\r\n\r\none two
                """)
    }

    @Test func `two requests share one connection`() throws {
        let server = try ScriptedServer { [ok] socket in
            for _ in 0..<2 {
                try socket.read(until: "\r\n\r\n")
                try socket.write(ok)
            }
        }
        let client = try server.client()
        for _ in 0..<2 { #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).status == 200) }
        #expect(server.connectionCount == 1)
    }

    @Test func `a connection that the server closed while idle is replaced`() throws {
        let server = try ScriptedServer(
            { [ok] socket in
                try socket.read(until: "\r\n\r\n")
                try socket.write(ok)
            },
            { [ok] socket in
                try socket.read(until: "\r\n\r\n")
                try socket.write(ok)
            })
        let client = try server.client()
        for _ in 0..<2 { #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).status == 200) }
        #expect(server.connectionCount == 2)
    }

    @Test func `a request on a reused connection that ends unanswered is sent once more`() throws {
        let server = try ScriptedServer(
            { [ok] socket in
                try socket.read(until: "\r\n\r\n")
                try socket.write(ok)
                try socket.read(until: "\r\n\r\n")
            },
            { [ok] socket in
                try socket.read(until: "\r\n\r\n")
                try socket.write(ok)
            })
        let client = try server.client()
        for _ in 0..<2 { #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).status == 200) }
        #expect(server.connectionCount == 2)
    }

    @Test func `a request on a fresh connection that ends unanswered is not sent again`() throws {
        let server = try ScriptedServer({ try $0.read(until: "\r\n\r\n") }, { _ in })
        let client = try server.client()
        #expect(
            throws: HTTPClientError.closedEarly(address: "127.0.0.1:\(server.port)", detail: "the connection was closed before an answer")
        ) { try client.send(method: .get, timeoutNanoseconds: 20 * second) }
        #expect(server.connectionCount == 1)
    }

    @Test func `a reused connection that is cut in the middle of an answer is an error, not a second request`() throws {
        let server = try ScriptedServer(
            { [ok] socket in
                try socket.read(until: "\r\n\r\n")
                try socket.write(ok)
                try socket.read(until: "\r\n\r\n")
                try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            }, { _ in })
        let client = try server.client()
        _ = try client.send(method: .get, timeoutNanoseconds: 20 * second)
        #expect(
            throws: HTTPClientError.closedEarly(
                address: "127.0.0.1:\(server.port)", detail: "the connection was closed with 6 bytes of the body missing")
        ) { try client.send(method: .get, timeoutNanoseconds: 20 * second) }
        #expect(server.connectionCount == 1)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.0 200\r\n\r\nhello world",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 \r\nConnection: close\r\n\r\nhello world",
    ])
    func `an answer is whole in any framing and however it is cut into packets`(answer: String) throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            for byte in answer.utf8 { try socket.write([byte]) }
        }
        let response = try server.client().send(method: .get, timeoutNanoseconds: 20 * second)
        #expect(response.status == 200)
        #expect(response.bodyText == "hello world")
    }

    @Test func `an answer to HEAD and a 204 have no body and keep the connection`() throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            try socket.read(until: "\r\n\r\n")
            try socket.write("HTTP/1.1 204 No Content\r\n\r\n")
        }
        let client = try server.client()
        #expect(try client.send(method: .head, timeoutNanoseconds: 20 * second).body == [])
        #expect(try client.send(method: .post, timeoutNanoseconds: 20 * second).status == 204)
        #expect(server.connectionCount == 1)
    }

    @Test func `an answer that comes before the body is sent ends the request`() throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
            socket.finishWriting()
            // Only now does the client's end matter: it closes without having sent everything.
            while try !socket.read().isEmpty {}
        }
        let body = [UInt8](repeating: 7, count: 32 << 20)
        let response = try server.client().send(method: .post, bytes: body, timeoutNanoseconds: 20 * second)
        #expect(response.status == 413)
    }

    @Test func `a refusal is read even when the server resets the connection under a large body`() throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\nRetry-After: 7\r\n\r\nslow")
        }
        let body = [UInt8](repeating: 7, count: 32 << 20)
        // The reset may overtake the answer; then the request fails as closed early. It never hangs and never says anything else.
        do {
            let response = try server.client().send(method: .post, bytes: body, timeoutNanoseconds: 20 * second)
            #expect(response.status == 429)
            #expect(response.retryAfterSeconds(wallSeconds: 0) == 7)
        } catch {
            guard case HTTPClientError.closedEarly = error else { throw error }
        }
    }

    @Test func `a body of many megabytes arrives whole`() throws {
        let body = patternBytes(8 << 20)
        let received = Mutex<[UInt8]>([])
        let server = try ScriptedServer { [ok] socket in
            try socket.read(until: "\r\n\r\n")
            var bytes: [UInt8] = []
            while bytes.count < 8 << 20 {
                let more = try socket.read()
                if more.isEmpty { break }
                bytes += more
            }
            received.withLock { [bytes] in $0 = bytes }
            try socket.write(ok)
        }
        #expect(try server.client().send(method: .post, bytes: body, timeoutNanoseconds: 20 * second).status == 200)
        #expect(received.withLock { $0 } == body)
    }

    @Test func `a server that is not there is named with its reason`() throws {
        let closed = try ScriptedServer()
        try waitUntil("the script ends") { closed.isFinished }
        let port = try unusedPort()
        let client = try HTTPClient(endpoint: HTTPEndpoint(url: "http://127.0.0.1:\(port)"))
        let error = #expect(throws: HTTPClientError.self) { try client.send(method: .get, timeoutNanoseconds: 20 * second) }
        #expect(error?.description == "cannot connect to 127.0.0.1:\(port): Connection refused")
    }

    @Test func `a socket file that is not there is named with its reason`() throws {
        try withTemporaryDirectory { directory in
            let client = try HTTPClient(endpoint: HTTPEndpoint(url: "unix:\(directory)/no.sock"))
            let error = #expect(throws: HTTPClientError.self) { try client.send(method: .get, timeoutNanoseconds: 20 * second) }
            #expect(error?.description == "cannot connect to unix:\(directory)/no.sock: No such file or directory")
        }
    }

    @Test func `an unknown name is named with the resolver's reason`() throws {
        let client = try HTTPClient(endpoint: HTTPEndpoint(url: "http://no-such-host.invalid/"))
        let error = #expect(throws: HTTPClientError.self) { try client.send(method: .get, timeoutNanoseconds: 20 * second) }
        guard case .cannotResolve(let lookup) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(lookup.host == "no-such-host.invalid")
        #expect(!lookup.reason.isEmpty)
    }

    @Test func `localhost is looked up and each of its addresses is tried`() throws {
        let server = try ScriptedServer { [ok] socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write(ok)
        }
        let client = try HTTPClient(endpoint: HTTPEndpoint(url: "http://localhost:\(server.port)/"))
        #expect(try client.send(method: .get, timeoutNanoseconds: 20 * second).status == 200)
    }

    @Test func `the deadline ends a wait for the answer`() throws {
        let server = try ScriptedServer { try $0.read(until: "never") }
        #expect(try timeoutPhase(server) == .waiting)
    }

    @Test func `the deadline ends a wait in the middle of the answer`() throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab")
            try socket.read(until: "never")
        }
        #expect(try timeoutPhase(server) == .receiving)
    }

    @Test func `the deadline ends an answer that never stops to come`() throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while true { try socket.write("1\r\na\r\n") }
        }
        #expect(try timeoutPhase(server) == .receiving)
    }

    @Test func `the deadline ends a send to a server that does not read`() throws {
        let release = Atomic(false)
        let server = try ScriptedServer { _ in try waitUntil("the client gave up") { release.load(ordering: .acquiring) } }
        defer { release.store(true, ordering: .releasing) }
        #expect(try timeoutPhase(server, bodyBytes: 64 << 20) == .sending)
    }

    @Test func `the deadline ends a connect to a server that does not accept`() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/full.sock"
            let listener = try FullUnixListener(path: path)
            let client = try HTTPClient(endpoint: HTTPEndpoint(url: "unix:\(path)"))
            #expect(
                throws: HTTPClientError.timedOut(address: "unix:\(path)", phase: .connecting, timeoutNanoseconds: second / 10)
            ) { try client.send(method: .get, timeoutNanoseconds: second / 10) }
            withExtendedLifetime(listener) {}
        }
    }

    @Test func `another thread cancels a request in progress and all later ones`() throws {
        let waiting = Atomic(false)
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            waiting.store(true, ordering: .releasing)
            try socket.read(until: "never")
        }
        let client = try server.client()
        let cancellation = client.cancellation
        try WorkerThread("cancel", stackBytes: 256 << 10) {
            do { try waitUntil("the request") { waiting.load(ordering: .acquiring) } } catch { Issue.record(error) }
            cancellation.cancel()
        }.detach()
        #expect(throws: HTTPClientError.cancelled) { try client.send(method: .get, timeoutNanoseconds: 60 * second) }
        #expect(throws: HTTPClientError.cancelled) { try client.send(method: .get, timeoutNanoseconds: 60 * second) }
    }

    @Test func `an answer above the limit is refused before it is taken in`() throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n")
            try socket.read(until: "never")
        }
        let client = try server.client(limits: HTTPLimits(bodyBytes: 1000))
        #expect(throws: HTTPClientError.responseTooLarge(address: "127.0.0.1:\(server.port)", limitBytes: 1000)) {
            try client.send(method: .get, timeoutNanoseconds: 20 * second)
        }
    }

    @Test func `something else than HTTP is quoted in the error`() throws {
        let server = try ScriptedServer { socket in
            try socket.read(until: "\r\n\r\n")
            try socket.write("SSH-2.0-OpenSSH_9.2\r\n")
        }
        let error = #expect(throws: HTTPClientError.self) { try server.client().send(method: .get, timeoutNanoseconds: 20 * second) }
        #expect(
            error?.description
                == "127.0.0.1:\(server.port) answered something that is no HTTP/1.1: no HTTP version: \"SSH-2.0-\"")
    }

    @Test func `a header value with a line break never leaves`() throws {
        let server = try ScriptedServer { _ in }
        #expect(throws: HTTPClientError.invalidRequest(.badHeaderValue(name: "X-Token"))) {
            try server.client().send(method: .get, headers: ["X-Token": "a\r\nHost: evil"], timeoutNanoseconds: second)
        }
        #expect(throws: HTTPClientError.invalidRequest(.badTarget("/a b"))) {
            try server.client().send(method: .get, target: "/a b", timeoutNanoseconds: second)
        }
        #expect(server.connectionCount == 0)
    }

    @Test func `a wrong Content-Length of the caller is replaced`() throws {
        let seen = Mutex("")
        let server = try ScriptedServer { [ok] socket in
            let head = try socket.read(until: "\r\n\r\nbody")
            seen.withLock { $0 = head }
            try socket.write(ok)
        }
        _ = try server.client().send(
            method: .post, headers: ["content-length": "1", "Transfer-Encoding": "chunked"], bytes: Array("body".utf8),
            timeoutNanoseconds: 20 * second)
        #expect(seen.withLock { $0 }.hasSuffix("User-Agent: tailspan\r\nContent-Length: 4\r\n\r\nbody"))
    }

    private func timeoutPhase(_ server: ScriptedServer, bodyBytes: Int = 0) throws -> HTTPClientError.Phase? {
        let body = [UInt8](repeating: 1, count: bodyBytes)
        let error = #expect(throws: HTTPClientError.self) {
            try server.client(limits: HTTPLimits(bodyBytes: .max)).send(method: .post, bytes: body, timeoutNanoseconds: second / 10)
        }
        guard case .timedOut(let address, let phase, second / 10) = error else { return nil }
        #expect(address == "127.0.0.1:\(server.port)")
        return phase
    }

    /// A port that nothing listens on: one that the kernel just gave and took back.
    private func unusedPort() throws -> Int {
        let address = try SocketAddress.resolve(host: "127.0.0.1", port: 0)[0]
        let descriptor = try address.makeSocket()
        #expect(address.bind(descriptor) == 0)
        return try SocketAddress(ofSocket: descriptor.rawValue).port
    }
}

/// A Unix listener whose queue is full, so that connecting to it never ends.
private final class FullUnixListener {
    private let listener: FileDescriptor
    private var waiting: [RawSocket] = []

    init(path: String) throws {
        guard let address = SocketAddress(unixPath: path) else { throw SystemError(call: "bind", subject: path, code: ENAMETOOLONG) }
        listener = try address.makeSocket()
        guard address.bind(listener) == 0, listen(listener.rawValue, 0) == 0 else { throw SystemError(call: "listen", subject: path) }
        waiting.append(try RawSocket(connectingToUnixPath: path))
    }
}
