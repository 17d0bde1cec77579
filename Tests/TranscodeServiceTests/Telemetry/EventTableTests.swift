import Foundation
import HTTP
import JobStore
import TestSupport
import Testing
import Tracing

@testable import TranscodeService

private let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized.path

private func job(_ change: (inout Job) -> Void = { _ in }) -> Job {
    var job = Job(
        id: "0199-a", keyID: "k-1", keyName: "studio", fileName: "a\n\"b\".mov", inputBytes: 1000, createdAt: 10_000_000_000)
    job.attempts = 1
    change(&job)
    return job
}

@Suite struct `The service's events` {
    /// Every function once with all that it takes, and once with as little as it takes.
    private func writeAll(_ events: ServiceEvents, _ span: TraceSpan) {
        events.httpRequest(
            method: .get, endpoint: "/api/v1/jobs/{id}", status: 500, durationNanoseconds: 1_234_567, jobID: "0199-a", apiKey: "studio",
            error: JobStoreError.unavailable("no"), in: span)
        events.httpRequest(method: HTTPMethod(rawValue: "BREW"), endpoint: nil, status: 404, durationNanoseconds: 999, in: span)
        events.jobCreated(job(), in: span)
        events.jobStarted(job { $0.startedAt = 12_500_000_000 }, worker: "w-1", in: span)
        events.jobCompleted(job { $0.finishedAt = 40_000_000_000 }, in: span)
        events.jobFailed(job { $0.failure = JobFailure(kind: .probe, message: "no video") }, in: span)
        events.jobFailed(job(), in: span)
        events.jobCancelled(job(), in: span)
        events.transcodeFinished(
            JobOutput(resolution: "360p", bytes: 250, transcodeSeconds: 1.5, compressionRatio: 0.25), of: job(), in: span)
        events.transcriptionFinished(Transcript(model: "base", words: 7, bytes: 30, seconds: 2), of: job(), in: span)
        events.storageQuotaExceeded(apiKey: "studio", usedBytes: 10, quotaBytes: 11, jobID: "0199-a", in: span)
        events.storageQuotaExceeded(apiKey: "studio", usedBytes: 10, quotaBytes: 11, in: span)
        events.workerStarted("w-1")
        events.workerStopped("w-1")
        events.dbError("claim", .unavailable("gone"), jobID: "0199-a", in: span)
        events.dbError("claim", .broken("schema"))
    }

    private static let common: Set = [
        "timestamp", "level", "logger", "message", "module", "function", "line", "service", "event", "trace_id", "span_id",
    ]

