import JobStore

/// Every event that the service writes. `config/recipes/transcode.json5` makes metrics of them.
extension EventDefinition {
    static let all: [EventDefinition] = [
        httpRequest, jobCreated, jobStarted, jobCompleted, jobFailed, jobCancelled, transcodeFinished, transcriptionFinished,
        storageQuotaExceeded, workerStarted, workerStopped, dbError,
    ]

    static let httpRequest = EventDefinition(
        name: "http.request", logger: "api", message: "Request finished.", level: "INFO; WARNING with a status of 4xx, ERROR with 5xx",
        occasion: "When a request is answered, before its answer is sent; or when the client has gone.",
        fields: [.jobID.optional, .apiKey.optional, .method, .endpoint, .status, .durationMilliseconds, .exception.optional])

    static let jobCreated = EventDefinition(
        name: "job.created", logger: "jobs", message: "Job accepted.", level: "INFO",
        occasion: "After an upload was stored as a job.",
        fields: [.jobID, .apiKey, .jobStatus(.queued), .inputBytes, .fileName])

    static let jobStarted = EventDefinition(
        name: "job.started", logger: "jobs.worker", message: "Job taken from the queue.", level: "INFO",
        occasion: "Each time a worker takes a job: once more with every retry, and when it takes over from an instance that is gone.",
        fields: [.jobID, .apiKey, .jobStatus(.processing), .queueTimeSeconds, .attempt, .worker])

    static let jobCompleted = EventDefinition(
        name: "job.completed", logger: "jobs.worker", message: "Job finished; all outputs are stored.", level: "INFO",
        occasion: "Once for a job, when it has reached this status.",
        fields: [.jobID, .apiKey, .jobStatus(.completed), .processingDurationSeconds, .attempt])

    static let jobFailed = EventDefinition(
        name: "job.failed", logger: "jobs.worker", message: "Job failed.", level: "ERROR",
        occasion: "Once for a job, when it failed for good.",
        fields: [.jobID, .apiKey, .jobStatus(.failed), .errorType, .attempt, .exception])

    static let jobCancelled = EventDefinition(
        name: "job.cancelled", logger: "jobs", message: "Job cancelled.", level: "INFO",
        occasion: "Once for a job, when somebody's request to cancel it has taken effect.",
        fields: [.jobID, .apiKey, .jobStatus(.cancelled), .attempt])

    static let transcodeFinished = EventDefinition(
        name: "transcode.finished", logger: "jobs.worker", message: "Rendition written.", level: "INFO",
        occasion: "For each resolution of a job, when its file is stored.",
        fields: [.jobID, .apiKey, .resolution, .durationSeconds, .outputBytes, .compressionRatio])

    static let transcriptionFinished = EventDefinition(
        name: "transcription.finished", logger: "jobs.worker", message: "Transcript written.", level: "INFO",
        occasion: "When a job's transcript is stored.",
        fields: [.jobID, .apiKey, .whisperModel, .durationSeconds, .wordCount])

    static let storageQuotaExceeded = EventDefinition(
        name: "storage.quota_exceeded", logger: "jobs", message: "Storage quota exceeded.", level: "WARNING",
        occasion: "When an upload or an output is refused because its key would hold more than its quota.",
        fields: [.jobID.optional, .apiKey, .usedBytes, .quotaBytes])

    static let workerStarted = EventDefinition(
        name: "worker.started", logger: "jobs.worker", message: "Worker started.", level: "INFO",
        occasion: "When a worker begins to take jobs.", fields: [.worker])

    static let workerStopped = EventDefinition(
        name: "worker.stopped", logger: "jobs.worker", message: "Worker stopped.", level: "INFO",
        occasion: "When a worker takes no more jobs.", fields: [.worker])

    static let dbError = EventDefinition(
        name: "db.error", logger: "jobs.store", message: "Job store call failed.", level: "ERROR",
        occasion: "When a call of the job store has failed for good: what it tried again with success is no event.",
        fields: [.jobID.optional, .operation, .storeError, .exception])
}

extension EventField {
    // Written as part of every line's context.
    static let jobID = EventField("job_id", .text, "UUID of the job")
    static let apiKey = EventField("api_key", .text, "name of the API key; never the key itself")

    static let method = EventField("method", .text, "HTTP method; `_OTHER` for one that HTTP does not define")
    static let endpoint = EventField(
        "endpoint", .text, "template of the route, such as `/api/v1/jobs/{id}`; `unmatched` where there is none")
    static let status = EventField("status", .integer, "HTTP status; 499 when the client went before the answer")
    static let durationMilliseconds = EventField(
        "duration_ms", .number, "milliseconds from the end of the head to the answer: with an upload, without the sending of a download")
    static let exception = EventField("exception", .text, "what the error says of itself, cut at 8 KiB")

    static func jobStatus(_ status: JobStatus) -> EventField { EventField("status", .text, "`\(status.rawValue)`") }
    static let inputBytes = EventField("input_bytes", .integer, "size of the upload")
    static let fileName = EventField("filename", .text, "what the client called the file, cut at 1 KiB")
    static let queueTimeSeconds = EventField("queue_time_seconds", .number, "from the time it could be taken to the time it was")
    static let processingDurationSeconds = EventField("processing_duration_seconds", .number, "from created to completed")
    static let attempt = EventField("attempt", .integer, "how often it was taken by a worker, from 1; 0: never")
    static let worker = EventField("worker", .text, "name of the worker: host, process and number")
    static let errorType = EventField(
        "error_type", .text, JobFailure.Kind.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "))
    static let resolution = EventField("resolution", .text, "`360p`, `720p`")
    static let durationSeconds = EventField("duration_seconds", .number, "how long the work took")
    static let outputBytes = EventField("output_bytes", .integer, "size of the file")
    static let compressionRatio = EventField("compression_ratio", .number, "output ÷ input")
    static let whisperModel = EventField("whisper_model", .text, "`tiny`, `base`, `small`, `medium`, `large`")
    static let wordCount = EventField("word_count", .integer, "words of the transcript")
    static let usedBytes = EventField("used_bytes", .integer, "what the key holds")
    static let quotaBytes = EventField("quota_bytes", .integer, "what it may hold")
    static let operation = EventField("operation", .text, "the call of the job store, such as `claim`")
    static let storeError = EventField("error_type", .text, "`unavailable`: a later call may succeed; `broken`: it will not")
}
