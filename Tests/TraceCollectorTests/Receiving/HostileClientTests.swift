import Foundation
import HTTP
import SystemIO
import TestSupport
import Testing

@testable import OTLP
@testable import TraceCollector

/// The receiver behind a real listener with limits that are reached at once.
struct HostileClientTests {
    private func withServer(
        _ adjust: (inout HTTPServer.Settings) -> Void, _ body: (HTTPServer, ReceiverRig) throws -> Void
    ) throws {
        try ReceiverRig.with { rig in
            var settings = HTTPServer.Settings(listen: "127.0.0.1:0")
            settings.codedPaths = [OTLPReceiver.path]
            adjust(&settings)
            let receiver = rig.receiver
            let handlers = HTTPRequestHandlers(handle: { receiver.answer($0) }, refuse: { receiver.refuse($0) })
            let server = try HTTPServer(settings: settings, handlers: handlers)
            try server.start()
            defer { server.stop(drainNanoseconds: 0) }
            try body(server, rig)
        }
    }

    private static let head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"

    @Test(arguments: [
        ("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-", "408 Request Timeout: the request head took too long"),
        (head + "Content-Length: 1000\r\n\r\nabc", "the request body took too long"),
        (head + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", "the request body took too long"),
    ])
    func `a client that is too slow is cut off, told why and counted`(said: String, reason: String) throws {
        try withServer {
            $0.timeouts.head = 200_000_000
            $0.timeouts.body = 200_000_000
        } _: { server, rig in
            let client = try RawClient(port: server.port)
            #expect(client.write(said))
            let answer = client.read()
            #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains(reason))
            #expect(server.statistics.timedOutConnections == 1)
            #expect(try rig.metrics()[#"trace_collector_received_requests_total{receiver="otlp_http",status="408"}"#] == 1)
            let stored = try rig.stored()
            #expect(stored.isEmpty && rig.ledger.received.value == 0)
        }
    }

    @Test func `a client that sends byte by byte is cut off too, and others are served meanwhile`() throws {
        try withServer {
            $0.timeouts.head = 300_000_000
        } _: { server, rig in
            let slow = try RawClient(port: server.port)
            var served = 0
            try waitUntil("the slow client to be cut off") {
                // Each byte is progress, but the head as a whole has a time.
                _ = slow.write("x")
                let response = try HTTPClient(endpoint: HTTPEndpoint(url: "http://\(server.address)/v1/traces")).send(
                    method: .post, headers: ["Content-Type": "application/x-protobuf"],
                    bytes: Requests.make([.init(id: UInt64(served + 1))]), timeoutNanoseconds: 30_000_000_000)
                #expect(response.status == 200)
                served += 1
                return server.statistics.timedOutConnections == 1
            }
            #expect(rig.ledger.received.value == UInt64(served))
        }
    }

    @Test func `bodies that would take too much memory together are asked to come again`() throws {
        try withServer {
            $0.heldBytes = 2000
        } _: { server, rig in
            let clients = try (0..<2).map { _ in try RawClient(port: server.port) }
            for client in clients {
                #expect(client.write(Self.head + "Content-Length: 1500\r\n\r\n" + String(repeating: "a", count: 1400)))
            }
            // Whichever was read last.
            let answer = RawClient.firstAnswered(clients)?.read() ?? ""
            #expect(answer.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n") && answer.contains("Retry-After: 1\r\n"))
            #expect(server.statistics.refusedRequests == 1)
            #expect(try rig.metrics()[#"trace_collector_received_requests_total{receiver="otlp_http",status="429"}"#] == 1)
        }
    }

    @Test func `a client too many is asked to come again`() throws {
        try withServer {
            $0.connections = 1
        } _: { server, rig in
            let first = try RawClient(port: server.port)
            #expect(first.write(Self.head + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"))
            #expect(first.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            // An idle one would make room; this one is busy.
            let answer = try RawClient(port: server.port).read()
            #expect(answer.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n") && answer.contains("Retry-After: 1\r\n"))
            #expect(server.statistics.refusedConnections == 1)
        }
    }
}
