import HTTP
import JobStore
import OTLP
import Tracing

/// The spans of the service, with their names and attributes in one place (OpenTelemetry semantic conventions where there are any).
///
/// A job is one trace: `POST /api/v1/jobs` → `queue wait` → `process job` → `transcode 360p` → `ffmpeg`, and the calls of the job store
/// below each of them. A job's ``Job/traceparent`` is that of its request.
extension ServiceTelemetry {
    // MARK: API

    /// Begins the span of a request, in the caller's trace where it names one. ``end(_:method:route:status:error:)`` ends it.
    func requestSpan(method: HTTPMethod, path: String, headers: HTTPHeaders) -> TraceSpan {
        tracer.span(
            HTTPSpanAttributes.method(method), .server, parent: TraceContext(headers: headers),
            attributes: HTTPSpanAttributes.request(method: method, path: path, headers: headers))
    }

    /// `route` is the template; nil where no route matched.
    func end(_ span: TraceSpan, method: HTTPMethod, route: String?, status: Int, error: (any Error)? = nil) {
        if span.isRecorded {
            if let route {
                span.rename("\(HTTPSpanAttributes.method(method)) \(route)")
                span.set("http.route", .string(route))
            }
            span.set("http.response.status_code", .integer(status))
            if let error { span.record(error) }
            // What a client did wrong is no error of the server.
            if status >= 500 || status == 499 { span.fail(type: "\(status)", message: error.map { "\($0)" } ?? "") }
        }
        span.end()
    }

    // MARK: Jobs

    /// Begins the span of a worker's work on a job that it has just claimed, in the trace of the request that created it, and records
    /// how long the job waited before. Its id goes into log lines; ``TraceSpan/end(atUnixNano:)`` ends it.
    func jobSpan(_ job: Job, worker: String) -> TraceSpan {
        let parent = job.traceparent.flatMap { TraceContext(traceparent: $0, state: job.tracestate ?? "") }
        let started = job.startedAt ?? job.availableAt
        let attributes: () -> SpanAttributes = {
            [
                "job.id": .string(job.id), "job.attempt": .integer(job.attempts), "messaging.system": "job_store",
                "messaging.destination.name": "jobs",
            ]
        }
        let wait = tracer.span(
            "queue wait", .internal, parent: parent, startUnixNano: min(job.availableAt, started), attributes: attributes())
        wait.end(atUnixNano: started)
        // Without a parent, both belong to one new trace all the same.
        let span =
            parent == nil
            ? wait.child("process job", .consumer, attributes: attributes())
            : tracer.span("process job", .consumer, parent: parent, attributes: attributes())
        span.set([
            "messaging.operation.name": "process", "messaging.operation.type": "process", "worker.name": .string(worker),
            "job.input_bytes": .integer(job.inputBytes),
        ])
        return span
    }

    /// How a job ended, for the span of ``jobSpan(_:worker:)``; it does not end it.
    func note(_ job: Job, in span: TraceSpan) {
        span.set("job.status", .string(job.status.rawValue))
        if job.status == .failed, let failure = job.failure { span.fail(type: failure.kind.rawValue, message: failure.message) }
    }

    func transcodeSpan(_ resolution: String, in parent: TraceSpan) -> TraceSpan {
        parent.child("transcode \(resolution)", attributes: ["transcode.resolution": .string(resolution)])
    }

    /// A program's run. `arguments` has the program first. ``end(_:exitCode:)`` ends it.
    func commandSpan(_ arguments: [String], in parent: TraceSpan) -> TraceSpan {
        let program = arguments.first ?? ""
        let name = program.split(separator: "/").last.map(String.init) ?? program
        return parent.child(
            name, .client,
            attributes: [
                "process.executable.name": .string(name), "process.command": .string(program), "process.command_args": .strings(arguments),
            ])
    }

    /// `exitCode` as the system has it; a signal's number is negative, nil: it could not be started.
    func end(_ span: TraceSpan, exitCode: Int32?) {
        if let exitCode {
            span.set("process.exit.code", .integer(exitCode))
            if exitCode != 0 { span.fail(type: exitCode < 0 ? "signal \(-exitCode)" : "exit \(exitCode)") }
        }
        span.end()
    }

    // MARK: Job store

    /// The job store, for calls that are made on behalf of `span`: each gets a span below it, and what fails becomes a `db.error`.
    func store(_ store: any JobStoring, system: DatabaseSystem, in span: TraceSpan) -> TracedJobStore {
        TracedJobStore(store, system: system, in: span, events: events)
    }

    /// Records a statement that has just run on this thread, below the call of the job store that ran it. `text` has placeholders for
    /// values; `sqlState` is that of `error`.
    static func statement(
        _ name: String, text: String, startUnixNano: UInt64, durationNanoseconds: UInt64, rows: Int, error: (any Error)? = nil,
        sqlState: String? = nil
    ) {
        guard let parent = CurrentSpan.value, parent.isRecorded else { return }
        let span = parent.child(
            name, .client, startUnixNano: startUnixNano,
            attributes: [
                "db.system.name": .string(DatabaseSystem.postgresql.rawValue), "db.operation.name": .string(operation(of: text)),
                "db.query.summary": .string(name), "db.query.text": .string(text), "db.response.returned_rows": .integer(rows),
            ])
        if let sqlState { span.set("db.response.status_code", .string(sqlState)) }
        if let error { span.record(error, type: sqlState) }
        span.end(atUnixNano: startUnixNano + durationNanoseconds)
    }

    /// The first word of a statement.
    private static func operation(of text: String) -> String {
        text.drop { $0.isWhitespace }.prefix { $0.isLetter }.uppercased()
    }
}

/// `db.system.name`.
enum DatabaseSystem: String, Sendable {
    case postgresql
    /// The embedded store.
    case file
}