    @Test func `have the fields of the table, all of them and no others`() throws {
        try withTemporaryDirectory { directory in
            let recorder = try TelemetryRecorder(in: directory)
            writeAll(recorder.telemetry.events, recorder.telemetry.tracer.span("x"))
            var seen: [String: Set<String>] = [:]
            for line in try recorder.lines() {
                let name = try #require(line["event"] as? String)
                let event = try #require(EventDefinition.all.first { $0.name == name }, "\(name) is not in the table")
                #expect(line["logger"] as? String == event.logger && line["message"] as? String == event.message)
                #expect(event.level.contains(line["level"] as? String ?? "none"))
                let keys = Set(line.keys).subtracting(Self.common)
                #expect(keys.subtracting(event.fields.map(\.key)).isEmpty, "\(name) has fields that are not in the table")
                for field in event.fields {
                    guard let value = line[field.key] else {
                        #expect(field.isOptional, "\(name) lacks \(field.key)")
                        continue
                    }
                    seen[name, default: []].insert(field.key)
                    switch field.kind {
                    case .text: #expect(value is String, "\(name): \(field.key)")
                    case .integer:
                        #expect((value as? NSNumber).map { $0.doubleValue == $0.doubleValue.rounded() } == true, "\(name): \(field.key)")
                    case .number: #expect(value is NSNumber, "\(name): \(field.key)")
                    case .flag: #expect(value is Bool, "\(name): \(field.key)")
                    }
                }
            }
            for event in EventDefinition.all { #expect(seen[event.name] == Set(event.fields.map(\.key)), "\(event.name)") }
        }
    }

    @Test func `have the values of what happened`() throws {
        try withTemporaryDirectory { directory in
            let recorder = try TelemetryRecorder(in: directory)
            let span = recorder.telemetry.tracer.span("x")
            writeAll(recorder.telemetry.events, span)
            let lines = try recorder.lines()
            func value<Value>(_ index: Int, _ key: String) -> Value? { lines[index][key] as? Value }
            #expect(value(0, "status") == 500 && value(0, "duration_ms") == 1.234 && value(0, "level") == "ERROR")
            #expect(value(0, "trace_id") == span.context.traceID.description && value(0, "span_id") == span.context.spanID.description)
            #expect(value(1, "method") == "_OTHER" && value(1, "endpoint") == "unmatched" && value(1, "level") == "WARNING")
            #expect(value(2, "status") == "queued" && value(2, "filename") == "a\n\"b\".mov")
            #expect(value(3, "status") == "processing" && value(3, "queue_time_seconds") == 2.5)
            #expect(value(4, "status") == "completed" && value(4, "processing_duration_seconds") == 30.0)
            #expect(value(5, "status") == "failed" && value(5, "error_type") == "probe" && value(5, "exception") == "no video")
            #expect(value(6, "error_type") == "unknown")
            #expect(value(7, "status") == "cancelled")
            #expect(value(8, "compression_ratio") == 0.25 && value(8, "output_bytes") == 250 && value(8, "duration_seconds") == 1.5)
            #expect(value(9, "whisper_model") == "base" && value(9, "word_count") == 7)
        }
    }

    @Test func `are none for what is no failure of the database`() throws {
        try withTemporaryDirectory { directory in
            let recorder = try TelemetryRecorder(in: directory)
            recorder.telemetry.events.dbError("create", .quotaExceeded(usedBytes: 1, quotaBytes: 1))
            recorder.telemetry.events.dbError("add_key", .keyNameTaken("x"))
            #expect(try recorder.lines().isEmpty)
        }
    }

    @Test func `are what docs say`() throws {
        let path = repository + "/docs/events.md"
        if ProcessInfo.processInfo.environment["TAILSPAN_WRITE_DOCS"] != nil {
            try EventDocument.text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOfFile: path, encoding: .utf8) == EventDocument.text,
            "TAILSPAN_WRITE_DOCS=1 swift test --filter EventTable brings docs/events.md up to date")
    }

    /// Every `$field` of a metric, and every event, is one that the service writes.
    @Test func `have what the recipe makes metrics of`() throws {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        let recipe = try decoder.decode(
            Recipe.self, from: Data(contentsOf: URL(fileURLWithPath: repository + "/config/recipes/transcode.json5")))
        #expect(recipe.metrics.count > 10)
        for metric in recipe.metrics {
            let name = metric.name
            let fields = (metric.labels ?? [:]).map(\.value) + [metric.value, metric.exemplar].compactMap { $0 }
            for eventName in metric.where.event.names {
                let event = try #require(EventDefinition.all.first { $0.name == eventName }, "\(name): \(eventName)")
                let known = Set(event.fields.filter { !$0.isOptional }.map(\.key)).union(Self.common)
                for field in fields where field.hasPrefix("$") { #expect(known.contains(String(field.dropFirst())), "\(name): \(field)") }
            }
            let values = metric.`init` ?? [:]
            if let types = values["error_type"] { #expect(Set(types) == Set(JobFailure.Kind.allCases.map(\.rawValue))) }
            if let statuses = values["status"] { #expect(Set(statuses) == Set(JobStatus.allCases.map(\.rawValue))) }
        }
    }
}

/// What these tests read of a recipe.
private struct Recipe: Decodable {
    struct Metric: Decodable {
        var name: String
        var `where`: Condition
        var labels: [String: String]?
        var value: String?
        var exemplar: String?
        var `init`: [String: [String]]?
    }

    struct Condition: Decodable {
        var event: Names
    }

    /// One, or a list.
    struct Names: Decodable {
        var names: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            names = try (try? container.decode([String].self)) ?? [container.decode(String.self)]
        }
    }

    var metrics: [Metric]
}
