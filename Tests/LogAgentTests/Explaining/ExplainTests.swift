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
}
