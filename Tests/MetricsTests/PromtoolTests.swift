import Foundation
import TestSupport
import Testing

@testable import Metrics

/// What Prometheus' own tool says of our texts (Debian package `prometheus`).
@Suite struct PromtoolTests {
    private struct Answer {
        var status: Int32
        var output: String
    }

    private func promtool(_ arguments: [String], input: String, in directory: String) throws -> Answer {
        let inputPath = directory + "/input"
        let outputPath = directory + "/output"
        try input.write(toFile: inputPath, atomically: false, encoding: .utf8)
        try "".write(toFile: outputPath, atomically: false, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: inputPath))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        return Answer(status: process.terminationStatus, output: try String(contentsOfFile: outputPath, encoding: .utf8))
    }

    /// All kinds, odd labels, an overflow, and own metrics behind.
    private func everything(as format: ExpositionFormat) throws -> String {
        let table = try sampleTable()
        let limited = try table.declare(
            FamilyDefinition(name: "users_total", help: "Users.", kind: .counter, labelNames: ["user"], maximumSeries: 1),
            now: someTime)
        for user in ["a\rb\tc", "d"] { withKey([user]) { _ = limited.add(1e300, to: $0, now: someTime) } }
        // The first writes samples called jobs_created, which is the second's family in OpenMetrics.
        _ = try table.declare(FamilyDefinition(name: "jobs_total", help: "Jobs.", kind: .counter), now: someTime)
        _ = try table.declare(FamilyDefinition(name: "jobs_created_total", help: "Jobs made.", kind: .counter), now: someTime)
        let offset = try table.declare(
            FamilyDefinition(name: "offset_seconds", help: "Offset.", kind: .histogram(bounds: [-1, 0, 1e-5])), now: someTime)
        withKey([]) { _ = offset.observe(-0.5, in: $0, now: someTime) }
        let registry = MetricRegistry(startedAt: someTime)
        try registry.counter("log_agent_read_lines_total", help: "Lines read.", labels: ["source": "a"]).increment()
        try registry.histogram("log_agent_batch_bytes", help: "Bytes of a batch.", bounds: [1e3, 1e6]).observe(2e3)
        try registry.collectGauge("log_agent_build_info", help: "Version.", labels: ["version"]) { $0.append(1, "1.0") }
        var capture = SeriesCapture()
        table.capture(into: &capture)
        var writer = ExpositionWriter(format: format)
        writer.append(registry)
        writer.append(capture)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    @Test func `promtool finds no fault with the text of Prometheus`() throws {
        try withTemporaryDirectory { directory in
            let answer = try promtool(["check", "metrics"], input: everything(as: .prometheusText), in: directory)
            #expect(answer.status == 0)
            #expect(answer.output == "")
        }
    }

    @Test func `promtool refuses a broken text, so its silence means something`() throws {
        try withTemporaryDirectory { directory in
            let broken = try everything(as: .prometheusText).replacing("users_total{", with: "users_total{{")
            #expect(try promtool(["check", "metrics"], input: broken, in: directory).status == 1)
        }
    }

    @Test func `Prometheus' strict parser takes our OpenMetrics`() throws {
        try withTemporaryDirectory { directory in
            // A block needs a time for each sample; an exposition has none, so they are added here.
            let text = try everything(as: .openMetrics).split(separator: "\n").map { line in
                if line.hasPrefix("#") { return String(line) }
                guard let exemplar = line.range(of: " # {") else { return line + " 1700000000" }
                return line[..<exemplar.lowerBound] + " 1700000000" + line[exemplar.lowerBound...]
            }.joined(separator: "\n")
            try text.write(toFile: directory + "/metrics.om", atomically: false, encoding: .utf8)
            let command = ["tsdb", "create-blocks-from", "openmetrics", directory + "/metrics.om", directory + "/data"]
            let answer = try promtool(command, input: "", in: directory)
            #expect(answer.status == 0, "\(answer.output)")

            try text.replacing("\n# EOF", with: "").write(toFile: directory + "/metrics.om", atomically: false, encoding: .utf8)
            #expect(try promtool(command, input: "", in: directory).status == 1)
        }
    }
}
