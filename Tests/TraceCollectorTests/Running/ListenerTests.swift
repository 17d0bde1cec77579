import Delivery
import Foundation
import Gzip
import HTTP
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import OTLP
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

    @Test func `1,000 idle and slow clients and 200 busy ones are all served, each when it speaks`() throws {
        // Both ends of some are in this process, and 1024 descriptors are a common limit.
        OpenFileLimit.raise()
        try withTemporaryDirectory { directory in
            let collector = try CollectorProcess(configuration(directory), in: directory)
            let port = try #require(Int(collector.tracesURL.split(separator: ":")[2].prefix { $0 != "/" }))
            let head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
            let clients = try (0..<1000).map { number in
                let client = try RawClient(port: port)
                // A quarter says nothing, a quarter was served once, a quarter stops within the head, a quarter within the body.
                switch number % 4 {
                case 1: client.write(head + "2\r\n\r\n{}")
                case 2: client.write("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-")
                case 3: client.write(head + "1000\r\n\r\n{")
                default: break
                }
                return client
            }
            let answered = Atomic(0)
            try onThreads(200) { thread in
                let client = try HTTPClient(endpoint: HTTPEndpoint(url: collector.tracesURL))
                for number in 0..<5 {
                    let body = Requests.make([.init(trace: UInt64(thread + 1), id: UInt64(number + 1))])
                    let response = try client.send(
                        method: .post, headers: ["Content-Type": "application/x-protobuf"], bytes: body,
                        timeoutNanoseconds: 60_000_000_000)
                    if response.status == 200 { answered.add(1, ordering: .relaxed) }
                }
            }
            #expect(answered.load(ordering: .relaxed) == 1000)
            for number in stride(from: 0, to: 1000, by: 100) {
                // One that was silent, and one that had its answer.
                clients[number].write(head + "2\r\n\r\n{}")
                clients[number + 1].write(head + "2\r\n\r\n{}")
                #expect(clients[number].read(until: "{}").hasPrefix("HTTP/1.1 200 OK\r\n"))
                let both = clients[number + 1].read(until: "{}HTTP/1.1 200 OK\r\n")
                #expect(both.hasPrefix("HTTP/1.1 200 OK\r\n") && both.contains("{}HTTP/1.1 200 OK\r\n"))
            }
            let metrics = try MetricsText(collector.get("/metrics").bodyText)
            #expect(metrics["trace_collector_receiver_accepted_connections_total"] == 1200)
            #expect(metrics["trace_collector_receiver_evicted_connections_total"] == 0)
            #expect(metrics["trace_collector_receiver_refused_connections_total"] == 0)
            try collector.waitUntilSettled()
            #expect(try collector.ledger()["delivered"] as? Int == 1000)
            #expect(try collector.peakBytes() < 200 << 20)
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

    @Test func `rubbish of all kinds is answered with a reason, costs no memory, and nothing of it is kept`() throws {
        try withTemporaryDirectory { directory in
            let collector = try CollectorProcess(configuration(directory, receiver: #"max_request_bytes: "1MiB""#), in: directory)
            var generator = SeededGenerator(seed: 9)
            let client = try HTTPClient(endpoint: HTTPEndpoint(url: collector.tracesURL))
            var statuses: Set<Int> = []
            func post(_ body: [UInt8], _ form: Form) throws {
                let response = try client.send(
                    method: .post, headers: ["Content-Type": form.type, "Content-Encoding": form.encoding], bytes: body,
                    timeoutNanoseconds: 30_000_000_000)
                statuses.insert(response.status)
                if response.status != 200 { #expect(!response.body.isEmpty) }
            }
            let protobuf = try SDKTraces.protobuf()
            let forms = try [
                (protobuf, Form.protobuf), (ReceiverRig.gzip(protobuf), .gzip), (SDKTraces.json(), .json),
                (ReceiverRig.gzip(SDKTraces.json()), .gzipJSON),
            ]
            for (whole, form) in forms {
                for _ in 0..<200 {
                    var body = whole
                    for _ in 0..<Int.random(in: 1...5, using: &generator) {
                        body[Int.random(in: 0..<body.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                    }
                    if Int.random(in: 0..<4, using: &generator) == 0 { body.removeLast(Int.random(in: 1..<body.count, using: &generator)) }
                    try post(body, form)
                }
            }
            #expect(statuses.isSubset(of: [200, 400, 413]) && statuses.contains(400))

            statuses = []
            for body in Self.hostileProtobuf {
                try post(body, .protobuf)
                try post(ReceiverRig.gzip(body), .gzip)
            }
            for text in Self.hostileJSON {
                try post(Array(text.utf8), .json)
                try post(ReceiverRig.gzip(Array(text.utf8)), .gzipJSON)
            }
            #expect(statuses == [400])

            statuses = []
            // Inflated they are 64 MiB, 1 MiB of which may be read.
            let bomb = ReceiverRig.gzip([UInt8](repeating: 0x0a, count: 32 << 20))
            for _ in 0..<5 { try post(bomb + bomb, .gzip) }
            try post(ReceiverRig.gzip([UInt8](repeating: UInt8(ascii: "["), count: 32 << 20)), .gzipJSON)
            #expect(statuses == [413])
            try collector.waitUntilSettled()
            #expect(try collector.ledger().isBalanced)
            #expect(try collector.peakBytes() < 200 << 20)
        }
    }

    private enum Form {
        case protobuf, gzip, json, gzipJSON

        var type: String { self == .protobuf || self == .gzip ? "application/x-protobuf" : "application/json" }
        var encoding: String { self == .gzip || self == .gzipJSON ? "gzip" : "identity" }
    }

    /// Messages within messages, lengths that are not true, numbers without an end.
    private static let hostileProtobuf: [[UInt8]] = {
        var deep: [UInt8] = []
        // An AnyValue in an ArrayValue in an AnyValue, and so on, in an attribute of a resource.
        for _ in 0..<20_000 {
            for number in [1, 5] as [UInt8] {
                var outer: [UInt8] = []
                TraceFiltering.appendHead(number, count: deep.count, to: &outer)
                deep = outer + deep
            }
            if deep.count > 60_000 { break }
        }
        for number in [2, 1, 1, 1] as [UInt8] {
            var outer: [UInt8] = []
            TraceFiltering.appendField(number, deep, to: &outer)
            deep = outer
        }
        let lies: [[UInt8]] = [
            [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x0a, 0x01],
            [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ]
        return [deep, [UInt8](repeating: 0x0a, count: 100_000), [UInt8](repeating: 0xff, count: 100_000), [0x00], [0x0b], [0x0f]] + lies
    }()

    private static let hostileJSON: [String] = [
        String(repeating: "[", count: 300_000), String(repeating: #"{"resourceSpans":["#, count: 50_000),
        #"{"resourceSpans":[{"resource":{"attributes":[{"value":"#
            + String(repeating: #"{"kvlistValue":{"values":[{"key":"a","value":"#, count: 2_000)
            + String(repeating: "}]}}", count: 2_000) + "}]}}]}",
        #"{"later":"# + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "}",
        #"{"resourceSpans":["# + String(repeating: "{},", count: 10) + "]}", "", "null", "\u{0}", #"{"resourceSpans":"x"}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"x"}]}]}]}"#,
    ]
}
