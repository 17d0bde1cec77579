import Configuration
import Foundation
import TestSupport
import Testing

@testable import LogAgent

/// `config/schema/log-agent.schema.json`: what editors know of a configuration.
@Suite struct `The schema of the configuration` {
    private let schema: [String: Any]

    init() throws {
        let data = try #require(FileManager.default.contents(atPath: shippedConfigurations + "/schema/log-agent.schema.json"))
        schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// Every setting once at least, in every kind of thing that has it: to be added to with each setting. Paths lead nowhere.
    static let everySetting = [
        """
        { $schema: "s", data_dir: "/d", memory: "64MiB", spill: { max_bytes: "1MiB", max_held_files: 2 },
          server: { listen: "127.0.0.1:1", bearer_token_file: "/none",
            tls: { certificate_file: "/none", key_file: "/none", client_ca_file: "/none", min_version: "1.3" } },
          sources: [{ name: "a", type: "file", include: ["/a"], exclude: "b", start_at: "end", watch: "poll", poll_interval: "2s",
            format: "json", timestamp: { field: "t", format: "%Y", zone: "UTC" }, labels: { job: "a" }, metadata: { id: "$id" },
            max_line_bytes: 2048, long_lines: "drop", empty_lines: "skip", encoding: "utf-16le", read_order: "oldest_first",
            ignore_older: "1d", remove_after: "1h", link_targets: ["/l/*"],
            path_pattern: "/<a>.log" },
            { name: "b", include: "/b", format: "pattern", pattern: "<a> <b>" }, { name: "c", include: "/c", format: "regex", regex: "(?P<a>.*)" },
            { name: "d", include: "/d", format: "docker", inner: "json",
              multiline: { start: "^x", continuation: "^ ", max_lines: 5, max_bytes: "2KiB", timeout: "1s" } },
            { name: "h", include: "/h", format: "cri", partial_timeout: "2s" },
            { name: "e", type: "stdin", capture: { max_bytes: "1MiB" } },
            { name: "f", type: "exec", command: ["a", "b"], env: { A: "b" }, cwd: "/", restart: "never",
              restart_backoff: { min: "1s", max: "2s" }, stop_timeout: "1s", main: true },
            { name: "g", type: "syslog", listen: ["udp:127.0.0.1:1"], max_connections: 5, message_timeout: "1s" }],
          transforms: [{ drop: { where: { a: { gt: 1, ge: 1, lt: 2, le: 2, matches: "x", exists: true, not: ["y"] }, b: [1, "2", null] } } },
            { keep: { name: "k", sources: ["a"], before_metrics: false, where: { c: true } } },
            { redact: { fields: "a.b", patterns: ["bearer", "url_password", "email", "ipv4", "ipv6", "credit_card", { name: "own", regex: "x+" }],
              with: "*" } },
            { redact: { fields: ["a"], patterns: "email", hash: { key_file: "/none" } } },
            { truncate: { max_bytes: "8KiB", fields: ["a"] } }, { sample: { ratio: 0.5 } }, { sample: { one_in: 10, key: "$a" } },
            { limit: { per_second: 0.5, burst: 2, key: "$a", max_keys: 5 } }, { dedupe: { fields: ["a"] } },
            { dedupe: { key: "$a", window: "1s", max_keys: 5 } }, { rename: { fields: { a: "b" } } },
            { add: { fields: { a: "$b", c: "d" } } }, { remove: { fields: ["a"] } },
            { route: { where: { a: 1 }, sources: "a", name: "r", outputs: ["l"], tenant: "$t" } }],
          recipes: ["transcode"],
          metrics: [
            { name: "a_total", type: "counter", help: "h", where: { a: 1 }, labels: { l: "$l" }, value: "$v", scale: 2, exemplar: "$t", disabled: false,
              max_series: 5, idle_timeout: "1h", init: { l: ["x"] } },
            { name: "h", type: "histogram", value: "$v", buckets: [1, 2] },
            { name: "g", type: "gauge", updates: [{ where: { a: 1 }, set: 1 }, { inc: 1 }, { dec: 1 }, { add: "$v" }, { sub: "$v" }] }],
          outputs: [
            { name: "l", type: "loki", url: "http://h/p", tenant_id: "t", basic_auth: { username: "u", password_file: "/none" },
              headers: { a: "b" }, compression: "gzip", compression_level: 2, streams_per_push: "one", in_flight: 3,
              batch: { max_bytes: "1MiB", max_wait: "1s" }, retry: { min_backoff: "1s", max_backoff: "2s", timeout: "3s" } },
            { name: "m", type: "loki", url: "https://h/otlp/v1/logs", encoding: "otlp", bearer_token_file: "/none",
              tls: { ca_file: "/none", certificate_file: "/none", key_file: "/none", server_name: "h", min_version: "1.2",
                insecure_skip_verify: true },
              proxy: { url: "http://p:1", basic_auth: { username: "u", password_file: "/none" }, no_proxy: ["h"] } },
            { name: "s", type: "stdout", format: "line" },
            { name: "d", type: "directory", path: "/o", retention: null, max_bytes: "1GiB", compression_level: 1 }] }
        """
    ]

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

    @Test func `takes every shipped configuration, and the one with every setting`() throws {
        var texts = Self.everySetting
        let examples = shippedConfigurations + "/examples"
        for directory in [shippedConfigurations, examples] {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            for name in names where name.hasSuffix(".json5") && (directory == examples || name.hasPrefix("log-agent")) {
                texts.append(try String(contentsOfFile: directory + "/" + name, encoding: .utf8))
            }
        }
        #expect(texts.count > 1)
        for text in texts { #expect(SchemaCheck(schema).problems(of: try parsed(text)) == []) }
    }

    @Test(arguments: [
        ("{}", "$: no `sources`"), (#"{ sources: [{ name: "a", tpye: "file" }] }"#, "$.sources.0: `tpye` is not known"),
        (#"{ sources: [{ name: "a", type: "fiel" }] }"#, "$.sources.0.type: fits nothing of anyOf"),
        (#"{ sources: [{ name: "a", max_line_bytes: "1XB" }] }"#, "$.sources.0.max_line_bytes: fits nothing of anyOf"),
        (#"{ sources: [{ name: "a" }], transforms: [{}] }"#, "$.transforms.0: fewer than 1 members"),
        (#"{ sources: [], transforms: [{ redact: { patern: [] } }] }"#, "$.transforms.0.redact: `patern` is not known"),
        (#"{ sources: [], transforms: [{ redact: { hash: {} } }] }"#, "$.transforms.0.redact.hash: no `key_file`"),
        (#"{ sources: [], transforms: [{ redact: { patterns: ["mail"] } }] }"#, "$.transforms.0.redact.patterns: fits nothing of anyOf"),
        (#"{ sources: [], transforms: [{ limit: { burst: 1 } }] }"#, "$.transforms.0.limit: no `per_second`"),
        (#"{ sources: [], transforms: [{ rename: { fields: {} } }] }"#, "$.transforms.0.rename.fields: fewer than 1 members"),
        (#"{ sources: [], transforms: [{ route: { tenant: 1 } }] }"#, "$.transforms.0.route.tenant: not of type string"),
        (#"{ sources: [{ name: "a", type: "stdin", ignore_older: "1d" }] }"#, "$.sources.0.ignore_older: does not belong here"),
        (#"{ sources: [{ name: 1 }] }"#, "$.sources.0.name: not of type string"),
    ])
    func `tells what is wrong`(text: String, problem: String) throws {
        #expect(SchemaCheck(schema).problems(of: try parsed(text)).contains(problem))
    }

    @Test func `describes every key`() {
        #expect(SchemaCheck(schema).undescribedKeys == [])
    }

    /// An unknown key in every object of ``everySetting`` makes the loader say what it knows there.
    @Test func `knows the keys that the settings know, and no others`() throws {
        let differences = try SchemaCheck(schema).differences(
            from: Self.everySetting.map(parsed), problems: { told(about: $0) })
        #expect(differences == [])
    }
}
