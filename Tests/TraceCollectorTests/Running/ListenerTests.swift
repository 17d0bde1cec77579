import Delivery
import Foundation
import Gzip
import HTTP
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TraceCollector

/// What clients can do to the listener.
@Suite(.serialized)
struct ListenerTests {
    private func configuration(_ directory: String, receiver: String = "") -> String {
        """
        data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" }, receivers: { otlp_http: { listen: "127.0.0.1:0", \(receiver) } },
        outputs: [{ name: "local", type: "directory", path: "\(directory)/traces" }],
        """
    }

    @Test func `idle and slow clients keep nobody else from being served`() throws {
        try withTemporaryDirectory { directory in
            let collector = try CollectorProcess(configuration(directory), in: directory)
            let port = try #require(Int(collector.tracesURL.split(separator: ":")[2].prefix { $0 != "/" }))
            var clients: [Int32] = []
            defer { for client in clients { close(client) } }
            for number in 0..<300 {
                let client = try #require(LoopbackSocket.connected(toPort: port))
                clients.append(client)
                // A third says nothing, a third stops within the head, a third within the body.
                let said =
                    switch number % 3 {
                    case 1: "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-"
                    case 2: "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\nabc"
                    default: ""
                    }
                #expect(write(client, said, said.utf8.count) == said.utf8.count)
            }
            let answered = Atomic(0)
            let threads = try (0..<20).map { thread in
                try WorkerThread("busy", stackBytes: 512 << 10) {
                    for number in 0..<10 {
                        let body = Requests.make([.init(trace: UInt64(thread + 1), id: UInt64(number + 1))])
                        if (try? collector.post(body))?.status == 200 { answered.add(1, ordering: .relaxed) }
                    }
                }
            }
            for thread in threads { thread.join() }
            #expect(answered.load(ordering: .relaxed) == 200)
            try collector.waitUntilSettled()
            #expect(try collector.ledger()["delivered"] as? Int == 200)
        }
    }

    @Test func `only clients with a certificate and a token may send`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            try Data("secret\n".utf8).write(to: URL(fileURLWithPath: directory + "/token"))
            let tls = """
                bearer_token_file: "\(directory)/token", tls: { certificate_file: "\(certificates.server.certificateFile)",
                key_file: "\(certificates.server.keyFile)", client_ca_file: "\(certificates.authority)" }
                """
            let collector = try CollectorProcess(configuration(directory, receiver: tls), in: directory)
            let endpoint = try HTTPEndpoint(url: collector.tracesURL.replacingOccurrences(of: "http://", with: "https://"))
            func post(_ identity: TLSIdentity?, token: String?) throws -> Int {
                let client = try HTTPClient(
                    endpoint: endpoint, tls: TLSClientSettings(authoritiesFile: certificates.authority, identity: identity))
                var headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]
                if let token { headers.append("Authorization", "Bearer \(token)") }
                return try client.send(
                    method: .post, headers: headers, bytes: Requests.make([.init()]), timeoutNanoseconds: 30_000_000_000
                ).status
            }
            #expect(try post(certificates.client, token: "secret") == 200)
            #expect(try post(certificates.client, token: "other") == 401)
            #expect(throws: HTTPClientError.self) { try post(nil, token: "secret") }
            #expect(throws: HTTPClientError.self) { try post(certificates.strangersClient, token: "secret") }
        }
    }

    @Test func `rubbish of all kinds is answered with a reason, and nothing of it is kept`() throws {
        try withTemporaryDirectory { directory in
            let collector = try CollectorProcess(configuration(directory, receiver: #"max_request_bytes: "64KiB""#), in: directory)
            var generator = SeededGenerator(seed: 9)
            let client = try HTTPClient(endpoint: HTTPEndpoint(url: collector.tracesURL))
            let request = Requests.make([.init(attributes: [("a", "b")]), .init(id: 2)])
            var compressed: [UInt8] = []
            GzipEncoder(level: .zlib(6)).compress(request.span.bytes, into: &compressed)
            let json = Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a"}]}]}]}"#.utf8)
            var statuses: Set<Int> = []
            for round in 0..<600 {
                var (body, type, encoding) = [
                    (request, "application/x-protobuf", "identity"), (compressed, "application/x-protobuf", "gzip"),
                    (json, "application/json", "identity"),
                ][round % 3]
                for _ in 0..<Int.random(in: 1...5, using: &generator) {
                    body[Int.random(in: 0..<body.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                }
                let response = try client.send(
                    method: .post, headers: ["Content-Type": type, "Content-Encoding": encoding], bytes: body,
                    timeoutNanoseconds: 30_000_000_000)
                statuses.insert(response.status)
                if response.status != 200 { #expect(!response.body.isEmpty) }
            }
            #expect(statuses.isSubset(of: [200, 400, 413]) && statuses.contains(400))
            var bomb: [UInt8] = []
            GzipEncoder(level: .zlib(9)).compress([UInt8](repeating: 0, count: 50 << 20).span.bytes, into: &bomb)
            let response = try collector.post(bomb, headers: ["Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"])
            #expect(response.status == 413)
            try collector.waitUntilSettled()
            #expect(try collector.ledger().isBalanced)
        }
    }
}
