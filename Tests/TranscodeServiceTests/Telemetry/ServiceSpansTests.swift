import Foundation
import HTTP
import JobStore
import OTLP
import TestSupport
import Testing
import Tracing

@testable import TranscodeService

/// A store that can't be reached.
private final class LostJobStore: JobStoring {
    private let error = JobStoreError.unavailable("gone")
    func add(_ key: APIKey) throws(JobStoreError) { throw error }
    func keys() throws(JobStoreError) -> [APIKey] { throw error }
    func key(hash: [UInt8]) throws(JobStoreError) -> APIKey? { throw error }
    func removeKey(id: String) throws(JobStoreError) -> Bool { throw error }
    func create(_ job: Job) throws(JobStoreError) { throw .quotaExceeded(usedBytes: 1, quotaBytes: 1) }
    func job(id: String) throws(JobStoreError) -> Job? {
        ServiceTelemetry.statement("job.get", text: " select $1", startUnixNano: 5, durationNanoseconds: 3, rows: 1)
        return nil
    }
    func jobs(_ query: JobQuery) throws(JobStoreError) -> [Job] { throw error }
    func cancel(id: String, now: UInt64) throws(JobStoreError) -> Job? { throw error }
    func remove(id: String) throws(JobStoreError) -> Bool { throw error }
    func usage(of key: APIKey) throws(JobStoreError) -> StorageUsage { throw error }
    func claim(worker: String, now: UInt64, leaseNanoseconds: UInt64) throws(JobStoreError) -> Job? { throw error }
    func renew(
        _ id: String, worker: String, now: UInt64, leaseNanoseconds: UInt64, progress: Double
    ) throws(JobStoreError) -> LeaseState { throw error }
    func finish(_ job: Job, worker: String) throws(JobStoreError) -> Bool { throw error }
    func waitForWork(upTo nanoseconds: UInt64) {}
    func wakeWaiting() {}
    func counts() throws(JobStoreError) -> JobCounts { throw error }
    func usages() throws(JobStoreError) -> [StorageUsage] { throw error }
    func check() throws(JobStoreError) { throw error }
    func close() {}
}

@Suite struct `The service's spans` {
    private func recorded(_ body: (ServiceTelemetry) throws -> Void) throws -> TelemetryRecorder {
        try withTemporaryDirectory { directory in
            let recorder = try TelemetryRecorder(in: directory)
            try body(recorder.telemetry)
            return recorder
        }
    }

