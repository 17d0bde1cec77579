import HTTP
import JobStore
import StructuredLogging
import Tracing

/// The events of the service, as typed functions: the only code that writes them. Metrics are derived from these lines, so each is
/// called exactly where ``EventDefinition/occasion`` says, and its values are those that the job store has.
struct ServiceEvents: Sendable {
    private let log: ServiceLogger

    init(log: ServiceLogger) {
        self.log = log
    }

    /// `endpoint` is the route's template; nil where no route matched. `status` is 499 when the client went first.
    func httpRequest(
        method: HTTPMethod, endpoint: String?, status: Int, durationNanoseconds: UInt64, jobID: String? = nil, apiKey: String? = nil,
        error: (any Error)? = nil, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function,
        line: UInt = #line
    ) {
        write(
            .httpRequest, status >= 500 ? .error : status >= 400 ? .warning : .info,
            LogContext(trace: LogContext.Trace(span.context), jobID: jobID, apiKey: apiKey),
            [
                (.method, .string(HTTPSpanAttributes.method(method))), (.endpoint, .string(endpoint ?? "unmatched")),
                (.status, .integer(status)), (.durationMilliseconds, .number(Double(durationNanoseconds / 1000) / 1000)),
            ], error.map { "\($0)" }, LogSource(fileID: fileID, function: function, line: line))
    }

    func jobCreated(
        _ job: Job, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        write(
            .jobCreated, .info, LogContext(job, span),
            [(.jobStatus(.queued), status(.queued)), (.inputBytes, .integer(job.inputBytes)), (.fileName, .string(job.fileName))],
            source: LogSource(fileID: fileID, function: function, line: line))
    }

    /// `job` is as it was claimed.
    func jobStarted(
        _ job: Job, worker: String, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function,
        line: UInt = #line
    ) {
        let started = job.startedAt ?? job.availableAt
        write(
            .jobStarted, .info, LogContext(job, span),
            [
                (.jobStatus(.processing), status(.processing)), (.queueTimeSeconds, seconds(from: job.availableAt, to: started)),
                (.attempt, .integer(job.attempts)), (.worker, .string(worker)),
            ], source: LogSource(fileID: fileID, function: function, line: line))
    }

    /// To be called once the store has it. `job` is as it was stored.
    func jobCompleted(
        _ job: Job, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        write(
            .jobCompleted, .info, LogContext(job, span),
            [
                (.jobStatus(.completed), status(.completed)),
                (.processingDurationSeconds, seconds(from: job.createdAt, to: job.finishedAt ?? job.createdAt)),
                (.attempt, .integer(job.attempts)),
            ], source: LogSource(fileID: fileID, function: function, line: line))
    }

    /// To be called once the store has it. `job` is as it was stored; without a ``Job/failure`` it failed for an unknown reason.
    func jobFailed(
        _ job: Job, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        write(
            .jobFailed, .error, LogContext(job, span),
            [
                (.jobStatus(.failed), status(.failed)), (.errorType, .string((job.failure?.kind ?? .unknown).rawValue)),
                (.attempt, .integer(job.attempts)),
            ], job.failure?.message ?? "", LogSource(fileID: fileID, function: function, line: line))
    }

    /// To be called once the store has it: by the request where the job was queued, by the worker where it ran.
    func jobCancelled(
        _ job: Job, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        write(
            .jobCancelled, .info, LogContext(job, span),
            [(.jobStatus(.cancelled), status(.cancelled)), (.attempt, .integer(job.attempts))],
            source: LogSource(fileID: fileID, function: function, line: line))
    }

    func transcodeFinished(
        _ output: JobOutput, of job: Job, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function,
        line: UInt = #line
    ) {
        write(
            .transcodeFinished, .info, LogContext(job, span),
            [
                (.resolution, .string(output.resolution)), (.durationSeconds, .number(output.transcodeSeconds)),
                (.outputBytes, .integer(output.bytes)), (.compressionRatio, .number(output.compressionRatio)),
            ], source: LogSource(fileID: fileID, function: function, line: line))
    }

