/// How a job changes, as every store does it.
extension Job {
    /// As it is for the worker that takes it at `now`. ``isCancelling`` stays: whoever takes over a job that was being cancelled finds that
    /// out with the first renewal, and ends it.
    func claimed(at now: UInt64) -> Job {
        var job = self
        job.status = .processing
        job.attempts += 1
        job.startedAt = now
        job.progress = 0
        return job
    }

    /// As it is once somebody asked to cancel it; nil where that changes nothing.
    func cancelled(at now: UInt64) -> Job? {
        var job = self
        switch status {
        case .queued:
            job.status = .cancelled
            job.finishedAt = now
        case .processing where !isCancelling: job.isCancelling = true
        case .processing, .completed, .failed, .cancelled: return nil
        }
        return job
    }

    /// What ``JobStoring/finish(_:worker:)`` stores of what a worker gives back, `stored` being the job as it is now. Nobody would cancel a
    /// job later that goes back to the queue while it is being cancelled, so that is its end.
    func finished(from stored: Job, at now: UInt64) -> Job {
        var job = self
        if job.status == .queued && stored.isCancelling {
            job.status = .cancelled
            job.finishedAt = now
        }
        job.isCancelling = false
        return job
    }
}
