import Foundation
import HTTP
import TestSupport
import Testing

extension IntegrationTests {
    /// Real jobs of `transcode-service`, and what `log-agent` derives from its log.
    struct TranscodeChainTests {
        @Test func `every metric of the requirements has exactly the value that the job store has`() throws {
            try withTemporaryDirectory { directory in
                let setup = ServiceSetup(directory)
                try setup.writeConfiguration()
                let studio = try setup.createKey("studio")
                let trial = try setup.createKey("trial", quota: "10KiB")
                let service = try setup.start()
                var agentSetup = try AgentSetup(directory)
                agentSetup.addDirectoryOutput()
                let agent = try agentSetup.startReady()

                let video = try setup.makeVideo("clip.mp4", seconds: 2)
                var asked = RequestCounts()
                for name in ["one.mp4", "two.mp4"] {
                    #expect(try asked.upload(video, named: name, key: studio, to: service) == 201)
                }
                let noise = [UInt8](repeating: 0, count: 8) + (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 131) }
                #expect(try asked.upload(noise, named: "broken.mp4", key: studio, to: service) == 201)
                #expect(try asked.upload(video, named: "large.mp4", key: trial, to: service) == 413)

                var jobs: [[String: Any]] = []
                try waitUntil("every job to be done", seconds: 120) {
                    jobs = try service.json("/api/v1/jobs", key: studio)["jobs"] as? [[String: Any]] ?? []
                    asked.count("GET", "/api/v1/jobs", 200)
                    return jobs.count == 3 && jobs.allSatisfy { ["completed", "failed"].contains($0["status"] as? String) }
                }
                #expect(try service.json("/api/v1/jobs", key: trial)["jobs"] as? [[String: String]] == [])
                asked.count("GET", "/api/v1/jobs", 200)
                let state = try service.metrics()
                #expect(state["jobs_queued"] == 0 && state["jobs_processing"] == 0)
                #expect(state[#"storage_quota_bytes{api_key="trial"}"#] == 10240)
                let used = jobs.reduce(0) { $0 + Self.storedBytes($1) }
                #expect(state[#"storage_used_bytes{api_key="studio"}"#] == Double(used))
                #expect(state["workers_active"] == 2 && state["worker_tasks_active"] == 0)
                try service.terminate()

                let lines = try allLines(of: setup.logs)
                try agent.waitUntilDelivered(lines: lines.count)
                try expectExact(agent.metrics(), jobs, asked)
                try agent.terminate()

                let failed = try #require(jobs.first { $0["status"] as? String == "failed" })
                #expect((failed["failure"] as? [String: Any])?["type"] as? String == "probe")
                try Self.expectTrace(of: failed["id"] as? String ?? "", lines: lines, spans: setup.spans)
            }
        }

        @Test func `the service runs until it is asked to stop, whatever it logs`() throws {
            try withTemporaryDirectory { directory in
                var setup = ServiceSetup(directory)
                setup.level = "ERROR"
                try setup.writeConfiguration()
                let service = try setup.start()
                for _ in 0..<3 { #expect(try service.request(.get, "/healthz").status == 200) }
                #expect(service.process.isRunning)
                try service.terminate()
            }
        }

        private func expectExact(_ metrics: MetricsText, _ jobs: [[String: Any]], _ asked: RequestCounts) {
            let completed = jobs.filter { $0["status"] as? String == "completed" }
            #expect(completed.count == 2)
            #expect(metrics["jobs_created_total"] == 3)
            #expect(metrics["jobs_completed_total"] == 2)
            #expect(metrics[#"jobs_failed_total{error_type="probe"}"#] == 1)
            for (status, count) in [("queued", 3.0), ("processing", 3), ("completed", 2), ("failed", 1)] {
                #expect(metrics["jobs_total{status=\"\(status)\"}"] == count, "\(status)")
            }
            #expect(metrics["job_queue_time_seconds_count"] == 3)
            #expect(metrics["job_processing_duration_seconds_count"] == 2)
            #expect(metrics[#"job_processing_duration_seconds_bucket{le="14400.0"}"#] == 2)
            for resolution in ["360p", "720p"] {
                let outputs = completed.flatMap { $0["outputs"] as? [[String: Any]] ?? [] }.filter {
                    $0["resolution"] as? String == resolution
                }
                let label = "{resolution=\"\(resolution)\"}"
                func sum(_ name: String) -> Double { outputs.reduce(0) { $0 + ($1[name] as? Double ?? .nan) } }
                #expect(outputs.count == 2)
                #expect(metrics["video_transcoded_bytes_total" + label] == sum("bytes"))
                #expect(metrics["video_transcode_duration_seconds_count" + label] == 2)
                #expect(isNear(metrics["video_transcode_duration_seconds_sum" + label], sum("transcode_seconds")))
                #expect(metrics["video_compression_ratio_count" + label] == 2)
                #expect(isNear(metrics["video_compression_ratio_sum" + label], sum("compression_ratio")))
            }
            #expect(metrics[#"transcription_duration_seconds_count{whisper_model="base"}"#] == 2)
            #expect(metrics["transcription_word_count_count"] == 2)
            #expect(metrics["transcription_word_count_sum"] == Double(2 * (ServiceSetup.words.count + 1)))
            for (request, count) in asked.counts {
                let labels = [("method", request.method), ("endpoint", request.endpoint), ("status", "\(request.status)")]
                #expect(metrics[MetricsText.series("api_requests_total", labels)] == Double(count), "\(request)")
            }
            let timed = asked.counts.filter { $0.key.endpoint == "/api/v1/jobs" && $0.key.method == "POST" }.values.reduce(0, +)
            let labels = [("method", "POST"), ("endpoint", "/api/v1/jobs")]
            #expect(metrics[MetricsText.series("api_request_duration_seconds_count", labels)] == Double(timed))
        }

        private func isNear(_ value: Double?, _ expected: Double) -> Bool {
            value.map { abs($0 - expected) < 1e-4 } ?? false
        }

        private static func storedBytes(_ job: [String: Any]) -> Int {
            let outputs = job["outputs"] as? [[String: Any]] ?? []
            let transcript = job["transcript"] as? [String: Any] ?? [:]
            return (job["input_bytes"] as? Int ?? 0) + outputs.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
                + (transcript["bytes"] as? Int ?? 0)
        }

        /// The line of the failure leads to a trace that begins with the request.
        private static func expectTrace(of job: String, lines: [String], spans: String) throws {
            let events = lines.compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
            #expect(events.count == lines.count, "every line is a JSON object")
            let failure = try #require(events.first { $0["event"] as? String == "job.failed" && $0["job_id"] as? String == job })
            let trace = try #require(failure["trace_id"] as? String)
            var names: [String] = []
            for line in try String(contentsOfFile: spans, encoding: .utf8).split(separator: "\n") {
                let request = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
                for resource in request["resourceSpans"] as? [[String: Any]] ?? [] {
                    for scope in resource["scopeSpans"] as? [[String: Any]] ?? [] {
                        for span in scope["spans"] as? [[String: Any]] ?? [] where span["traceId"] as? String == trace {
                            names.append(span["name"] as? String ?? "")
                        }
                    }
                }
            }
            #expect(names.contains("POST /api/v1/jobs"), "\(names)")
            #expect(names.count >= 3, "\(names)")
        }
    }
}

