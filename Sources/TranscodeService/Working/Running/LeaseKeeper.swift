import JobStore
import Synchronization
import SystemIO

/// Renews the leases of all jobs that run here, and stops those that were cancelled or lost. Works on a thread of its own, for as long
/// as it lives between ``run()`` and ``end()``.
///
/// A store that can't be reached stops nothing: whether a job is still its worker's is known again when the store is back.
final class LeaseKeeper: Sendable {
    private struct Lease: Sendable {
        let worker: String
        let control: JobControl
    }

    private let store: any JobStoring
    private let settings: WorkerSettings
    private let observing: any WorkerObserving
    private let wake: EventDescriptor
    private let isEnding = Atomic(false)
    /// By job.
    private let leases = Mutex<[String: Lease]>([:])

    init(store: any JobStoring, settings: WorkerSettings, observing: any WorkerObserving) throws(SystemError) {
        self.store = store
        self.settings = settings
        self.observing = observing
        wake = try EventDescriptor()
    }

    func keep(_ job: Job, worker: String, control: JobControl) {
        leases.withLock { $0[job.id] = Lease(worker: worker, control: control) }
    }

    func letGo(_ job: Job) {
        _ = leases.withLock { $0.removeValue(forKey: job.id) }
    }

    /// Renews now: for a caller who knows that a job was cancelled.
    func renewNow() {
        wake.signal()
    }

    func stopAll(_ reason: JobControl.StopReason) {
        leases.withLock { for lease in $0.values { lease.control.stop(reason) } }
    }

    func end() {
        isEnding.store(true, ordering: .releasing)
        wake.signal()
    }

    /// Until ``end()``.
    func run() {
        while !isEnding.load(ordering: .acquiring) {
            if Poll.readable([wake.rawValue], milliseconds: Int(settings.renewalNanoseconds / 1_000_000))[0] { wake.drain() }
            for (id, lease) in leases.withLock({ $0 }) { renew(id, lease) }
        }
    }

    private func renew(_ id: String, _ lease: Lease) {
        do throws(JobStoreError) {
            let state = try store.renew(
                id, worker: lease.worker, now: SystemClock.wallNanoseconds(), leaseNanoseconds: settings.leaseNanoseconds,
                progress: lease.control.progress)
            switch state {
            case .held: break
            case .cancelling: lease.control.stop(.cancelled)
            case .lost: lease.control.stop(.leaseLost)
            }
        } catch {
            observing.storeFailed(error, operation: "renew", worker: lease.worker)
        }
    }
}