    @Test func `of a request follow the conventions for HTTP`() throws {
        let recorder = try recorded { telemetry in
            let span = telemetry.requestSpan(
                method: .get, path: "/api/v1/jobs/7",
                headers: [
                    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Host": "h:8000", "User-Agent": "curl",
                    "X-API-Key": "secret", "Authorization": "Bearer secret",
                ])
            telemetry.end(span, method: .get, route: "/api/v1/jobs/{id}", status: 404)
        }
        let span = try #require(recorder.span("GET /api/v1/jobs/{id}"))
        #expect(span.kind == .server && span.status == .unset)
        #expect(span.traceID.description == "0af7651916cd43dd8448eb211c80319c" && span.parentSpanID?.description == "b7ad6b7169203331")
        #expect(
            span.attributes == [
                "http.request.method": "GET", "url.path": "/api/v1/jobs/7", "url.scheme": "http", "network.protocol.version": "1.1",
                "user_agent.original": "curl", "server.address": "h", "server.port": 8000, "http.route": "/api/v1/jobs/{id}",
                "http.response.status_code": 404,
            ])
    }

    @Test func `of a request that fails have the error`() throws {
        let recorder = try recorded { telemetry in
            let span = telemetry.requestSpan(method: HTTPMethod(rawValue: "BREW"), path: "/", headers: [:])
            telemetry.end(span, method: HTTPMethod(rawValue: "BREW"), route: nil, status: 503, error: JobStoreError.unavailable("gone"))
        }
        let span = try #require(recorder.span("_OTHER"))
        #expect(span.attributes["http.request.method_original"] == "BREW" && span.attributes["error.type"] == "503")
        #expect(span.status == .error("the job store can't be reached: gone") && span.events.map(\.name) == ["exception"])
    }

    @Test func `of a job are one trace from its request on`() throws {
        var job = Job(
            id: "j", keyID: "k", keyName: "studio", fileName: "a", inputBytes: 5, createdAt: 1000,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "vendor=a")
        job.startedAt = 3000
        job.attempts = 1
        let recorder = try recorded { telemetry in
            let span = telemetry.jobSpan(job, worker: "w")
            let transcode = telemetry.transcodeSpan("360p", in: span)
            let command = telemetry.commandSpan(["/usr/bin/ffmpeg", "-i", "in"], in: transcode)
            telemetry.end(command, exitCode: 1)
            transcode.end()
            var failed = job
            failed.status = .failed
            failed.failure = JobFailure(kind: .transcode, message: "no")
            telemetry.note(failed, in: span)
            span.end()
        }
        let wait = try #require(recorder.span("queue wait"))
        let process = try #require(recorder.span("process job"))
        let transcode = try #require(recorder.span("transcode 360p"))
        let command = try #require(recorder.span("ffmpeg"))
        #expect(Set(recorder.spans.map(\.traceID.description)) == ["0af7651916cd43dd8448eb211c80319c"])
        #expect(recorder.spans.allSatisfy { $0.traceState == "vendor=a" })
        #expect(wait.parentSpanID?.description == "b7ad6b7169203331" && process.parentSpanID == wait.parentSpanID)
        #expect(wait.startTimeUnixNano == 1000 && wait.endTimeUnixNano == 3000)
        #expect(transcode.parentSpanID == process.spanID && command.parentSpanID == transcode.spanID)
        #expect(process.kind == .consumer && process.status == .error("no") && process.attributes["error.type"] == "transcode")
        #expect(process.attributes["job.status"] == "failed")
        #expect(command.attributes["process.exit.code"] == 1 && command.attributes["error.type"] == "exit 1")
        #expect(command.attributes["process.command_args"] == .strings(["/usr/bin/ffmpeg", "-i", "in"]))
    }

    @Test(arguments: [nil, "nonsense"])
    func `of a job without a valid parent are one new trace`(traceparent: String?) throws {
        let job = Job(id: "j", keyID: "k", keyName: "s", fileName: "a", inputBytes: 5, createdAt: 1000, traceparent: traceparent)
        let recorder = try recorded { $0.jobSpan(job, worker: "w").end() }
        #expect(recorder.spans.count == 2 && Set(recorder.spans.map(\.traceID)).count == 1)
    }

    @Test func `of the job store are below the one they are called for, with their statements`() throws {
        let recorder = try recorded { telemetry in
            let root = telemetry.tracer.span("root")
            let store = telemetry.store(LostJobStore(), system: .postgresql, in: root)
            let found = try store.job(id: "7")
            #expect(found == nil)
            root.end()
            // Outside of a call, there is no span to be below.
            ServiceTelemetry.statement("x", text: "SELECT 1", startUnixNano: 1, durationNanoseconds: 1, rows: 1)
        }
        try #require(recorder.spans.map(\.name) == ["job.get", "job jobs", "root"])
        let (statement, call, root) = (recorder.spans[0], recorder.spans[1], recorder.spans[2])
        #expect(statement.parentSpanID == call.spanID && call.parentSpanID == root.spanID)
        #expect(statement.kind == .client && statement.startTimeUnixNano == 5 && statement.endTimeUnixNano == 8)
        #expect(
            statement.attributes == [
                "db.system.name": "postgresql", "db.operation.name": "SELECT", "db.query.summary": "job.get", "db.query.text": " select $1",
                "db.response.returned_rows": 1,
            ])
        #expect(call.attributes["db.operation.name"] == "job" && call.attributes["db.collection.name"] == "jobs")
    }

    @Test func `and lines tell of calls that fail, but not of a quota`() throws {
        try withTemporaryDirectory { directory in
            let recorder = try TelemetryRecorder(in: directory)
            let root = recorder.telemetry.tracer.span("root")
            let store = recorder.telemetry.store(LostJobStore(), system: .file, in: root)
            #expect(throws: JobStoreError.unavailable("gone")) { try store.keys() }
            let job = Job(id: "j", keyID: "k", keyName: "s", fileName: "a", inputBytes: 5, createdAt: 1000)
            #expect(throws: JobStoreError.quotaExceeded(usedBytes: 1, quotaBytes: 1)) { try store.create(job) }
            root.end()
            let lines = try recorder.lines()
            try #require(lines.count == 1)
            #expect(lines[0]["event"] as? String == "db.error" && lines[0]["operation"] as? String == "keys")
            let span = try #require(recorder.span("keys keys"))
            #expect(lines[0]["span_id"] as? String == span.spanID.description)
            #expect(span.attributes["error.type"] == "unavailable" && span.status == .error("the job store can't be reached: gone"))
            #expect(try #require(recorder.span("create jobs")).status == .unset)
        }
    }
}