    func transcriptionFinished(
        _ transcript: Transcript, of job: Job, in span: TraceSpan, fileID: StaticString = #fileID, function: StaticString = #function,
        line: UInt = #line
    ) {
        write(
            .transcriptionFinished, .info, LogContext(job, span),
            [
                (.whisperModel, .string(transcript.model)), (.durationSeconds, .number(transcript.seconds)),
                (.wordCount, .integer(transcript.words)),
            ], source: LogSource(fileID: fileID, function: function, line: line))
    }

    func storageQuotaExceeded(
        apiKey: String, usedBytes: UInt64, quotaBytes: UInt64, jobID: String? = nil, in span: TraceSpan, fileID: StaticString = #fileID,
        function: StaticString = #function, line: UInt = #line
    ) {
        write(
            .storageQuotaExceeded, .warning, LogContext(trace: LogContext.Trace(span.context), jobID: jobID, apiKey: apiKey),
            [(.usedBytes, .integer(usedBytes)), (.quotaBytes, .integer(quotaBytes))],
            source: LogSource(fileID: fileID, function: function, line: line))
    }

    func workerStarted(
        _ worker: String, fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        write(
            .workerStarted, .info, .none, [(.worker, .string(worker))],
            source: LogSource(fileID: fileID, function: function, line: line))
    }

    func workerStopped(
        _ worker: String, fileID: StaticString = #fileID, function: StaticString = #function, line: UInt = #line
    ) {
        write(
            .workerStopped, .info, .none, [(.worker, .string(worker))],
            source: LogSource(fileID: fileID, function: function, line: line))
    }

    /// ``TracedJobStore`` calls it for the calls that go through it. `operation` is a word of a small set.
    func dbError(
        _ operation: String, _ error: JobStoreError, jobID: String? = nil, in span: TraceSpan? = nil, fileID: StaticString = #fileID,
        function: StaticString = #function, line: UInt = #line
    ) {
        guard let type = error.databaseErrorType else { return }
        write(
            .dbError, .error, LogContext(trace: span.map { LogContext.Trace($0.context) }, jobID: jobID),
            [(.operation, .string(operation)), (.storeError, .string(type))], error.description,
            LogSource(fileID: fileID, function: function, line: line))
    }

    private func write(
        _ event: EventDefinition, _ level: LogLevel, _ context: LogContext, _ values: [(EventField, LogValue)], _ exception: String? = nil,
        source: LogSource
    ) { write(event, level, context, values, exception, source) }

    private func write(
        _ event: EventDefinition, _ level: LogLevel, _ context: LogContext, _ values: [(EventField, LogValue)], _ exception: String?,
        _ source: LogSource
    ) {
        var fields = LogFields.none
        fields.fields.reserveCapacity(values.count)
        for (field, value) in values { fields.fields.append((key: field.key, value: value)) }
        log.named(event.logger).event(
            event.name, level, event.message, context: context, fields: fields, exception: exception, source: source)
    }

    private func status(_ status: JobStatus) -> LogValue { .string(status.rawValue) }

    private func seconds(from start: UInt64, to end: UInt64) -> LogValue {
        .number(Double(end > start ? end - start : 0) / 1e9)
    }
}

extension JobStoreError {
    /// nil for an answer that is none of the database's failures: a name that is taken, a quota that is used up.
    var databaseErrorType: String? {
        switch self {
        case .keyNameTaken, .quotaExceeded: nil
        case .unavailable: "unavailable"
        case .broken: "broken"
        }
    }
}

extension LogContext.Trace {
    init(_ context: TraceContext) {
        self.init(traceHigh: context.traceID.high, traceLow: context.traceID.low, span: context.spanID.value)
    }
}

extension LogContext {
    init(_ job: Job, _ span: TraceSpan) {
        self.init(trace: Trace(span.context), jobID: job.id, apiKey: job.keyName)
    }
}
