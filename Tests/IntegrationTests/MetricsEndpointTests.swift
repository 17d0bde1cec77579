import Foundation
import HTTP
import TestSupport
import Testing

extension IntegrationTests {
    /// The tests that the requirements name, and what scrapers and people ask of the admin address.
    struct MetricsEndpointTests {
        private func withAgent(_ body: (AgentProcess, AgentSetup) throws -> Void) throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                let agent = try setup.startReady()
                try body(agent, setup)
            }
        }

        @Test func test_metrics_endpoint() throws {
            try withAgent { agent, setup in
                var events = TranscodeEvents()
                try append(
                    events.event(#""event":"http.request","method":"GET","endpoint":"/api/v1/jobs","status":200,"duration_ms":3"#) + "\n",
                    to: setup.log("app.log"))
                try agent.waitFor(#"api_requests_total{endpoint="/api/v1/jobs",method="GET",status="200"}"#, toBe: 1)
                let response = try agent.request("/metrics")
                #expect(response.status == 200)
                #expect(response.headers.first("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
                #expect(response.bodyText.contains("api_requests_total"))
                #expect(response.bodyText.contains("jobs_total"))
            }
        }

        @Test func test_job_metrics_incremented() throws {
            try withAgent { agent, setup in
                var events = TranscodeEvents()
                #expect(try agent.metrics()["jobs_created_total"] == 0)
                let log = setup.log("app.log")
                try append(events.event(#""event":"job.created","status":"queued","job_id":"a""#) + "\n", to: log)
                try agent.waitFor("jobs_created_total", toBe: 1)
                try append(events.event(#""event":"job.created","status":"queued","job_id":"b""#) + "\n", to: log)
                try agent.waitFor("jobs_created_total", toBe: 2)
                #expect(try agent.metrics()[#"jobs_total{status="queued"}"#] == 2)
                #expect(try agent.metrics()[#"jobs_total{status="failed"}"#] == 0)
            }
        }

        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool"), "promtool comes with Debian's prometheus"))
        func `promtool finds nothing to say about a live scrape`() throws {
            try withAgent { agent, setup in
                var events = TranscodeEvents()
                try append((0..<500).map { _ in events.next() + "\n" }.joined(), to: setup.log("app.log"))
                try agent.waitUntilDelivered(lines: 500)
                let path = setup.directory + "/metrics.txt"
                try Data(agent.request("/metrics").body).write(to: URL(fileURLWithPath: path))
                let result = try ChildProcess.run(["/bin/sh", "-c", "promtool check metrics <\(path)"], in: setup.directory)
                #expect(result.ending == .exited(0), "\(result.output)\(result.error)")
                #expect(result.output + result.error == "")
            }
        }

        @Test func `OpenMetrics has exemplars, creation times and an end`() throws {
            try withAgent { agent, setup in
                var events = TranscodeEvents()
                try append(
                    events.event(
                        #""event":"transcode.finished","resolution":"720p","duration_seconds":45.5,"output_bytes":9,"compression_ratio":0.3"#
                    )
                        + "\n", to: setup.log("app.log"))
                try agent.waitFor(#"video_transcode_duration_seconds_count{resolution="720p"}"#, toBe: 1)
                let response = try agent.request("/metrics", headers: ["Accept": "application/openmetrics-text; version=1.0.0"])
                #expect(response.headers.first("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
                let text = response.bodyText
                #expect(text.hasSuffix("\n# EOF\n"))
                let id = TranscodeEvents.hex(1)
                let bucket = text.split(separator: "\n").first {
                    $0.hasPrefix("video_transcode_duration_seconds_bucket") && $0.contains(#"resolution="720p""#)
                        && $0.contains(#"le="60.0""#)
                }
                #expect(bucket?.contains(##"} 1 # {trace_id="\##(id)"} 45.5 "##) == true, "\(bucket ?? "no bucket")")
                let metrics = try MetricsText(text)
                let created = metrics[#"video_transcode_duration_seconds_created{resolution="720p"}"#] ?? 0
                #expect(abs(created - Date().timeIntervalSince1970) < 300)
                #expect(!(try agent.request("/metrics").bodyText.contains("trace_id")))
            }
        }
    }

    struct AdminEndpointTests {
        @Test func `the admin address answers what it has, and says what it has not`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                var events = TranscodeEvents()
                try append((0..<20).map { _ in events.next() + "\n" }.joined(), to: setup.log("app.log"))
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: 20)
                #expect(try agent.request("/healthz").status == 200)
                #expect(try agent.request("/ready").bodyText == "ready\n")
                #expect(try agent.request("/nothing").status == 404)
                let refused = try agent.request("/metrics", method: .post)
                #expect(refused.status == 405)
                #expect(refused.headers.first("Allow") == "GET, HEAD")
                let head = try agent.request("/metrics", method: .head)
                #expect(head.status == 200 && head.body.isEmpty)

                let status = try agent.json("/api/v1/status")
                let source = (status["sources"] as? [[String: Any]])?.first ?? [:]
                #expect(source["name"] as? String == "transcode")
                #expect(source["lines_read"] as? Int == 20)
                #expect(status["catching_up"] as? Bool == false)
                let output = (status["outputs"] as? [[String: Any]])?.first ?? [:]
                #expect(output["healthy"] as? Bool == true)
                #expect(output["pending_lines"] as? Int == 0)

                let ledger = try agent.json("/api/v1/ledger")
                let file = (ledger["files"] as? [[String: Any]])?.first ?? [:]
                #expect(file["path"] as? String == setup.log("app.log"))
                #expect((file["read"] as? [String: Any])?["lines"] as? Int == 20)
                #expect(try agent.ledgerTotals() == ["local": LedgerTotal(read: 20, delivered: 20)])
            }
        }

        @Test func `nothing is ready, and no derived metric shown, before the files are read`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                var events = TranscodeEvents()
                var text = ""
                for _ in 0..<20_000 { text += events.next() + "\n" }
                try append(text, to: setup.log("app.log"))
                let agent = try setup.start()
                var early = 0
                try waitUntil("/ready to be 200") {
                    // Asked before readiness: what is withheld now was withheld then.
                    let metrics = try agent.metrics()
                    let ready = try agent.request("/ready")
                    if ready.status == 503 {
                        early += 1
                        #expect(ready.bodyText.hasPrefix("catching up"))
                        #expect(metrics["log_agent_catching_up"] == 1)
                        #expect(!metrics.samples.keys.contains(where: EventCount.isDerived))
                    }
                    return ready.status == 200
                }
                #expect(early > 0)
                #expect(EventCount(try allLines(of: setup.logs)).differences(from: try agent.metrics()) == [])
            }
        }

        @Test func `with a token, nobody gets anything without it`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                let token = directory + "/token"
                try "s3cret-of-the-test\n".write(toFile: token, atomically: true, encoding: .utf8)
                chmod(token, 0o600)
                setup.server = #"bearer_token_file: "\#(token)""#
                let agent = try setup.start()
                for target in ["/metrics", "/ready", "/api/v1/status", "/api/v1/ledger"] {
                    #expect(try agent.request(target).status == 401)
                    #expect(try agent.request(target, headers: ["Authorization": "Bearer wrong"]).status == 401)
                    #expect(try agent.request(target, headers: ["Authorization": "Bearer s3cret-of-the-test"]).status != 401)
                }
                #expect(!agent.process.errorText.contains("s3cret"))
            }
        }
    }
}
