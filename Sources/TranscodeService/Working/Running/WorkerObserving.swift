import JobStore

/// Is told what workers do, on their threads: for logs, metrics and spans. Nothing of it may block.
protocol WorkerObserving: Sendable {
    func workerStarted(_ worker: String)
    func workerStopped(_ worker: String)
    /// A worker has claimed `job`, whose ``Job/startedAt`` and ``Job/attempts`` are those of this attempt. What happens to it is told
    /// to the result, on one thread, which also calls the store on its behalf.
    func jobStarted(_ job: Job, worker: String, store: any JobStoring) -> any JobObserving
    /// A call of the job store failed that is not one of ``JobObserving/store``; it is made again.
    func storeFailed(_ error: JobStoreError, operation: String, worker: String)
    func swept(_ result: OutputSweep.Result)
    /// Programs that a killed service has left behind were killed.
    func endedLeft(programs: Int)
    /// Found at the start: jobs will fail until it is mended.
    func found(_ problem: MediaPrograms.Problem)
}

/// One attempt at one job. Steps don't overlap; runs of programs lie within a step.
protocol JobObserving: AnyObject {
    var store: any JobStoreCalls { get }
    func stepStarted(_ step: JobStep)
    /// `arguments`: the program, and what can't be a secret of what it is given.
    func programStarted(_ arguments: [String], pid: Int32)
    func programEnded(_ report: ProgramReport)
    func stepEnded(_ step: JobStep, _ result: JobStepResult, nanoseconds: UInt64)
    /// The owner's quota is used up, or an output would pass it: the job fails.
    func quotaExceeded(usedBytes: UInt64, quotaBytes: UInt64)
    /// The last that is told: the store has the job as it is given here or, after a lost lease, has refused it.
    func ended(_ job: Job, _ end: JobEnd)
}

/// What is asked of the job store on behalf of a job that runs.
protocol JobStoreCalls {
    func keys() throws(JobStoreError) -> [APIKey]
    func usage(of key: APIKey) throws(JobStoreError) -> StorageUsage
    func renew(_ id: String, worker: String, now: UInt64, leaseNanoseconds: UInt64, progress: Double) throws(JobStoreError) -> LeaseState
    func finish(_ job: Job, worker: String) throws(JobStoreError) -> Bool
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
    /// It failed, and is tried again.
    case retried(JobFailure, afterNanoseconds: UInt64)
    case cancelled
    /// Queued again: the service ends.
    case handedBack
    /// Another worker has it, or will once the lease has ended; nothing was stored.
    case leaseLost
}
