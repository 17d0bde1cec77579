import JobStore
import Synchronization

@testable import TranscodeService

/// Keeps what workers tell, as text.
final class RecordingObserver: WorkerObserving {
    private let told = Mutex<[String]>([])
    private let lostAnswers: Mutex<[JobStoreError]>

    /// The job store's first answers to `finish` are lost, with these errors.
    init(lostAnswers: [JobStoreError] = []) {
        self.lostAnswers = Mutex(lostAnswers)
    }

    func nextLostAnswer() -> JobStoreError? { lostAnswers.withLock { $0.isEmpty ? nil : $0.removeFirst() } }

    var events: [String] { told.withLock { $0 } }

    func add(_ event: String) { told.withLock { $0.append(event) } }

    func workerStarted(_ worker: String) { add("worker started") }
    func workerStopped(_ worker: String) { add("worker stopped") }
    func storeFailed(_ error: JobStoreError, operation: String, worker: String) { add("store failed to \(operation)") }
    func swept(_ result: OutputSweep.Result) { add("swept \(result)") }
    func endedLeft(programs: Int) { add("ended \(programs) left programs") }

    // Most tests have programs of their own.
    func found(_ problem: MediaPrograms.Problem) {}

    func jobStarted(_ job: Job, worker: String, store: any JobStoring) -> any JobObserving {
        add("job started, attempt \(job.attempts)")
        return RecordingJobObserver(self, UntracedJobStore(store: store, all: self))
    }
}

private final class RecordingJobObserver: JobObserving {
    private let all: RecordingObserver
    let store: any JobStoreCalls

    init(_ all: RecordingObserver, _ store: any JobStoreCalls) {
        self.all = all
        self.store = store
    }

    func stepStarted(_ step: JobStep) { all.add("\(Self.name(step)) started") }
    func programStarted(_ arguments: [String], pid: Int32) { all.add("program started") }
    func programEnded(_ report: ProgramReport) { all.add("program ended: \(report.ending)") }

    func stepEnded(_ step: JobStep, _ result: JobStepResult, nanoseconds: UInt64) {
        if case .failed = result { all.add("\(Self.name(step)) failed") } else { all.add("\(Self.name(step)) ended") }
    }

    func quotaExceeded(usedBytes: UInt64, quotaBytes: UInt64) { all.add("quota exceeded: \(usedBytes) of \(quotaBytes)") }

    func ended(_ job: Job, _ end: JobEnd) {
        switch end {
        case .failed(let failure): all.add("job failed: \(failure.kind)")
        case .retried(let failure, _): all.add("job retried: \(failure.kind)")
        case .completed, .cancelled, .handedBack, .leaseLost: all.add("job \(end)")
        }
    }

    private static func name(_ step: JobStep) -> String {
        switch step {
        case .probe: "probe"
        case .transcode(let resolution): resolution.rawValue
        case .transcription(let model): "transcription by \(model)"
        }
    }
}

private struct UntracedJobStore: JobStoreCalls {
    let store: any JobStoring
    let all: RecordingObserver

    func keys() throws(JobStoreError) -> [APIKey] { try store.keys() }
    func usage(of key: APIKey) throws(JobStoreError) -> StorageUsage { try store.usage(of: key) }
    func renew(
        _ id: String, worker: String, now: UInt64, leaseNanoseconds: UInt64, progress: Double
    ) throws(JobStoreError) -> LeaseState {
        try store.renew(id, worker: worker, now: now, leaseNanoseconds: leaseNanoseconds, progress: progress)
    }
    func finish(_ job: Job, worker: String) throws(JobStoreError) -> Bool {
        let isStored = try store.finish(job, worker: worker)
        if let error = all.nextLostAnswer() { throw error }
        return isStored
    }
}
