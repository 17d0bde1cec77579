import CommandLineInterface
import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `Explanations of lines` {
    private static let configuration = """
        sources: [
          { name: "app", include: ["/logs/*.log"], timestamp: { field: "t" }, labels: { job: "app", level: "$level" },
            metadata: { trace_id: "$trace" }, max_line_bytes: "1KiB" },
          { name: "plain", include: ["/plain/*"], format: "text", labels: { job: "plain" } } ],
        transforms: [{ drop: { where: { level: "DEBUG" } } }],
        metrics: [
          { name: "requests_total", type: "counter", where: { event: "request" }, labels: { method: "$method" } },
          { name: "seconds", type: "histogram", where: { event: "request" }, value: "$ms", scale: 0.001, buckets: [1] },
          { name: "slow_total", type: "counter", where: { event: "request", ms: { gt: 1000 } } },
          { name: "running", type: "gauge", updates: [
            { where: { event: "start" }, inc: 1 }, { where: { event: "request" }, dec: 1 }] } ],
        outputs: [{ name: "a", type: "directory", path: "/a" }, { name: "b", type: "directory", path: "/b" }],
        """

    private func explanations(of text: String, source: Int = 0, _ configuration: String = configuration) throws -> [LineExplanation] {
        let explainer = try LineExplainer(try load(configuration).settings, source: source, path: "/logs/app.log")
        var found: [LineExplanation] = []
        let bytes = Array(text.utf8)
        let taken = bytes.withUnsafeBytes { explainer.explain($0, isFinal: true) { found.append($0) } }
        #expect(taken == bytes.count)
        return found
    }

    private static let request =
        #"{"t":"2026-01-02T03:04:05.5Z","event":"request","method":"GET","ms":250,"level":"INFO","trace":"abc"}"#

    @Test func `tell where a line's time, labels and entry come from, and what it moves by how much`() throws {
        let line = try #require(try explanations(of: Self.request + "\n").first)
        #expect(line.source == "app" && line.format == "json" && line.number == 1 && line.bytes == Self.request.utf8.count + 1)
        #expect(line.parseError == nil && !line.filtered && !line.isTransformed && !line.isCut)
        #expect(line.fields["method"] == "GET" && line.fields["ms"] == "250")
        #expect(line.time == LineExplanation.Time(text: "2026-01-02T03:04:05.5Z", from: "field"))
        #expect(
            line.moved == [
                .init(metric: "requests_total", labels: ["method": "GET"], operation: "add", amount: 1),
                .init(metric: "seconds", labels: [:], operation: "observe", amount: 0.25),
                .init(metric: "running", labels: [:], operation: "move", amount: -1),
            ])
        #expect(
            line.unmoved == [
                .init(metric: "slow_total", condition: "ms > 1000", found: "250"),
                .init(metric: "running", condition: #"event is "start""#, found: "request"),
            ])
        let entry = #"["1767323045500000000","\#(Self.request.replacingOccurrences(of: "\"", with: "\\\""))",{"trace_id":"abc"}]"#
        #expect(line.entries == [.init(outputs: ["a", "b"], stream: #"{"job":"app","level":"INFO"}"#, entry: entry)])
    }

    @Test func `tell of lines that are broken, cut, filtered or without a usable time or value`() throws {
        let lines = try explanations(
            of: """
                {"event":
                {"t":"soon","event":"request","ms":"much","level":"DEBUG"}
                {"t":"2026-01-02T03:04:05Z","event":"request","x":"\(String(repeating: "x", count: 2000))"}
                last
                """)
        #expect(lines.map(\.number) == [1, 2, 3, 4])
        #expect(lines[0].parseError?.isEmpty == false && lines[0].moved == [])
        #expect(lines[0].time.reason == "there is no field `t`")
        #expect(lines[0].entries.first?.entry.contains(#""parse_error":"#) == true)
        #expect(lines[1].filtered && lines[1].entries == [])
        #expect(lines[1].time.from == "reading" && lines[1].time.reason == #"`t` is "soon", which is not rfc3339"#)
        #expect(lines[1].unmoved.contains(.init(metric: "seconds", valueError: "not_numeric")))
        #expect(lines[2].isCut && lines[2].text.utf8.count == 1024 && lines[2].parseError != nil)
        #expect(lines[3].text == "last")
    }

    /// The configuration above with other steps.
    private static func transforming(_ steps: String) -> String {
        configuration.replacingOccurrences(of: #"[{ drop: { where: { level: "DEBUG" } } }]"#, with: "[\(steps)]")
    }

    private func steps(_ steps: String, on text: String, source: Int = 0) throws -> [[LineExplanation.Step]] {
        try explanations(of: text, source: source, Self.transforming(steps)).map(\.transforms)
    }

    @Test func `name the step that dropped a line, and why`() throws {
        let dropped = try explanations(of: #"{"level":"DEBUG","event":"request"}"#)
        #expect(dropped.map(\.filtered) == [true] && dropped[0].moved.isEmpty == false)
        #expect(dropped[0].transforms.map(\.transform) == ["0_drop"] && dropped[0].transforms[0].kind == "drop")
        #expect(dropped[0].transforms[0].dropped == #"level is "DEBUG""# && !dropped[0].transforms[0].beforeMetrics)

        let early = try explanations(
            of: #"{"level":"INFO"}"#, Self.transforming(#"{ keep: { name: "errors", where: { level: "ERROR" }, before_metrics: true } }"#))
        #expect(early.map(\.moved) == [[]] && early.map(\.unmoved) == [[]])
        #expect(early[0].transforms.map(\.transform) == ["errors"] && early[0].transforms[0].beforeMetrics)
        #expect(early[0].transforms[0].dropped == #"level is "ERROR" — found "INFO""#)

        let twice = "{\"m\":1}\n{\"m\":1}\n"
        let deduped = try steps("{ dedupe: { key: '$m', window: '1h' } }", on: twice)
        #expect(deduped.map { $0.map(\.dropped) } == [[], ["the same `m` came less than 3600 s before"]])
        let limited = try steps("{ limit: { key: '$m', per_second: 0.001, burst: 1 } }", on: twice)
        #expect(limited.map { $0.map(\.dropped) } == [[], ["more than 0.001 a second of its `m`"]])
        let sampled = try steps("{ sample: { key: '$m', one_in: 1000000000 } }", on: twice)
        #expect(sampled.map { $0.map(\.dropped) } == Array(repeating: ["not among the 1 in 1000000000 that stay, by `m`"], count: 2))
    }

    @Test func `tell what each step replaced, added and took away`() throws {
        let found = try steps(
            """
            { redact: { patterns: ["email"], fields: ["password"] } }, { rename: { fields: { msg: "message" } } },
            { add: { name: "eu", fields: { region: "eu" } } }, { remove: { fields: ["x"] } },
            { truncate: { fields: ["long"], max_bytes: 3 } }, { drop: { where: { level: "DEBUG" } } }
            """, on: #"{"msg":"to a@example.com","password":"p","x":1,"long":"abcdef"}"#)
        #expect(
            found.map { $0.map(\.replaced) } == [
                [
                    [.init(was: "a@example.com", now: "<redacted>"), .init(was: "p", now: "<redacted>")],
                    [.init(was: "msg", now: "message")], [.init(was: "", now: #","region":"eu""#)], [.init(was: #""x":1,"#, now: "")],
                    [.init(was: "def", now: "")],
                ]
            ])
        #expect(found[0].map(\.transform) == ["0_redact", "1_rename", "eu", "3_remove", "4_truncate"])
        #expect(found[0].allSatisfy { $0.dropped == nil && $0.fields.isEmpty })
    }

    @Test func `tell of fields, metadata, cuts, weights and ways of lines whose text stays`() throws {
        let text = try steps(
            """
            { remove: { fields: ["message"] } }, { add: { fields: { region: "eu" } } }, { truncate: { max_bytes: 3 } },
            { sample: { ratio: 1 } }, { route: { outputs: ["b"], tenant: "t" } }
            """, on: "hello\n", source: 1)
        #expect(text.map { $0.map(\.kind) } == [["remove", "add", "truncate", "route"]])
        #expect(text[0][0].fields == [.init(field: "message", was: "hello")])
        #expect(text[0][1].metadata == #""region":"eu""# && text[0][2].cutTo == 3)
        #expect(text[0][3].outputs == ["b"] && text[0][3].tenant == "t")
        let weighed = try steps("{ sample: { key: '$n', one_in: 2 } }", on: (0..<64).map { "{\"n\":\($0)}\n" }.joined())
        #expect(Set(weighed.map { $0.first?.weight }) == [2, nil])
        #expect(weighed.allSatisfy { $0.count == 1 && ($0[0].weight == nil) == ($0[0].dropped != nil) })
        let astray = try steps("{ route: { tenant: '$who' } }", on: "{}\n")
        #expect(astray.map { $0.map(\.tenant) } == [[""]])
    }

    @Test func `show the whole text of an entry that a step changed or dropped`() throws {
        let configuration = """
            sources: [{ name: "app", include: ["/a"], format: "text", multiline: { start: "^x" } }],
            transforms: [{ redact: { patterns: ["email"] } }, { drop: { where: { message: { matches: "^x2" } } } }],
            outputs: [{ name: "a", type: "directory", path: "/a" }],
            """
        let found = try explanations(of: "x1 a@example.com\n two\nx2\n three\n", configuration)
        #expect(found.map(\.text) == ["x1 a@example.com\n two", "x2\n three"])
        #expect(found.map(\.isTransformed) == [true, false] && found.map(\.filtered) == [false, true])
        #expect(found.map { $0.transforms.map(\.transform) } == [["0_redact"], ["1_drop"]])
    }

    @Test func `show steps in a terminal and as JSON`() throws {
        try withTemporaryDirectory { directory in
            try Self.transforming(#"{ redact: { name: "mail", patterns: ["email"] } }, { drop: { where: { level: "DEBUG" } } }"#)
                .write(toFile: directory + "/f.json5", atomically: false, encoding: .utf8)
            try #"{"m":"a@example.com","level":"DEBUG"}"#.write(toFile: directory + "/sample", atomically: false, encoding: .utf8)
            let arguments = ["explain", "-c", directory + "/f.json5", directory + "/sample"]
            let text = runCommand(arguments).output
            #expect(text.contains("  steps     mail (redact) replaces a@example.com by <redacted>\n"), "\(text)")
            #expect(text.contains("            1_drop drops it: level is \"DEBUG\"\n"), "\(text)")
            let json = runCommand(arguments + ["--json"]).output
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            let steps = try #require(object["transforms"] as? [[String: Any]])
            #expect(steps.map { $0["transform"] as? String } == ["mail", "1_drop"])
            #expect(steps[0]["replaced"] as? [[String: String]] == [["was": "a@example.com", "now": "<redacted>"]])
            #expect(steps[1]["dropped"] as? String == #"level is "DEBUG""# && steps[1]["before_metrics"] as? Bool == false)
        }
    }

    @Test func `are those of the source that is named`() throws {
        let line = try #require(try explanations(of: "hello\n", source: 1).first)
        #expect(line.source == "plain" && line.format == "text" && line.time.from == "reading" && line.time.reason == nil)
        #expect(line.entries.first?.stream == #"{"job":"plain"}"#)
    }

    @Test func `have the fields of the file's path, also behind steps that change the line`() throws {
        let line = try #require(
            try explanations(
                of: #"{"level":"info","mail":"a@b.example"}"# + "\n",
                """
                sources: [{ name: "app", include: ["/logs/*.log"], path_pattern: "/logs/<service>.log",
                  labels: { service: "$service", level: "$level" }, metadata: { from: "$service" } }],
                transforms: [{ redact: { fields: ["mail"] } }, { drop: { where: { service: { not: "app" } } } }],
                metrics: [{ name: "lines_total", type: "counter", where: { service: "app" }, labels: { service: "$service" } }],
                outputs: [{ name: "a", type: "directory", path: "/a" }],
                """
            ).first)
        #expect(line.fields["service"] == "app" && line.fields["level"] == "info" && !line.filtered && line.isTransformed)
        #expect(line.moved == [.init(metric: "lines_total", labels: ["service": "app"], operation: "add", amount: 1)])
        #expect(line.entries.map(\.stream) == [#"{"level":"info","service":"app"}"#])
        #expect(line.entries.first?.entry.hasSuffix(#","{\"level\":\"info\",\"mail\":\"<redacted>\"}",{"from":"app"}]"#) == true)
    }

    @Test func `fit a terminal, and are one object a line as JSON`() throws {
        try withTemporaryDirectory { directory in
            try Self.configuration.write(toFile: directory + "/f.json5", atomically: false, encoding: .utf8)
            try (Self.request + "\nbroken \u{1b}[31m\n").write(toFile: directory + "/sample", atomically: false, encoding: .utf8)
            let arguments = ["explain", "-c", directory + "/f.json5", directory + "/sample"]
            let outcome = runCommand(arguments)
            #expect(outcome.code == .success && outcome.error == "")
            for line in outcome.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
            #expect(!outcome.output.contains("\u{1b}"))
            for part in [
                "line 1", "source app, json", "2026-01-02T03:04:05.5Z, from its field", #"requests_total{method="GET"} +1"#,
                "seconds observes 0.25", #"slow_total: ms > 1000 — found "250""#, "to a, b",
            ] { #expect(outcome.output.contains(part), "\(part) is not in\n\(outcome.output)") }

            let asJSON = runCommand(arguments + ["--json"]).output.split(separator: "\n")
            #expect(asJSON.count == 2)
            let first = try #require(try JSONSerialization.jsonObject(with: Data(asJSON[0].utf8)) as? [String: Any])
            #expect((first["fields"] as? [String: String])?["method"] == "GET")
            #expect(first["is_cut"] as? Bool == false)
            let unknown = runCommand(arguments + ["--source", "ap"])
            #expect(unknown.code == .usage)
            #expect(unknown.error == "There is no source `ap`. Did you mean `app`? Sources: app, plain.\n")
            #expect(runCommand(["explain", "-c", directory + "/f.json5", directory]).code == .failure)
        }
    }

    @Test func `tell whose an entry is: the tenant that a step gave it to, else that of the output`() throws {
        let configuration = #"""
            sources: [{ name: "app", include: ["/logs/*.log"], labels: { job: "app" } }],
            transforms: [{ route: { where: { team: { exists: true } }, tenant: "$team" } }],
            outputs: [{ name: "own", type: "loki", url: "http://127.0.0.1:1/loki/api/v1/push", tenant_id: "ours" },
              { name: "none", type: "loki", url: "http://127.0.0.1:2/loki/api/v1/push" },
              { name: "files", type: "directory", path: "/a" }]
            """#
        let lines = try explanations(of: #"{"team":"red"}"# + "\n" + #"{"m":1}"# + "\n", configuration)
        #expect(lines.map { $0.entries.map(\.tenant) } == [["red"], ["ours", nil]])
        #expect(lines.map { $0.entries.map(\.outputs) } == [[["own", "none", "files"]], [["own"], ["none", "files"]]])
        let layout = ExplanationText(
            terminal: Terminal(
                output: { _ in }, error: { _ in }, outputHasColour: false, errorHasColour: false, errorIsTerminal: false))
        #expect(layout.text(of: lines[0]).contains("to own, none, files, tenant red\n"))
        #expect(layout.text(of: lines[1]).contains("to own, tenant ours\n"))
        #expect(layout.text(of: lines[1]).contains("to none, files\n"))
    }
}
