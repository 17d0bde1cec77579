import Configuration
import Foundation
import TestSupport
import Testing

@testable import TranscodeService

struct ServiceSettingsTests {
    private func load(
        _ text: String, directory: String = "/nowhere", environment: [String: String] = [:]
    ) throws(ConfigurationError) -> LoadedSettings {
        let problems = ConfigurationProblems()
        let file = ConfigurationFile(text, name: "f", directory: directory, problems: problems)
        return try ServiceSettings.load(file, environment: { environment[$0] }, problems: problems)
    }

    /// Everything that is told about it: `line: message | hint`.
    private func told(about text: String, directory: String = "/nowhere") -> [String] {
        let problems: [ConfigurationProblem]
        do { problems = try load(text, directory: directory).warnings } catch { problems = error.problems }
        return problems.map { problem in
            "\(problem.position.map { "\($0.line)" } ?? "-"): \(problem.message)" + (problem.hint.map { " | \($0)" } ?? "")
        }
    }

    @Test func `the built-in configuration is the shipped one, and has the defaults`() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../config/transcode-service.json5")
            .standardized.path
        #expect(try EmbeddedConfiguration.text == String(contentsOfFile: path, encoding: .utf8))
        let loaded = try ServiceSettings.load(nil) { _ in nil }
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.settings == ServiceSettings(listen: "127.0.0.1:8000", dataDirectory: "/var/lib/tailspan/transcode-service"))
        #expect(try load("").settings == loaded.settings)
        #expect(try ServiceSettings.load(nil) { $0 == "TAILSPAN_DATA" ? "/data" : nil }.settings.dataDirectory == "/data/transcode-service")
    }

    @Test func `every setting is read`() throws {
        try withTemporaryDirectory { (directory) throws in
            try "secret\n".write(toFile: "\(directory)/token", atomically: true, encoding: .utf8)
            chmod("\(directory)/token", 0o600)
            let loaded = try load(
                """
                listen: "unix:/run/s.sock", data_dir: "/data/", database_url: "postgresql://u:${PASSWORD}@h/d", admin_token_file: "token",
                log: { level: "DEBUG", stdout: false, file: "/log" },
                spans: { file: "/spans", otlp_endpoint: "http://127.0.0.1:4318", sample_ratio: 0.25 },
                workers: { count: 3, ffmpeg: "/opt/ffmpeg", ffprobe: "probe", timeout: "10m", resolutions: ["720p"] },
                transcriber: { command: ["whisper", "{input}"], model: "small" }, limits: { upload_bytes: "5MiB" }
                """, directory: directory, environment: ["PASSWORD": "p"])
            #expect(loaded.warnings.isEmpty)
            var expected = ServiceSettings(
                listen: "unix:/run/s.sock", dataDirectory: "/data", databaseURL: Secret(value: "postgresql://u:p@h/d"),
                adminToken: Secret(value: "secret"), log: LogSettings(level: .debug, toStandardOutput: false, file: "/log"),
                spans: SpanSettings(file: "/spans", endpoint: "http://127.0.0.1:4318", sampleRatio: 0.25),
                limits: LimitSettings(uploadBytes: 5 << 20))
            (expected.workers.count, expected.workers.ffmpeg, expected.workers.ffprobe) = (3, "/opt/ffmpeg", "probe")
            (expected.workers.timeoutNanoseconds, expected.workers.resolutions) = (600_000_000_000, [.p720])
            expected.workers.transcriber = WorkerSettings.Transcriber(command: ["whisper", "{input}"], model: "small")
            #expect(loaded.settings == expected)
        }
    }

    @Test func `all errors are told at once, with their places`() {
        let told = told(
            about: """
                listen: "8000",
                data_dir: "data",
                database_url: "mysql://u:hidden@h",
                admin_token: "x",
                log: { level: "LOUD", colour: true },
                spans: { otlp_endpoint: "ftp://x", sample_ratio: 2 },
                workers: { count: -1, ffmpeg: "", timeout: 5, resolutions: ["360p", "4k"] },
                transcriber: { command: ["whisper"] },
                limits: { upload_bytes: "1B" },
                upload: 1,
                """)
        #expect(told.map { $0.prefix { $0 != ":" } } == ["1", "2", "3", "4", "5", "5", "6", "6", "7", "7", "7", "7", "8", "8", "9", "10"])
        #expect(told.allSatisfy { !$0.contains("hidden") })
        #expect(told.contains { $0.contains("`log.level`") && $0.contains("\"DEBUG\"") })
        #expect(told.contains { $0.contains("{input}") })
        #expect(told.contains { $0.contains("admin_token_file") })
    }

    @Test func `resolutions are named once, and there is one`() {
        #expect(told(about: "workers: { resolutions: [] }").count == 1)
        #expect(
            told(about: "workers: { resolutions: [\"360p\", \"360p\"] }") == [
                "1: `workers.resolutions[1]` is there twice; name each resolution once."
            ])
    }

    @Test func `what looks odd is a warning`() {
        #expect(told(about: "listen: \"0.0.0.0:8000\"").first?.contains("without encryption") == true)
        #expect(told(about: "log: { stdout: false }").first?.contains("writes nowhere") == true)
        #expect(told(about: "workers: { count: 0 }").first?.contains("wait for ever") == true)
    }
}
