import JobStore
import SystemIO

/// One attempt at a job: from its claim to what the store keeps of it.
struct JobAttempt {
    let worker: String
    let settings: WorkerSettings
    let files: JobFiles
    let store: any JobStoring
    let launcher: String
    let leases: LeaseKeeper
    let observing: any WorkerObserving

    func run(_ job: Job, _ control: JobControl) {
        let observer = observing.jobStarted(job, worker: worker, store: store)
        leases.keep(job, worker: worker, control: control)
        defer { leases.letGo(job) }
        var job = job
        do throws(JobError) {
            try work(&job, control, observer)
            job.status = .completed
            job.failure = nil
            finish(job, .completed, observer)
        } catch {
            removeAttempt(of: job)
            job.outputs = []
            job.transcript = nil
            let end = settle(&job, error, control, observer)
            finish(job, end, observer)
        }
    }

    private func work(_ job: inout Job, _ control: JobControl, _ observer: any JobObserving) throws(JobError) {
        if job.isCancelling { throw .stopped(.cancelled) }
        guard job.attempts <= settings.retries.maximumClaims else {
            throw .final(.unknown, "the service ended \(job.attempts - 1) times while it worked on this")
        }
        let (deadline, isOver) = SystemClock.monotonicNanoseconds().addingReportingOverflow(settings.timeoutNanoseconds)
        let steps = JobSteps(
            settings: settings, files: files, launcher: launcher, control: control, observer: observer,
            deadline: isOver ? .max : deadline)
        try steps.run(&job)
    }

    /// Makes of the job what it is to be after `error`.
    private func settle(_ job: inout Job, _ error: JobError, _ control: JobControl, _ observer: any JobObserving) -> JobEnd {
        switch error {
        case .stopped(.leaseLost):
            return .leaseLost
        case .stopped(.cancelled):
            return cancel(&job)
        case .stopped(.handBack):
            if let end = stoppedMeanwhile(&job, control, observer) { return end }
            requeue(&job, at: SystemClock.wallNanoseconds())
            // It was no fault of the job's.
            job.attempts -= 1
            return .handedBack
        case .failed(let failure, let isTransient):
            if let pause = settings.retries.pause(afterAttempt: job.attempts, isTransient: isTransient) {
                if let end = stoppedMeanwhile(&job, control, observer) { return end }
                requeue(&job, at: SystemClock.wallNanoseconds() + pause)
                return .retried(failure, afterNanoseconds: pause)
            }
            job.status = .failed
            job.failure = failure
            job.progress = control.progress
            return .failed(failure)
        }
    }

    /// A cancellation that nobody has told us of yet must not get lost when the job goes back to the queue.
    private func stoppedMeanwhile(_ job: inout Job, _ control: JobControl, _ observer: any JobObserving) -> JobEnd? {
        do throws(JobStoreError) {
            let state = try observer.store.renew(
                job.id, worker: worker, now: SystemClock.wallNanoseconds(), leaseNanoseconds: settings.leaseNanoseconds,
                progress: control.progress)
            switch state {
            case .held: return nil
            case .cancelling: return cancel(&job)
            case .lost: return .leaseLost
            }
        } catch {
            // The last word is that of `finish`.
            return nil
        }
    }

    private func cancel(_ job: inout Job) -> JobEnd {
        job.status = .cancelled
        return .cancelled
    }

    private func requeue(_ job: inout Job, at time: UInt64) {
        job.status = .queued
        job.availableAt = time
        job.progress = 0
        job.failure = nil
    }

    // MARK: Storing

    private func finish(_ job: Job, _ end: JobEnd, _ observer: any JobObserving) {
        if end == .leaseLost { return observer.ended(job, end) }
        var job = job
        if job.status.isFinal { job.finishedAt = SystemClock.wallNanoseconds() }
        if job.status == .completed { job.progress = 1 }
        switch store(job, observer) {
        case .stored: observer.ended(job, end)
        case .refused:
            if end == .completed { removeAttempt(of: job) }
            return observer.ended(job, .leaseLost)
        case .overQuota(let used, let quota):
            // Other jobs of its key were done in the meantime, and left no room for what this one has made.
            observer.quotaExceeded(usedBytes: used, quotaBytes: quota)
            removeAttempt(of: job)
            job.outputs = []
            job.transcript = nil
            job.status = .failed
            let failure = JobFailure(
                kind: .storage, message: JobStoreError.quotaExceeded(usedBytes: used, quotaBytes: quota).description)
            job.failure = failure
            return finish(job, .failed(failure), observer)
        case .unknown:
            // Its files may count: the sweep asks the store when it is back.
            return observer.ended(job, .leaseLost)
        }
        switch job.status {
        case .completed: report { () throws(SystemError) in try files.removeOtherAttempts(job) }
        case .failed, .cancelled: report { () throws(SystemError) in try files.removeOutputs(job.id) }
        case .queued, .processing: break
        }
    }

    private enum StoreAnswer {
        case stored
        case refused
        case overQuota(usedBytes: UInt64, quotaBytes: UInt64)
        case unknown
    }

    /// Tries for as long as the lease may last: hours of work are not given up for a database that is started again.
    private func store(_ job: Job, _ observer: any JobObserving) -> StoreAnswer {
        let start = SystemClock.monotonicNanoseconds()
        var pause = 100
        var hasFailed = false
        while true {
            do throws(JobStoreError) {
                if try observer.store.finish(job, worker: worker) { return .stored }
                // A call that failed may have been the one that stored it: its answer was lost, and this one comes too late.
                guard hasFailed, let kept = try store.job(id: job.id) else { return .refused }
                return kept.status == job.status && kept.attempts == job.attempts ? .stored : .refused
            } catch {
                if case .quotaExceeded(let used, let quota) = error { return .overQuota(usedBytes: used, quotaBytes: quota) }
                hasFailed = true
                let waited = SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
                guard case .unavailable = error, waited < settings.leaseNanoseconds else { return .unknown }
                _ = Poll.readable([], milliseconds: pause)
                pause = min(pause * 2, 2000)
            }
        }
    }

    private func removeAttempt(of job: Job) {
        report { () throws(SystemError) in try files.removeAttempt(job) }
    }

    /// The next sweep tries again.
    private func report(_ body: () throws(SystemError) -> Void) {
        do throws(SystemError) {
            try body()
        } catch {
            observing.swept(OutputSweep.Result(problem: error.description))
        }
    }
}
