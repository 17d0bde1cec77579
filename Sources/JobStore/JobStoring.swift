/// Where jobs and API keys live. Every call is atomic, may be made from any thread, and blocks.
///
/// A job is worked on by whoever claimed it, for as long as its lease is renewed; calls of a worker that has lost the lease change
/// nothing and say so. One instance has a ``FileJobStore``; several share a ``PostgresJobStore``.
package protocol JobStoring: AnyObject, Sendable {
    // MARK: Keys

    /// Throws ``JobStoreError/keyNameTaken(_:)``.
    func add(_ key: APIKey) throws(JobStoreError)
    /// In the order of creation.
    func keys() throws(JobStoreError) -> [APIKey]
    func key(hash: [UInt8]) throws(JobStoreError) -> APIKey?
    /// Its jobs stay. False: there was none.
    func removeKey(id: String) throws(JobStoreError) -> Bool

    // MARK: Jobs, from the API's side

    /// Throws ``JobStoreError/quotaExceeded(usedBytes:quotaBytes:)`` when the owner's jobs would hold more than its quota: decided
    /// and stored in one step, so that requests at once can't pass it together.
    func create(_ job: Job) throws(JobStoreError)
    func job(id: String) throws(JobStoreError) -> Job?
    /// The newest first.
    func jobs(_ query: JobQuery) throws(JobStoreError) -> [Job]
    /// Cancels it: at once when it is queued, by way of its worker when it runs. Final jobs stay as they are.
    /// Gives the job after that; nil: there is none.
    func cancel(id: String, now: UInt64) throws(JobStoreError) -> Job?
    /// Forgets a job in a final status; its files are the caller's to remove. False: there is none, or it is not final.
    func remove(id: String) throws(JobStoreError) -> Bool
    /// Of one key; of a key without jobs, zeros.
    func usage(of key: APIKey) throws(JobStoreError) -> StorageUsage

    // MARK: Jobs, from a worker's side

    /// Takes the oldest job that waits, or whose worker's lease has ended, and counts an attempt. nil: there is none.
    /// A job that was being cancelled when its worker's lease ended still is: the first renewal says so.
    func claim(worker: String, now: UInt64, leaseNanoseconds: UInt64) throws(JobStoreError) -> Job?
    /// Prolongs the lease and notes the progress.
    func renew(_ id: String, worker: String, now: UInt64, leaseNanoseconds: UInt64, progress: Double) throws(JobStoreError) -> LeaseState
    /// Ends the work: stores the job as it is now (``Job/status`` final, or queued for a retry or to hand it back), and gives up the
    /// lease. False: the lease was lost, nothing was stored. A job that goes back to the queue while it is being cancelled is cancelled.
    /// Throws ``JobStoreError/quotaExceeded(usedBytes:quotaBytes:)`` where its key would hold more than its quota: then nothing was
    /// stored and the lease goes on, for the job to be finished without what is too much.
    func finish(_ job: Job, worker: String) throws(JobStoreError) -> Bool
    /// Returns when there may be something to claim, at the latest after the time. Wakes up for a job that any instance created.
    func waitForWork(upTo nanoseconds: UInt64)
    /// Lets every ``waitForWork(upTo:)`` return at once.
    func wakeWaiting()

    // MARK: State

    func counts() throws(JobStoreError) -> JobCounts
    /// Of every key, in the order of names.
    func usages() throws(JobStoreError) -> [StorageUsage]
    /// Throws when the store can't be used now.
    func check() throws(JobStoreError)
    /// Ends what the store does by itself, and closes it.
    func close()
}

package struct JobQuery: Equatable, Sendable {
    /// nil: of all keys.
    package var keyID: String?
    package var status: JobStatus?
    /// Only jobs older than the one with this id.
    package var before: String?
    package var limit: Int

    package init(keyID: String? = nil, status: JobStatus? = nil, before: String? = nil, limit: Int) {
        self.keyID = keyID
        self.status = status
        self.before = before
        self.limit = limit
    }
}

package enum LeaseState: Equatable, Sendable {
    case held
    /// Held, and somebody asked to cancel the job.
    case cancelling
    /// Another worker has the job, or it is gone: stop, and store nothing.
    case lost
}

package struct JobCounts: Equatable, Sendable {
    package var queued: Int
    package var processing: Int

    package init(queued: Int, processing: Int) {
        self.queued = queued
        self.processing = processing
    }
}
