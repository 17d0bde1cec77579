import JobStore

/// Is told what workers do, on their threads: for logs, metrics and spans. Nothing of it may block.
protocol WorkerObserving: Sendable {
    func workerStarted(_ worker: String)
    func workerStopped(_ worker: String)
    /// A worker has claimed `job`, whose ``Job/startedAt`` and ``Job/attempts`` are those of this attempt. What happens to it is told
    /// to the result, on one thread.
    func jobStarted(_ job: Job, worker: String) -> any JobObserving
    /// A call of the job store failed; it is made again.
    func storeFailed(_ error: JobStoreError, operation: String, worker: String)
    func swept(_ result: OutputSweep.Result)
}

/// One attempt at one job. Steps don't overlap; runs of programs lie within a step.
protocol JobObserving: AnyObject {
    func stepStarted(_ step: JobStep)
    func programStarted(_ program: String, pid: Int32)
    func programEnded(_ report: ProgramReport)
    func stepEnded(_ step: JobStep, _ result: JobStepResult, nanoseconds: UInt64)
    /// The owner's quota is used up, or an output would pass it: the job fails.
    func quotaExceeded(usedBytes: UInt64, quotaBytes: UInt64)
    /// A call of the job store failed that is not made again.
    func storeFailed(_ error: JobStoreError, operation: String)
    /// The last that is told: the store has the job as it is given here or, after a lost lease, has refused it.
    func ended(_ job: Job, _ end: JobEnd)
}

enum JobStep: Equatable, Sendable {
    case probe
    case transcode(Resolution)
    /// The model.
    case transcription(String)
}

enum JobStepResult: Equatable, Sendable {
    case probed(MediaFacts)
    case transcoded(JobOutput)
    case transcribed(Transcript)
    case failed(JobError)
}

/// How an attempt ended.
enum JobEnd: Equatable, Sendable {
    case completed
    case failed(JobFailure)
    /// It failed, and is tried again after this time (nanoseconds since 1970).
    case retried(JobFailure, at: UInt64)
    case cancelled
    /// Queued again: the service ends.
    case handedBack
    /// Another worker has it, or will once the lease has ended; nothing was stored.
    case leaseLost
}

extension Job {
    /// How long the current attempt waited to be claimed: since the job was created or, for a retry, since it could be claimed.
    var queueNanoseconds: UInt64 {
        let (end, wasWaitingSince) = (startedAt ?? createdAt, max(createdAt, availableAt))
        return end > wasWaitingSince ? end - wasWaitingSince : 0
    }
}
