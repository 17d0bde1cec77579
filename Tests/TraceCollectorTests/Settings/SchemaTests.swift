import Configuration
import Foundation
import TestSupport
import Testing

@testable import TraceCollector

/// `config/schema/trace-collector.schema.json`: what editors know of a configuration.
struct SchemaTests {
    private static let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../config").standardized
    private let schema: SchemaCheck

    init() throws {
        let data = try Data(contentsOf: Self.shipped.appending(path: "schema/trace-collector.schema.json"))
        schema = SchemaCheck(try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any]))
    }

    /// Every setting once at least: to be added to with each setting. Paths lead nowhere.
    private static let everySetting = """
        { $schema: "s", data_dir: "/d",
          server: { listen: "127.0.0.1:1", bearer_token_file: "/none",
            tls: { certificate_file: "/none", key_file: "/none", client_ca_file: "/none", min_version: "1.3" } },
          receivers: { otlp_http: { listen: "127.0.0.1:2", bearer_token_file: "/none", max_request_bytes: "1MiB", max_connections: 5,
              tls: { certificate_file: "/none", key_file: "/none" } },
            files: [{ include: ["/a/*.jsonl"], exclude: "*.gz", max_line_bytes: "1MiB" }] },
          sampling: { decision_wait: "5s", root_wait: "1s", memory: "8MiB", policies: [{ type: "always" }, { type: "errors" },
            { type: "latency", threshold: "2s" }, { type: "attribute", key: "k", values: ["a", 7, true] },
            { type: "attribute", key: "k", values: "a" }, { type: "probabilistic", ratio: 0.1 }, { type: "rate_limit", traces_per_second: 50 },
            { type: "and", policies: [{ type: "or", policies: [{ type: "errors" }] }] }] },
          span_metrics: { dimensions: ["d"], buckets: [0.1, 1], max_series: 5, exemplars: false },
          service_graph: { wait: "1s", max_items: 5 }, buffer: { max_bytes: "1GiB", fsync: "interval" },
          outputs: [
            { name: "t", type: "otlp_http", url: "https://h/v1/traces", headers: { a: "b" }, bearer_token_file: "/none", tenant_id: "t",
              in_flight: 2, compression: "gzip", compression_level: 2, batch: { max_bytes: "1MiB", max_wait: "1s" },
              retry: { min_backoff: "1s", max_backoff: "2s", timeout: "3s" },
              tls: { ca_file: "/none", certificate_file: "/none", key_file: "/none", server_name: "h", min_version: "1.2",
                insecure_skip_verify: true },
              proxy: { url: "http://p:1", basic_auth: { username: "u", password_file: "/none" }, no_proxy: ["h"] } },
            { name: "d", type: "directory", path: "/o", retention: null, max_bytes: "1GiB" }] }
        """

    private func parsed(_ text: String) throws -> Any {
        let problems = ConfigurationProblems()
        let file = try #require(ConfigurationFile(text, name: "f", problems: problems), "\(problems.sorted)")
        return Self.plain(file.content.value)
    }

    private static func plain(_ value: ConfigurationValue) -> Any {
        switch value {
        case .null: NSNull()
        case .bool(let flag): flag
        case .number(let number): number
        case .string(let text): text
        case .array(let elements): elements.map(plain)
        case .object(let members): members.mapValues(plain)
        }
    }

    @Test func `takes the shipped configuration, and the one with every setting`() throws {
        let shipped = try String(contentsOf: Self.shipped.appending(path: "trace-collector.json5"), encoding: .utf8)
        for text in [Self.everySetting, shipped, "{}"] { #expect(schema.problems(of: try parsed(text)) == []) }
    }

    @Test(arguments: [
        ("{ bufer: {} }", "$: `bufer` is not known"), ("{ outputs: [] }", "$.outputs: fewer than 1 elements"),
        (#"{ outputs: [{ name: "a" }] }"#, "$.outputs.0: no `type`"), (#"{ sampling: {} }"#, "$.sampling: no `policies`"),
        (#"{ sampling: { policies: [{ type: "error" }] } }"#, "$.sampling.policies.0.type: fits nothing of anyOf"),
        (#"{ buffer: { fsync: true } }"#, "$.buffer.fsync: fits nothing of anyOf"),
    ])
    func `tells what is wrong`(text: String, problem: String) throws {
        #expect(schema.problems(of: try parsed(text)).contains(problem))
    }

    @Test func `describes every key`() { #expect(schema.undescribedKeys == []) }

    @Test func `knows the keys that the settings know, and no others`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/c.json5"
            let differences = try schema.differences(from: [parsed(Self.everySetting)]) { text in
                do {
                    try Data(text.utf8).write(to: URL(filePath: path))
                    _ = try TraceCollectorSettings.load(path) { _ in nil }
                    return []
                } catch {
                    return (error as? ConfigurationError)?.problems.map { "\($0.message) \($0.hint ?? "")" } ?? ["\(error)"]
                }
            }
            #expect(differences == [])
        }
    }
}
