import JobStore
import OTLP
import Tracing

/// A job store whose calls are spans below one span, and whose failures are `db.error` events. Cheap to make: one for each request, and
/// for each job.
struct TracedJobStore: Sendable {
    private let store: any JobStoring
    private let system: DatabaseSystem
    private let parent: TraceSpan
    private let events: ServiceEvents

    init(_ store: any JobStoring, system: DatabaseSystem, in parent: TraceSpan, events: ServiceEvents) {
        self.store = store
        self.system = system
        self.parent = parent
        self.events = events
    }

    func add(_ key: APIKey) throws(JobStoreError) {
        try call("add_key", on: "keys") { store throws(JobStoreError) in try store.add(key) }
    }

    func keys() throws(JobStoreError) -> [APIKey] {
        try call("keys", on: "keys") { store throws(JobStoreError) in try store.keys() }
    }

    func key(hash: [UInt8]) throws(JobStoreError) -> APIKey? {
        try call("key", on: "keys") { store throws(JobStoreError) in try store.key(hash: hash) }
    }

    func removeKey(id: String) throws(JobStoreError) -> Bool {
        try call("remove_key", on: "keys") { store throws(JobStoreError) in try store.removeKey(id: id) }
    }

    func create(_ job: Job) throws(JobStoreError) {
        try call("create", on: "jobs", jobID: job.id) { store throws(JobStoreError) in try store.create(job) }
    }

    func job(id: String) throws(JobStoreError) -> Job? {
        try call("job", on: "jobs", jobID: id) { store throws(JobStoreError) in try store.job(id: id) }
    }

    func jobs(_ query: JobQuery) throws(JobStoreError) -> [Job] {
        try call("jobs", on: "jobs") { store throws(JobStoreError) in try store.jobs(query) }
    }

    func cancel(id: String, now: UInt64) throws(JobStoreError) -> Job? {
        try call("cancel", on: "jobs", jobID: id) { store throws(JobStoreError) in try store.cancel(id: id, now: now) }
    }

    func remove(id: String) throws(JobStoreError) -> Bool {
        try call("remove", on: "jobs", jobID: id) { store throws(JobStoreError) in try store.remove(id: id) }
    }

    func usage(of key: APIKey) throws(JobStoreError) -> StorageUsage {
        try call("usage", on: "jobs") { store throws(JobStoreError) in try store.usage(of: key) }
    }

    func renew(
        _ id: String, worker: String, now: UInt64, leaseNanoseconds: UInt64, progress: Double
    ) throws(JobStoreError) -> LeaseState {
        try call("renew", on: "jobs", jobID: id) { store throws(JobStoreError) in
            try store.renew(id, worker: worker, now: now, leaseNanoseconds: leaseNanoseconds, progress: progress)
        }
    }

    func finish(_ job: Job, worker: String) throws(JobStoreError) -> Bool {
        try call("finish", on: "jobs", jobID: job.id) { store throws(JobStoreError) in try store.finish(job, worker: worker) }
    }

    func usages() throws(JobStoreError) -> [StorageUsage] {
        try call("usages", on: "jobs") { store throws(JobStoreError) in try store.usages() }
    }

    private func call<Result>(
        _ operation: String, on collection: String, jobID: String? = nil, _ body: (any JobStoring) throws(JobStoreError) -> Result
    ) throws(JobStoreError) -> Result {
        let span = parent.child(
            "\(operation) \(collection)",
            attributes: [
                "db.system.name": .string(system.rawValue), "db.operation.name": .string(operation),
                "db.collection.name": .string(collection),
            ])
        defer { span.end() }
        do throws(JobStoreError) {
            return span.isRecorded ? try CurrentSpan.during(span) { () throws(JobStoreError) in try body(store) } : try body(store)
        } catch {
            if let type = error.databaseErrorType {
                span.record(error, type: type)
                events.dbError(operation, error, jobID: jobID, in: span)
            }
            throw error
        }
    }
}
