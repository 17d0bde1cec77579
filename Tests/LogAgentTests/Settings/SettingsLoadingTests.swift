import Configuration
import ConnectionSettings
import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `Settings` {
    @Test func `have the defaults of the contract`() throws {
        let loaded = try load("sources: [{ name: 'app', include: '/var/log/app/*.log' }]")
        #expect(
            loaded.settings
                == LogAgentSettings(
                    dataDirectory: "/var/lib/tailspan/log-agent", memoryBytes: 32 << 20,
                    server: ServerSettings(listen: "127.0.0.1:9144", bearerToken: nil),
                    sources: [
                        SourceSettings(
                            name: "app", include: ["/var/log/app/*.log"], exclude: [], startAt: .beginning, watch: .auto,
                            pollNanoseconds: 1_000_000_000, format: .json, timestamp: nil,
                            labels: [NamedTemplate(name: "job", template: .constant("app"))], metadata: [], maximumLineBytes: 256 << 10)
                    ],
                    transforms: [], metrics: [],
                    outputs: [
                        OutputSettings(
                            name: "local",
                            destination: .directory(
                                DirectorySettings(
                                    path: "/var/lib/tailspan/logs", retentionNanoseconds: 86_400_000_000_000, maximumBytes: 1 << 30,
                                    compressionLevel: 1)),
                            batch: BatchSettings(maximumBytes: 1 << 20, maximumWaitNanoseconds: 1_000_000_000), inFlight: 2,
                            retry: RetrySettings(
                                minimumBackoffNanoseconds: 250_000_000, maximumBackoffNanoseconds: 30_000_000_000,
                                timeoutNanoseconds: 10_000_000_000))
                    ]))
        #expect(loaded.warnings == [])
        #expect(loaded.files == ["f"])
    }

    @Test func `take every key`() throws {
        try withTemporaryDirectory { directory in
            for (name, text) in [("token", "t0ken\n"), ("password", "pass word")] {
                try text.write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(directory)/\(name)")
            }
            let loaded = try load(
                """
                data_dir: "${DATA}/agent/", memory: "64MiB", server: { listen: "unix:/run/agent.sock", bearer_token_file: "token" },
                sources: [{
                  name: "a.b-c_1", type: "file", include: ["/l/*.log", "/l/{a,b}/[!x]?.log"], exclude: ["*.gz", "/l/no/**"], start_at: "end",
                  watch: "poll", poll_interval: "250ms", format: "text", max_line_bytes: "1MiB",
                  timestamp: { field: "a.t", format: "%d/%b/%Y:%H:%M:%S %z" }, labels: { z: "$x.y", a: "$$const" }, metadata: { trace_id: "$t" } }],
                transforms: [{ drop: { where: { level: "DEBUG" } } }, { keep: { where: { a: { exists: true } } } }],
                outputs: [
                  { name: "loki", type: "loki", url: "http://[::1]:3100/loki/api/v1/push?x=1", tenant_id: "team-a",
                    basic_auth: { username: "u", password_file: "password" }, headers: { "X-Y": "${DATA}" }, compression: "gzip",
                    compression_level: 6, streams_per_push: "many", batch: { max_bytes: "512KiB", max_wait: "1s" }, in_flight: 8,
                    retry: { min_backoff: "1s", max_backoff: "1m", timeout: "2s" } },
                  { name: "token", type: "loki", url: "https://loki/loki/api/v1/push", bearer_token_file: "token", compression: "none" },
                  { name: "dir", type: "directory", path: "/out", retention: null, max_bytes: "2GB", compression_level: 9 }],
                """, directory: directory, environment: ["DATA": "/data"])
            let settings = loaded.settings
            #expect(settings.dataDirectory == "/data/agent")
            #expect(settings.memoryBytes == 64 << 20)
            #expect(settings.server == ServerSettings(listen: "unix:/run/agent.sock", bearerToken: Secret(value: "t0ken")))
            #expect(
                settings.sources == [
                    SourceSettings(
                        name: "a.b-c_1", include: ["/l/*.log", "/l/{a,b}/[!x]?.log"], exclude: ["*.gz", "/l/no/**"], startAt: .end,
                        watch: .poll,
                        pollNanoseconds: 250_000_000, format: .text,
                        timestamp: TimestampSettings(field: "a.t", format: .pattern("%d/%b/%Y:%H:%M:%S %z")),
                        labels: [
                            NamedTemplate(name: "a", template: .constant("$const")), NamedTemplate(name: "z", template: .field("x.y")),
                        ], metadata: [NamedTemplate(name: "trace_id", template: .field("t"))], maximumLineBytes: 1 << 20)
                ])
            #expect(
                settings.transforms == [
                    TransformSettings(
                        name: "0_drop", conditions: [FieldCondition(field: "level", test: .isOneOf(["DEBUG"]))], isBeforeMetrics: false,
                        action: .drop),
                    TransformSettings(
                        name: "1_keep", conditions: [FieldCondition(field: "a", test: .exists(true))], isBeforeMetrics: false, action: .keep
                    ),
                ])
            #expect(
                settings.outputs == [
                    OutputSettings(
                        name: "loki",
                        destination: .loki(
                            LokiSettings(
                                url: "http://[::1]:3100/loki/api/v1/push?x=1", tenantID: "team-a",
                                authorization: .basic(username: "u", password: Secret(value: "pass word")),
                                headers: [HeaderSetting(name: "X-Y", value: Secret(value: "/data"))], compression: .gzip,
                                compressionLevel: 6,
                                streamsPerPush: .many)),
                        batch: BatchSettings(maximumBytes: 512 << 10, maximumWaitNanoseconds: 1_000_000_000), inFlight: 8,
                        retry: RetrySettings(
                            minimumBackoffNanoseconds: 1_000_000_000, maximumBackoffNanoseconds: 60_000_000_000,
                            timeoutNanoseconds: 2_000_000_000)),
                    OutputSettings(
                        name: "token",
                        destination: .loki(
                            LokiSettings(
                                url: "https://loki/loki/api/v1/push", tenantID: nil, authorization: .bearer(Secret(value: "t0ken")),
                                headers: [],
                                compression: .none, compressionLevel: 1, streamsPerPush: .one)), batch: BatchSettings(), inFlight: 2,
                        retry: RetrySettings()),
                    OutputSettings(
                        name: "dir",
                        destination: .directory(
                            DirectorySettings(path: "/out", retentionNanoseconds: nil, maximumBytes: 2_000_000_000, compressionLevel: 9)),
                        batch: .forDirectory, inFlight: 2, retry: RetrySettings()),
                ])
            // A line of text has no fields.
            #expect(
                loaded.warnings.map(\.message) == [
                    "`sources[0].timestamp`: a line of text has no fields, so its time is when it was read.",
                    "`z` takes a field, but a line of text has none: it will be missing.",
                ])
            #expect(!"\(settings)".contains("t0ken") && !"\(settings)".contains("pass word"))
        }
    }

    @Test func `take entries of several lines, and envelopes with what is in them`() throws {
        let sources = try load(
            #"""
            sources: [
              { name: "a", include: "/a", format: "text", max_line_bytes: "64KiB", multiline: { start: "^\\d{4}-" } },
              { name: "b", include: "/b", format: "cri", inner: "json",
                multiline: { start: "^S", continuation: "^ ", max_lines: 20, max_bytes: "1MiB", timeout: "250ms" } },
              { name: "c", include: "/c", format: "docker" },
            ]
            """#
        ).settings.sources
        #expect(sources.map(\.envelope) == [nil, .cri, .docker])
        #expect(sources.map(\.format) == [.text, .json, .text])
        #expect(
            sources.map(\.multiline) == [
                MultilineSettings(
                    start: try RegexProgram(#"^\d{4}-"#, needsNames: false), continuation: nil, maximumLines: 500, maximumBytes: 64 << 10,
                    timeoutNanoseconds: 5_000_000_000),
                MultilineSettings(
                    start: try RegexProgram("^S", needsNames: false), continuation: try RegexProgram("^ ", needsNames: false),
                    maximumLines: 20, maximumBytes: 1 << 20, timeoutNanoseconds: 250_000_000),
                nil,
            ])
    }

    @Test func `take metrics of every kind`() throws {
        let metrics = try load(
            """
            sources: [{ name: "a", include: "/a" }],
            metrics: [
              { name: "a_total", type: "counter" },
              { name: "b_total", type: "counter", help: "B", where: { s: [200, "x", true, null], d: { ge: 1, lt: 2.5 } }, value: "$n", scale: 0.001,
                labels: { m: "$m", c: "x", a: "$a" }, init: { m: ["GET", 1], a: "only" }, exemplar: "$t", max_series: 5, idle_timeout: "1h" },
              { name: "c_seconds", type: "histogram", where: { r: { matches: "^a+$" }, n: { not: ["x", 1] }, z: { not: null }, e: { exists: false } },
                value: "$a.b", buckets: [0.5, 1, 1e3] },
              { name: "d", type: "gauge", where: { e: { gt: 1, le: 2 } }, updates: [{ where: { e: "up" }, inc: 1 }, { set: "$v" }, { sub: 0.5 }] },
            ]
            """
        ).settings.metrics
        #expect(
            metrics == [
                MetricSettings(
                    name: "a_total", help: "", kind: .counter(value: nil), conditions: [], updates: [], labels: [], scale: 1, exemplar: nil,
                    maximumSeries: 1000, idleTimeoutNanoseconds: nil, initialLabelValues: nil),
                MetricSettings(
                    name: "b_total", help: "B", kind: .counter(value: .field("n")),
                    conditions: [
                        FieldCondition(field: "s", test: .isOneOf(["200", "x", "true", "null"])),
                        FieldCondition(field: "d", test: .greaterOrEqual(1)), FieldCondition(field: "d", test: .less(2.5)),
                    ], updates: [],
                    labels: [
                        NamedTemplate(name: "a", template: .field("a")), NamedTemplate(name: "c", template: .constant("x")),
                        NamedTemplate(name: "m", template: .field("m")),
                    ], scale: 0.001, exemplar: "t", maximumSeries: 5, idleTimeoutNanoseconds: 3_600_000_000_000,
                    initialLabelValues: [["only"], ["x"], ["GET", "1"]]),
                MetricSettings(
                    name: "c_seconds", help: "", kind: .histogram(value: .field("a.b"), buckets: [0.5, 1, 1000]),
                    conditions: [
                        FieldCondition(field: "r", test: .matches("^a+$")), FieldCondition(field: "n", test: .isNoneOf(["x", "1"])),
                        FieldCondition(field: "z", test: .isNoneOf(["null"])), FieldCondition(field: "e", test: .exists(false)),
                    ], updates: [], labels: [], scale: 1, exemplar: nil, maximumSeries: 1000, idleTimeoutNanoseconds: nil,
                    initialLabelValues: nil
                ),
                MetricSettings(
                    name: "d", help: "", kind: .gauge,
                    conditions: [FieldCondition(field: "e", test: .greater(1)), FieldCondition(field: "e", test: .lessOrEqual(2))],
                    updates: [
                        GaugeUpdate(
                            conditions: [FieldCondition(field: "e", test: .isOneOf(["up"]))], operation: .inc, amount: .constant("1")),
                        GaugeUpdate(conditions: [], operation: .set, amount: .field("v")),
                        GaugeUpdate(conditions: [], operation: .sub, amount: .constant("0.5")),
                    ], labels: [], scale: 1, exemplar: nil, maximumSeries: 1000, idleTimeoutNanoseconds: nil, initialLabelValues: nil),
            ])
    }

    @Test func `take recipes relative to their file, and metrics of their own before theirs`() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/r", withIntermediateDirectories: true)
            try "metrics: [{ name: 'a_total', type: 'counter', help: 'theirs' }, { name: 'b_total', type: 'counter' }]"
                .write(toFile: directory + "/r/x.json5", atomically: false, encoding: .utf8)
            let loaded = try load(
                "sources: [{ name: 'a', include: '/a' }], recipes: 'r/x.json5', metrics: [{ name: 'a_total', type: 'counter', help: 'ours' }]",
                directory: directory)
            #expect(loaded.settings.metrics.map { "\($0.name) \($0.help)" } == ["a_total ours", "b_total "])
            #expect(loaded.files == ["f", directory + "/r/x.json5"])

            try "metrics: [{ name: 'a_total', type: 'counter' }, { name: 'c', type: 'counter' }], metric: 1"
                .write(toFile: directory + "/r/y.json5", atomically: false, encoding: .utf8)
            #expect(
                told(
                    about: "sources: [{ name: 'a', include: 'a' }], recipes: ['r/x.json5', 'r/y.json5', 'r/x.json5', 'transcod']",
                    directory: directory) == [
                        "f:1:33: error: `sources[0].include` is \"a\"; use an absolute path: it starts with `/`.",
                        "f:1:77: error: `recipes[2]`: \(directory)/r/x.json5 is there already.",
                        "f:1:90: error: `recipes[3]` is \"transcod\", which is not a built-in recipe; use "
                            + "\"airflow\", \"celery\", \"containers\", \"levels\", \"minio\", \"nginx\", \"postgresql\", \"redis\", \"syslog\" or \"transcode\". | Did you mean \"transcode\"?",
                        "\(directory)/r/y.json5:1:19: error: `metrics[0].name`: `a_total` is there already: `metrics[0]` in \(directory)/r/x.json5."
                            + " | Keep one, or give one another name.",
                        "\(directory)/r/y.json5:1:57: error: `metrics[1].name` is \"c\"; end a counter's name in `_total`."
                            + " | OpenMetrics requires it; write \"c_total\".",
                        "\(directory)/r/y.json5:1:82: error: `metric` is not a known key. | Did you mean `metrics`? Known here: `$schema`, `description`, `metrics`.",
                    ])
        }
    }
}
