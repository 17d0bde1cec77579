import JobStore
import StructuredLogging
import Tracing

/// What workers do, as log lines, events and spans.
struct WorkerTelemetry: WorkerObserving {
    let telemetry: ServiceTelemetry
    let system: DatabaseSystem

    private var log: ServiceLogger { telemetry.log.named("jobs.worker") }

    func workerStarted(_ worker: String) { telemetry.events.workerStarted(worker) }

    func workerStopped(_ worker: String) { telemetry.events.workerStopped(worker) }

    func jobStarted(_ job: Job, worker: String, store: any JobStoring) -> any JobObserving {
        let span = telemetry.jobSpan(job, worker: worker)
        telemetry.events.jobStarted(job, worker: worker, in: span)
        return JobTelemetry(telemetry, job, span, telemetry.store(store, system: system, in: span))
    }

    func storeFailed(_ error: JobStoreError, operation: String, worker: String) { telemetry.events.dbError(operation, error) }

    func found(_ problem: MediaPrograms.Problem) {
        log.error("Jobs can't be processed: a program is missing, or is another one.", exception: problem.description)
    }

    func endedLeft(programs: Int) {
        log.warning("Programs that a killed service had left behind ended.", ["programs": .integer(programs)])
    }

    func swept(_ result: OutputSweep.Result) {
        if let problem = result.problem {
            log.warning("Files that nobody needs can't be removed; it is tried again.", exception: problem)
        }
        if result.attempts + result.uploads > 0 {
            log.info("Files that nobody needs removed.", ["attempts": .integer(result.attempts), "uploads": .integer(result.uploads)])
        }
    }
}

/// One attempt at one job. Stays on its worker's thread.
private final class JobTelemetry: JobObserving {
    private let telemetry: ServiceTelemetry
    private let job: Job
    private let span: TraceSpan
    let store: any JobStoreCalls
    private var step: TraceSpan?
    private var program: TraceSpan?

    init(_ telemetry: ServiceTelemetry, _ job: Job, _ span: TraceSpan, _ store: TracedJobStore) {
        self.telemetry = telemetry
        self.job = job
        self.span = span
        self.store = store
    }

    private var log: ServiceLogger { telemetry.log.named("jobs.worker").with(LogContext(job, span)) }

    func stepStarted(_ step: JobStep) {
        self.step =
            switch step {
            case .probe: span.child("probe")
            case .transcode(let resolution): telemetry.transcodeSpan(resolution.rawValue, in: span)
            case .transcription(let model): span.child("transcribe", attributes: ["whisper.model": .string(model)])
            }
    }

    func programStarted(_ arguments: [String], pid: Int32) {
        program = telemetry.commandSpan(arguments, in: step ?? span)
        program?.set("process.pid", .integer(pid))
    }

    func programEnded(_ report: ProgramReport) {
        // One that could not be started has no span yet.
        let span = program ?? telemetry.commandSpan([report.program], in: step ?? span)
        program = nil
        switch report.ending {
        case .exited(let code): return telemetry.end(span, exitCode: code)
        case .signalled(let number): return telemetry.end(span, exitCode: -number)
        case .notStarted(let error): span.record(error, type: "not_started")
        case .stopped: span.set("process.stopped", .bool(true))
        case .timedOut: span.fail(type: "timeout")
        case .wroteTooMuch: span.fail(type: "output_too_large")
        }
        span.end()
    }

    func stepEnded(_ step: JobStep, _ result: JobStepResult, nanoseconds: UInt64) {
        guard let span = self.step else { return }
        self.step = nil
        switch result {
        case .probed(let facts):
            span.set([
                "media.duration_seconds": .double(facts.durationSeconds), "media.width": .integer(facts.width),
                "media.height": .integer(facts.height), "media.video_codec": .string(facts.videoCodec),
            ])
        case .transcoded(let output):
            span.set("transcode.output_bytes", .integer(output.bytes))
            telemetry.events.transcodeFinished(output, of: job, in: span)
        case .transcribed(let transcript):
            telemetry.events.transcriptionFinished(transcript, of: job, in: span)
        case .failed(.failed(let failure, _)):
            span.fail(type: failure.kind.rawValue, message: failure.message)
        case .failed(.stopped): break
        }
        span.end()
    }

    func quotaExceeded(usedBytes: UInt64, quotaBytes: UInt64) {
        telemetry.events.storageQuotaExceeded(
            apiKey: job.keyName, usedBytes: usedBytes, quotaBytes: quotaBytes, jobID: job.id, in: step ?? span)
    }

    func ended(_ job: Job, _ end: JobEnd) {
        telemetry.note(job, in: span)
        switch end {
        case .completed: telemetry.events.jobCompleted(job, in: span)
        case .failed: telemetry.events.jobFailed(job, in: span)
        case .cancelled: telemetry.events.jobCancelled(job, in: span)
        case .retried(let failure, let pause):
            span.fail(type: failure.kind.rawValue, message: failure.message)
            log.warning(
                "Attempt failed; the job is tried again.",
                [
                    "error_type": .string(failure.kind.rawValue), "attempt": .integer(job.attempts),
                    "pause_seconds": .number(Double(pause) / 1e9),
                ], exception: failure.message)
        case .handedBack: log.info("Job handed back: the service ends.")
        case .leaseLost: log.warning("Job left to another worker: the lease was lost.", ["attempt": .integer(job.attempts)])
        }
        span.end()
    }
}

extension TracedJobStore: JobStoreCalls {}