/// How often each kind of request was sent.
private struct RequestCounts {
    struct Request: Hashable {
        var method: String
        var endpoint: String
        var status: Int
    }

    private(set) var counts: [Request: Int] = [:]

    mutating func count(_ method: String, _ endpoint: String, _ status: Int) {
        counts[Request(method: method, endpoint: endpoint, status: status), default: 0] += 1
    }

    mutating func upload(_ content: [UInt8], named name: String, key: String, to service: ServiceProcess) throws -> Int {
        let status = try service.request(
            .post, "/api/v1/jobs", key: key,
            headers: ["Content-Type": "application/octet-stream", "Content-Disposition": "attachment; filename=\"\(name)\""], body: content
        ).status
        count("POST", "/api/v1/jobs", status)
        return status
    }
}

/// A directory with the configuration and files of one `transcode-service`.
struct ServiceSetup {
    /// What its transcriber hears in everything, before the path of the input.
    static let words = ["it", "was", "a", "dark", "and", "stormy", "night"]

    let directory: String
    var level = "INFO"

    init(_ directory: String) { self.directory = directory }

    var logs: String { directory + "/logs" }
    var spans: String { directory + "/spans.jsonl" }
    private var socket: String { directory + "/api.sock" }
    private var configurationPath: String { directory + "/transcode-service.json5" }

    func writeConfiguration() throws {
        try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
        let words = Self.words.map { "\"\($0)\"" }.joined(separator: ", ")
        try """
        listen: "unix:\(socket)",
        data_dir: "\(directory)/service",
        log: { level: "\(level)", stdout: false, file: "\(logs)/transcode.log" },
        spans: { file: "\(spans)" },
        transcriber: { command: ["echo", \(words), "{input}"], model: "base" },
        """.write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    func start() throws -> ServiceProcess {
        try ServiceProcess(configuration: configurationPath, socket: socket, logPath: directory + "/transcode-service.err")
    }

    /// The text of a new key.
    func createKey(_ name: String, quota: String? = nil) throws -> String {
        let program = BuiltProducts.path(of: "transcode-service")
        let arguments = ["keys", "create", "--config", configurationPath, "--name", name] + (quota.map { ["--quota", $0] } ?? [])
        let result = try ChildProcess.run([program] + arguments, in: directory)
        guard result.ending == .exited(0), let key = result.output.split(whereSeparator: \.isWhitespace).last else {
            throw ChildProcess.Failed(description: "keys create: \(result.ending) \(result.error)")
        }
        return String(key)
    }

    /// ffmpeg's test picture and a tone.
    func makeVideo(_ name: String, seconds: Int) throws -> [UInt8] {
        let path = directory + "/" + name
        let result = try ChildProcess.run(
            [
                "ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=\(seconds)",
                "-f", "lavfi", "-i", "sine=frequency=440:duration=\(seconds)", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
                "yuv420p", "-c:a", "aac", path,
            ], in: directory)
        guard result.ending == .exited(0), let content = FileManager.default.contents(atPath: path) else {
            throw ChildProcess.Failed(description: "ffmpeg: \(result.ending) \(result.error)")
        }
        return Array(content)
    }
}
