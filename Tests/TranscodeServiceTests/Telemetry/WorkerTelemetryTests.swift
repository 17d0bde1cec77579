import Foundation
import JobStore
import OTLP
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

/// What a log and a trace say of jobs that a pool has processed.
@Suite(.timeLimit(.minutes(5))) struct WorkerTelemetryTests {
    private static let traceID = "0af7651916cd43dd8448eb211c80319c"

    /// Processes one upload with these scripts for ffmpeg and the transcriber.
    private func process(
        ffmpeg: String, transcriber: String? = nil, quotaBytes: UInt64? = nil, onRun: (WorkerSetup, String) throws -> Void = { _, _ in },
        _ body: (Job, TelemetryRecorder) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let recorder = try TelemetryRecorder(in: directory)
            var setup = try WorkerSetup(directory, quotaBytes: quotaBytes)
            setup.settings.ffprobe = try makeRunnable("ffprobe", in: directory, "#!/bin/sh\n" + FakePrograms.probe(seconds: 2))
            setup.settings.ffmpeg = try makeRunnable("ffmpeg", in: directory, FakePrograms.head + ffmpeg)
            setup.settings.resolutions = [.p720]
            if let transcriber {
                let program = try makeRunnable("whisper", in: directory, "#!/bin/sh\n" + transcriber)
                setup.settings.transcriber = .init(command: [program, "--token=secret", "{input}"], model: "base")
            }
            let upload = directory + "/upload"
            try Data(count: 1000).write(to: URL(fileURLWithPath: upload))
            let id = try setup.submit(upload, traceparent: "00-\(Self.traceID)-b7ad6b7169203331-01")
            let pool = try setup.pool(WorkerTelemetry(telemetry: recorder.telemetry, system: .file))
            try pool.start()
            defer { pool.stop(drainNanoseconds: 0) }
            try onRun(setup, id)
            try waitUntil("the end of job \(id)", seconds: 120) { try setup.job(id).status.isFinal }
            pool.stop(drainNanoseconds: 60_000_000_000)
            try body(setup.job(id), recorder)
        }
    }

    /// Names of events with the values of these fields.
    private func events(_ recorder: TelemetryRecorder, _ fields: String...) throws -> [String] {
        try recorder.lines().compactMap { line in
            guard let event = line["event"] as? String else { return nil }
            return ([event] + fields.compactMap { line[$0].map { "\($0)" } }).joined(separator: " ")
        }
    }

    @Test func `a job is one trace, and its lines carry it`() throws {
        try process(ffmpeg: FakePrograms.transcode, transcriber: "echo two words\n") { job, recorder in
            #expect(job.status == .completed)
            #expect(
                try events(recorder, "status", "attempt", "resolution", "output_bytes", "whisper_model", "word_count") == [
                    "worker.started", "job.started processing 1", "transcode.finished 720p 6", "transcription.finished base 2",
                    "job.completed completed 1", "worker.stopped",
                ])
            let ofJob = try recorder.lines().filter { ($0["event"] as? String)?.hasPrefix("worker.") == false }
            #expect(ofJob.allSatisfy { $0["trace_id"] as? String == Self.traceID && $0["job_id"] as? String == job.id })
            #expect(Set(recorder.spans.map(\.traceID.description)) == [Self.traceID])

            func parent(_ name: String) -> String? {
                let parentID = recorder.span(name)?.parentSpanID
                return recorder.spans.first { $0.spanID == parentID }?.name
            }
            let pairs = [
                ("probe", "process job"), ("ffprobe", "probe"), ("transcode 720p", "process job"), ("ffmpeg", "transcode 720p"),
                ("transcribe", "process job"), ("whisper", "transcribe"), ("finish jobs", "process job"),
            ]
            for (name, above) in pairs { #expect(parent(name) == above, "\(name)") }
            #expect(recorder.spans.allSatisfy { $0.status == .unset })
            #expect(recorder.span("ffmpeg")?.attributes["process.exit.code"] == 0)
            #expect(recorder.span("process job")?.attributes["job.status"] == "completed")
            // What an operator puts on the command line may be a secret.
            #expect(recorder.spans.allSatisfy { !"\($0.attributes)".contains("secret") })
        }
    }

    @Test func `each attempt is told, and one failure`() throws {
        try process(ffmpeg: "echo boom >&2; kill -KILL $$\n") { job, recorder in
            #expect(job.attempts == 3)
            #expect(
                try events(recorder, "status", "attempt", "error_type") == [
                    "worker.started", "job.started processing 1", "job.started processing 2", "job.started processing 3",
                    "job.failed failed 3 transcode", "worker.stopped",
                ])
            let retries = try recorder.lines().filter { $0["message"] as? String == "Attempt failed; the job is tried again." }
            #expect(retries.count == 2)
            let spans = recorder.spans.filter { $0.name == "process job" }
            #expect(spans.count == 3)
            #expect(spans.allSatisfy { $0.status == .error("ffmpeg was ended by signal 9: boom") })
            #expect(recorder.span("ffmpeg")?.attributes["error.type"] == "signal 9")
        }
    }

    @Test func `a quota that is used up is told once, with the failure`() throws {
        try process(ffmpeg: FakePrograms.transcode, quotaBytes: 1000) { _, recorder in
            let events = try events(recorder, "used_bytes", "quota_bytes", "error_type")
            #expect(events.dropFirst(2) == ["storage.quota_exceeded 1000 1000", "job.failed storage", "worker.stopped"])
        }
    }

    @Test func `a cancelled job is no failure`() throws {
        try process(ffmpeg: "exec sleep 1000\n") { setup, id in
            try waitUntil("ffmpeg") { try setup.job(id).progress > 0 }
            _ = try setup.store.cancel(id: id, now: 1)
        } _: { job, recorder in
            #expect(job.status == .cancelled)
            let events = try events(recorder, "status")
            #expect(events.dropFirst(2) == ["job.cancelled cancelled", "worker.stopped"])
            #expect(recorder.spans.allSatisfy { $0.status == .unset })
            #expect(recorder.span("ffmpeg")?.attributes["process.stopped"] == true)
        }
    }
}
