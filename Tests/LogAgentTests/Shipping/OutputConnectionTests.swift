import Foundation
import HTTP
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

/// One output by TLS, by a proxy, by a Unix socket, and with OTLP.
@Suite(.timeLimit(.minutes(2)))
struct OutputConnectionTests {
    /// An output that sends to `url`, made with `change`; it and the sink are stopped afterwards.
    private func withRig(
        _ sink: LokiSink, _ url: String, in directory: String, _ change: (inout LokiSettings) -> Void = { _ in },
        _ body: (OutputRig) throws -> Void
    ) throws {
        let rig = try OutputRig(url, in: directory, change)
        defer {
            rig.sender.stop()
            sink.stop()
        }
        try body(rig)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func `a batch is held back until the server can be trusted`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            let sink = try LokiSink(tls: TLSServerSettings(identity: certificates.server, clientAuthoritiesFile: certificates.authority))
            let authorities = URL(fileURLWithPath: "\(directory)/trusted.pem")
            try Data(contentsOf: URL(fileURLWithPath: certificates.stranger)).write(to: authorities)
            try withRig(sink, "https://localhost:\(sink.port)/loki/api/v1/push", in: directory) {
                $0.tls = TLSClientSettings(authoritiesFile: authorities.path, identity: certificates.client)
            } _: { rig in
                rig.sender.offer(BatchMaking.batch(lines: ["a", "b"]))
                try waitUntil("unhealthy") { !rig.sender.isHealthy }
                #expect(
                    rig.sender.lastError?.contains("the certificate of /CN=server was signed by /CN=ca, which is not trusted") == true)
                #expect(sink.requestCount == 0)
                try Data(contentsOf: URL(fileURLWithPath: certificates.authority)).write(to: authorities, options: .atomic)
                try rig.waitFor(outcomes: 1)
                #expect(sink.lines(["job": "test"]) == ["a", "b"])
            }
        }
    }

    @Test func `a proxy is asked for a name that only it knows, and held responsible`() throws {
        try withTemporaryDirectory { directory in
            let sink = try LokiSink()
            let proxy = try ForwardProxy(targetPort: sink.port, authorization: "Basic dTpw")
            defer { proxy.stop() }
            proxy.refuse(with: 407)
            let asked = try HTTPProxy(url: "http://u:p@127.0.0.1:\(proxy.port)")
            try withRig(sink, "http://loki.test:3100/loki/api/v1/push", in: directory) {
                $0.proxy = asked
            } _: { rig in
                rig.sender.offer(BatchMaking.batch(lines: ["a"]))
                try waitUntil("unhealthy") { !rig.sender.isHealthy }
                #expect(rig.sender.lastError?.hasPrefix("answered 407: no; give the output's proxy a user name") == true)
                proxy.refuse(with: nil)
                try rig.waitFor(outcomes: 1)
                #expect(sink.lines(["job": "test"]) == ["a"])
                #expect(proxy.requests.last?.line == "POST http://loki.test:3100/loki/api/v1/push HTTP/1.1")
                #expect(
                    sink.received.allSatisfy { $0.headers.first("Host") == "loki.test:3100" && !$0.headers.contains("Proxy-Authorization") }
                )
            }
        }
    }

    @Test(arguments: ["http+unix://", "unix:"])
    func `a socket is written to`(scheme: String) throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/loki.sock"
            let sink = try LokiSink(listen: "unix:\(path)")
            let url =
                scheme == "unix:"
                ? "unix:\(path):/loki/api/v1/push" : "http+unix://\(path.replacingOccurrences(of: "/", with: "%2F"))/loki/api/v1/push"
            try withRig(sink, url, in: directory) { rig in
                rig.sender.offer(BatchMaking.batch(lines: ["a"]))
                try rig.waitFor(outcomes: 1)
                #expect(sink.lines(["job": "test"]) == ["a"])
                #expect(sink.received.first?.headers.first("Host") == "localhost")
            }
        }
    }

    private func withOTLPRig(_ sink: LokiSink, _ body: (OutputRig) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try withRig(sink, "http://127.0.0.1:\(sink.port)/otlp/v1/logs", in: directory, { $0.encoding = .otlp }, body)
        }
    }

    @Test func `OTLP arrives as Loki wants it, and the same bytes again after a failure`() throws {
        let sink = try LokiSink(script: [.answer(status: 503, text: "no ingesters"), .storeThenAnswer(status: 429, text: "later")])
        try withOTLPRig(sink) { rig in
            rig.sender.offer(
                BatchMaking.batch(#"{"job":"api","level":"INFO"}"#, entries: [LokiEntry(timestamp: 5, line: "one", metadata: ["a": "b"])]))
            try rig.waitFor(outcomes: 1)
            #expect(rig.outcomes[0].attempts == 3 && rig.outcomes[0].refused.isEmpty)
            #expect(Set(sink.received.map(\.body)).count == 1)
            let received = try #require(sink.received.first)
            #expect(received.headers.first("Content-Type") == "application/x-protobuf")
            let stored = try #require(sink.streams[["service_name": "api"]])
            #expect(
                stored.map(\.entry) == [
                    LokiEntry(
                        timestamp: 5, line: "one",
                        metadata: ["a": "b", "job": "api", "level": "INFO", "severity_number": "9", "severity_text": "INFO"])
                ])
            #expect(stored.map(\.count) == [2])
        }
    }

    @Test func `what Loki refuses of OTLP is found and put aside, the others are stored`() throws {
        var limits = LokiSinkModel.Limits()
        limits.maximumLineBytes = 8
        limits.refuses = { $0.line.hasPrefix("bad") ? "entry out of order" : nil }
        limits.maximumMetadataBytes = 30
        let sink = try LokiSink(limits: limits)
        try withOTLPRig(sink) { rig in
            var entries = ["good", "bad 1", "too long a line", "bad 2", "fine"].enumerated().map {
                LokiEntry(timestamp: UInt64($0.offset), line: $0.element)
            }
            // What Loki counts has more than what was sent as metadata: this is found by halving.
            entries.append(LokiEntry(timestamp: 9, line: "much", metadata: ["k": "v2345678901234567890123456789"]))
            rig.sender.offer(BatchMaking.batch(#"{"job":"test"}"#, entries: entries))
            try rig.waitFor(outcomes: 1)
            #expect(rig.outcomes[0].refused.map(\.index) == [1, 2, 3, 5])
            #expect(sink.lines(["service_name": "test"]) == ["good", "fine"])
        }
    }
}
