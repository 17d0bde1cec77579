import Configuration
import Foundation
import Testing

@testable import LogAgent

@Suite struct `Shipped configurations` {
    private func text(_ path: String) throws -> String { try String(contentsOfFile: shippedConfigurations + "/" + path, encoding: .utf8) }

    @Test func `are the built-in ones`() throws {
        // Where this fails, copy the changed text to the other place.
        #expect(try EmbeddedConfiguration.configuration == text("log-agent.json5"))
        for (name, recipe) in EmbeddedConfiguration.recipes { #expect(try recipe == text("recipes/\(name).json5")) }
        let files = try FileManager.default.contentsOfDirectory(atPath: shippedConfigurations + "/recipes")
        #expect(Set(files) == Set(EmbeddedConfiguration.recipes.keys.map { $0 + ".json5" }))
    }

    @Test func `load without a warning`() throws {
        let path = shippedConfigurations + "/log-agent.json5"
        let fromFile = try LogAgentSettings.load(path, environment: { _ in nil })
        let builtIn = try LogAgentSettings.load(nil, environment: { _ in nil })
        #expect(fromFile.warnings == [] && builtIn.warnings == [])
        #expect(fromFile.settings == builtIn.settings)
        #expect(fromFile.files == [path, shippedConfigurations + "/recipes/transcode.json5"])
        #expect(builtIn.files == ["built-in configuration", "built-in recipe transcode"])
        #expect(builtIn.settings.sources.map(\.include) == [["/data/logs/*.log"]])
        #expect(builtIn.settings.outputs == [OutputSettings.local(path: "/var/lib/tailspan/logs")])
    }

    @Test func `take their places from the environment`() throws {
        let environment = ["TAILSPAN_LOGS": "/l", "TAILSPAN_DATA": "/d", "TAILSPAN_LISTEN": "127.0.0.1:0"]
        let settings = try LogAgentSettings.load(nil, environment: { environment[$0] }).settings
        #expect(settings.sources[0].include == ["/l/*.log"])
        #expect(settings.dataDirectory == "/d/log-agent")
        #expect(settings.outputs == [OutputSettings.local(path: "/d/logs")])
        #expect(settings.server.listen == "127.0.0.1:0")
    }

    @Test func `hold an example for each program, which loads without a warning`() throws {
        let directory = shippedConfigurations + "/examples"
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".json5") }
        #expect(names.count >= 7)
        for name in names {
            let loaded = try LogAgentSettings.load(directory + "/" + name, environment: { _ in nil })
            #expect(loaded.warnings == [], "\(name)")
            #expect(!loaded.settings.metrics.isEmpty, "\(name)")
        }
    }

    /// Every recipe that lies there is one that loads.
    @Test func `hold recipes that load`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: shippedConfigurations + "/recipes").filter {
            $0.hasSuffix(".json5")
        }
        #expect(!names.isEmpty)
        for name in names {
            #expect(
                told(about: "sources: [{ name: 'a', include: '/a' }], recipes: 'recipes/\(name)'", directory: shippedConfigurations) == [])
        }
    }

    /// Name, labels, where its values come from and buckets of each family in `monitoring-observability.md` that log lines make.
    @Test func `derive what is required of transcode-service`() throws {
        let metrics = try LogAgentSettings.load(nil, environment: { _ in nil }).settings.metrics
        let found = metrics.map { metric in
            let value =
                switch metric.kind {
                case .counter(let value): "counter \(value.map { "\($0)" } ?? "1")"
                case .gauge: "gauge"
                case .histogram(let value, let buckets): "histogram \(value) \(buckets)"
                }
            let events = metric.conditions.map { "\($0.field) \($0.test)" }.joined(separator: ", ")
            return "\(metric.name)\(metric.labels.map(\.name)) \(value) × \(metric.scale) of \(events)"
        }
        #expect(
            found == [
                #"api_requests_total["endpoint", "method", "status"] counter 1 × 1.0 of event isOneOf(["http.request"])"#,
                #"api_request_duration_seconds["endpoint", "method"] histogram field("duration_ms") [0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0]"#
                    + #" × 0.001 of event isOneOf(["http.request"])"#,
                #"jobs_total["status"] counter 1 × 1.0 of event isOneOf(["job.created", "job.started", "job.completed", "job.failed","#
                    + #" "job.cancelled"])"#,
                #"jobs_created_total[] counter 1 × 1.0 of event isOneOf(["job.created"])"#,
                #"jobs_completed_total[] counter 1 × 1.0 of event isOneOf(["job.completed"])"#,
                #"jobs_failed_total["error_type"] counter 1 × 1.0 of event isOneOf(["job.failed"])"#,
                #"job_processing_duration_seconds[] histogram field("processing_duration_seconds")"#
                    + #" [60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0] × 1.0 of event isOneOf(["job.completed"])"#,
                #"job_queue_time_seconds[] histogram field("queue_time_seconds") [1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0]"#
                    + #" × 1.0 of event isOneOf(["job.started"])"#,
                #"video_transcode_duration_seconds["resolution"] histogram field("duration_seconds")"#
                    + #" [30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0] × 1.0 of event isOneOf(["transcode.finished"])"#,
                #"video_transcoded_bytes_total["resolution"] counter field("output_bytes") × 1.0 of event isOneOf(["transcode.finished"])"#,
                #"video_compression_ratio["resolution"] histogram field("compression_ratio")"#
                    + #" [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0] × 1.0 of event isOneOf(["transcode.finished"])"#,
                #"transcription_duration_seconds["whisper_model"] histogram field("duration_seconds")"#
                    + #" [30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0] × 1.0 of event isOneOf(["transcription.finished"])"#,
                #"transcription_word_count[] histogram field("word_count") [100.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0]"#
                    + #" × 1.0 of event isOneOf(["transcription.finished"])"#,
            ])
        #expect(metrics.allSatisfy { !$0.help.isEmpty })
    }

    @Test func `never crash the loader, whatever is changed in them`() throws {
        let original = Array(EmbeddedConfiguration.configuration.utf8)
        let recipe = Array(EmbeddedConfiguration.transcodeRecipe.utf8)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "'", "\\", "null", "-1", "1e308", "${X}", "$", "true", "{}", "[]", "//", "/*", "\n", "1",
        ]
        var random = SplitMix(state: 2)
        for round in 0..<300 {
            var bytes = round.isMultiple(of: 3) ? recipe : original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, start + Int.random(in: 0...8, using: &random))
                bytes.replaceSubrange(start..<end, with: Array((pieces.randomElement(using: &random) ?? "").utf8))
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let problems = ConfigurationProblems()
            let file = ConfigurationFile(text, name: "f", directory: shippedConfigurations, problems: problems)
            do {
                _ = try LogAgentSettings.load(file, environment: { _ in nil }, problems: problems)
            } catch {
                #expect(error.problems.contains { $0.severity == .error }, "\(text)")
            }
        }
    }
}

/// A small generator with a seed, so that a failure can be seen again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
