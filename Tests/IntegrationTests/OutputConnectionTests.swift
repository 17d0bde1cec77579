import Foundation
import HTTP
import TestSupport
import Testing

extension IntegrationTests {
    struct OutputConnectionTests {
        private static let source = #"name: "app", format: "text", labels: { service_name: "app" }"#

        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "the openssl command makes the certificates"))
        func `lines reach Loki by TLS and the environment's proxy, and standard output; the admin address has TLS`() throws {
            try withTemporaryDirectory { directory in
                let certificates = try TestCertificates(in: directory)
                let sink = try LokiSink(
                    tls: TLSServerSettings(identity: certificates.server, clientAuthoritiesFile: certificates.authority))
                let direct = try LokiSink()
                let proxy = try ForwardProxy(targetPort: sink.port, authorization: "Basic dTpw")
                defer {
                    proxy.stop()
                    sink.stop()
                    direct.stop()
                }
                var setup = try AgentSetup(directory, source: Self.source)
                setup.server =
                    #"tls: { certificate_file: "\#(certificates.server.certificateFile)", key_file: "\#(certificates.server.keyFile)", client_ca_file: "\#(certificates.authority)" },"#
                setup.addLoki(
                    url: "https://loki.test/loki/api/v1/push",
                    #"tls: { ca_file: "ca.pem", certificate_file: "client.pem", key_file: "client.key", server_name: "localhost" },"#)
                // This machine is spoken to directly, whatever the environment says.
                setup.outputs.append(#"{ name: "direct", type: "loki", url: "\#(direct.url)" }"#)
                setup.outputs.append(#"{ name: "debug", type: "stdout", format: "line" }"#)
                try append("one\ntwo\n", to: setup.log("app.log"))
                let environment = ["env", "HTTPS_PROXY=http://u:p@127.0.0.1:\(proxy.port)", "HTTP_PROXY=http://127.0.0.1:\(proxy.port)"]
                let agent = try setup.start(launcher: environment)
                try sink.waitFor(entries: 2)
                try direct.waitFor(entries: 2)
                #expect(sink.lines(["service_name": "app"]) == ["one", "two"])
                #expect(proxy.requests.allSatisfy { $0.line == "CONNECT loki.test:443 HTTP/1.1" } && !proxy.requests.isEmpty)
                try waitUntil("the lines on standard output") { agent.process.outputText == "one\ntwo\n" }

                var admin = TLSClientSettings(authoritiesFile: certificates.authority, identity: certificates.client)
                func status() throws -> Int {
                    try HTTPClient(endpoint: HTTPEndpoint(url: "https://\(agent.address)/healthz"), tls: admin)
                        .send(method: .get, timeoutNanoseconds: 30_000_000_000).status
                }
                #expect(try status() == 200)
                admin.identity = certificates.strangersClient
                #expect(throws: HTTPClientError.self) { try status() }
                try agent.terminate()
            }
        }

        private static let python = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../.build/python/bin/python3")
            .standardized.path

        @Test(
            .enabled(
                if: FileManager.default.isExecutableFile(atPath: python),
                "script/setup installs opentelemetry-proto for Python into .build/python"))
        func `what is sent as OTLP is what OpenTelemetry's own code reads`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup(
                    directory,
                    source: #"""
                        name: "app", timestamp: { field: "time", format: "rfc3339" },
                        labels: { service_name: "app", k8s_pod_name: "p-1", level: "$level" },
                        metadata: { trace_id: "$trace_id", span_id: "$span_id", job_id: "$job_id" }
                        """#)
                setup.addLoki(url: "http://127.0.0.1:\(sink.port)/otlp/v1/logs", #"encoding: "otlp","#)
                let line =
                    #"{"time":"2026-01-02T15:04:05.123456789Z","level":"ERROR","message":"a \"b\" \u00e9","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","job_id":"7"}"#
                try append(line + "\n", to: setup.log("app.log"))
                let agent = try setup.start()
                try sink.waitFor(entries: 1)
                let received = try #require(sink.received.first)
                let body = "\(directory)/body"
                try Data(received.body).write(to: URL(fileURLWithPath: body))
                let script = """
                    import json, sys
                    from google.protobuf.json_format import MessageToDict
                    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
                    data = open(sys.argv[1], "rb").read()
                    request = ExportLogsServiceRequest.FromString(data)
                    assert request.SerializeToString(deterministic=True) == data, "written in another way"
                    json.dump(MessageToDict(request, preserving_proto_field_name=True), sys.stdout)
                    """
                let decoded = try ChildProcess.run([Self.python, "-c", script, body], in: directory)
                #expect(decoded.ending == .exited(0), "\(decoded.error)")
                let request = try #require(JSONSerialization.jsonObject(with: Data(decoded.output.utf8)) as? NSDictionary)
                func text(_ key: String, _ value: String) -> [String: Any] { ["key": key, "value": ["string_value": value]] }
                let expected: NSDictionary = [
                    "resource_logs": [
                        [
                            "resource": [
                                "attributes": [text("k8s.pod.name", "p-1"), text("level", "ERROR"), text("service.name", "app")]
                            ],
                            "scope_logs": [
                                [
                                    "log_records": [
                                        [
                                            "time_unix_nano": "1767366245123456789", "severity_number": "SEVERITY_NUMBER_ERROR",
                                            "severity_text": "ERROR", "body": ["string_value": line], "attributes": [text("job_id", "7")],
                                            // As JSON writes bytes.
                                            "trace_id": "CvdlGRbNQ92ESOshHIAxnA==", "span_id": "t61rcWkgMzE=",
                                        ]
                                    ]
                                ]
                            ],
                        ]
                    ]
                ]
                #expect(request == expected)
                try agent.terminate()
            }
        }
    }
}
