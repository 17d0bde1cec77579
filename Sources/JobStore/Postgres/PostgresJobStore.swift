import PostgreSQL
import Synchronization
import SystemIO

/// Jobs and keys in a PostgreSQL database that any number of instances share.
///
/// When a lease ends, and when a retry is due, is decided by the database's clock: those of the instances may differ.
package final class PostgresJobStore: JobStoring {
    private let pool: PostgresPool
    private let listener: PostgresListener
    private let work: WorkSignal
    private let isListening: Listening

    private final class Listening: Sendable {
        let value = Atomic(false)
    }

    /// Connects, and brings the database's schema to this version. Throws ``JobStoreError/unavailable(_:)`` when it can't be reached,
    /// ``JobStoreError/broken(_:)`` when it is another program's or a newer one's.
    ///
    /// `observer` sees every statement, on the thread that runs it. `onLostListening` gets to know when notifications stop; until they are
    /// back, which it tries by itself, waiting workers look for themselves once a second.
    package init(
        _ settings: PostgresSettings, observer: StatementObserver? = nil,
        onLostListening: @escaping @Sendable (PostgresError) -> Void = { _ in }
    ) throws(JobStoreError) {
        let pool = PostgresPool(settings, observer: observer)
        try JobStoreMigrations.migrate(pool)
        let work = WorkSignal()
        let isListening = Listening()
        do throws(SystemError) {
            listener = try PostgresListener(settings, channels: [JobStatements.channel]) { event in
                switch event {
                case .listening:
                    isListening.value.store(true, ordering: .relaxed)
                    work.signal()
                case .notified: work.signal()
                case .lost(let error):
                    isListening.value.store(false, ordering: .relaxed)
                    onLostListening(error)
                }
            }
        } catch {
            throw .unavailable("\(error)")
        }
        self.pool = pool
        self.work = work
        self.isListening = isListening
    }

    deinit { close() }

    // MARK: Keys

    package func add(_ key: APIKey) throws(JobStoreError) {
        try checkID(key.id, "key")
        do throws(PostgresError) {
            try pool.perform { (connection, mayHaveHappened) throws(PostgresError) in
                if mayHaveHappened, try connection.execute(JobStatements.hasKey, [.text(key.id)]).count > 0 { return }
                try connection.execute(
                    JobStatements.addKey,
                    [.text(key.id), .text(key.name.storable), .bytes(key.hash), .integer(key.quotaBytes), .integer(key.createdAt)])
            }
        } catch {
            if error.isUniqueViolation && error.constraint == "api_keys_hash" { throw .broken("there is a key with this hash already") }
            // The same key again has its name, too.
            if error.isUniqueViolation { throw .keyNameTaken(key.name) }
            throw JobStoreError(error)
        }
    }

    package func keys() throws(JobStoreError) -> [APIKey] {
        try JobStoreError.mapping { () throws(PostgresError) in
            let rows = try pool.execute(JobStatements.keys)
            var keys: [APIKey] = []
            for index in 0..<rows.count { keys.append(try JobRow.key(rows[index])) }
            return keys
        }
    }

    package func key(hash: [UInt8]) throws(JobStoreError) -> APIKey? {
        try JobStoreError.mapping { () throws(PostgresError) in
            // What the index's search takes may depend on the hash of what was presented, which nobody can choose.
            guard let row = try pool.execute(JobStatements.keyByHash, [.bytes(hash)]).first else { return nil }
            let key = try JobRow.key(row)
            return KeyHash.areEqual(key.hash, hash) ? key : nil
        }
    }

    package func removeKey(id: String) throws(JobStoreError) -> Bool {
        guard UUIDv7.isCanonical(id) else { return false }
        return try removing(JobStatements.removeKey, id)
    }

    /// One row goes, or went in a run whose answer was lost.
    private func removing(_ statement: PostgresStatement, _ id: String) throws(JobStoreError) -> Bool {
        try JobStoreError.mapping { () throws(PostgresError) in
            try pool.perform { (connection, mayHaveHappened) throws(PostgresError) in
                try connection.execute(statement, [.text(id)]).affectedRows > 0 || mayHaveHappened
            }
        }
    }

    // MARK: Jobs

    package func create(_ job: Job) throws(JobStoreError) {
        try checkID(job.id, "job")
        try checkID(job.keyID, "key")
        let job = job.storable
        let values: [PostgresValue] = [
            .text(job.id), .text(job.keyID), .text(job.keyName), .text(job.fileName), .integer(job.inputBytes),
            .integer(job.createdAt), .text(job.traceparent), .text(job.status.rawValue), .integer(job.attempts),
            .integer(job.availableAt), .integer(job.storedBytes), try JobRow.json(job.outputs), .integer(Self.delay(of: job)),
            .text(job.tracestate),
        ]
        let isStored: Bool
        do throws(PostgresError) {
            isStored = try pool.perform { (connection, mayHaveHappened) throws(PostgresError) in
                // It would be in its own way, for its id and for its quota.
                if mayHaveHappened, try connection.execute(JobStatements.job, [.text(job.id)]).count > 0 { return true }
                return try connection.execute(JobStatements.create, values).count > 0
            }
        } catch {
            if error.isUniqueViolation { throw .broken("there is a job \(job.id) already") }
            throw JobStoreError(error)
        }
        if isStored {
            work.signal()
            return
        }
        let usage = try self.usages(ofKey: job.keyID)
        throw .quotaExceeded(usedBytes: usage.used, quotaBytes: usage.quota)
    }

    private func usages(ofKey id: String) throws(JobStoreError) -> (used: UInt64, quota: UInt64) {
        try JobStoreError.mapping { () throws(PostgresError) in
            let used = try pool.execute(JobStatements.usage, [.text(id)]).first?.value("used_bytes", as: UInt64.self) ?? 0
            let quota = try pool.execute(JobStatements.quota, [.text(id)]).first?.optional("quota_bytes", as: UInt64.self)
            return (used, quota ?? 0)
        }
    }

    package func job(id: String) throws(JobStoreError) -> Job? {
        guard UUIDv7.isCanonical(id) else { return nil }
        let rows = try JobStoreError.mapping { () throws(PostgresError) in try pool.execute(JobStatements.job, [.text(id)]) }
        return try rows.first.map { row throws(JobStoreError) in try JobRow.job(row) }
    }

    package func jobs(_ query: JobQuery) throws(JobStoreError) -> [Job] {
        for id in [query.keyID, query.before] { if let id, !UUIDv7.isCanonical(id) { return [] } }
        let (statement, values) = JobStatements.list(query)
        let rows = try JobStoreError.mapping { () throws(PostgresError) in try pool.execute(statement, values) }
        var jobs: [Job] = []
        for index in 0..<rows.count { jobs.append(try JobRow.job(rows[index])) }
        return jobs
    }

    package func cancel(id: String, now: UInt64) throws(JobStoreError) -> Job? {
        guard UUIDv7.isCanonical(id) else { return nil }
        let rows = try JobStoreError.mapping { () throws(PostgresError) in
            try pool.execute(JobStatements.cancel, [.text(id), .integer(now)])
        }
        if let row = rows.first { return try JobRow.job(row) }
        // Final already, or none.
        return try job(id: id)
    }

    package func remove(id: String) throws(JobStoreError) -> Bool {
        guard UUIDv7.isCanonical(id) else { return false }
        return try removing(JobStatements.remove, id)
    }

    package func usage(of key: APIKey) throws(JobStoreError) -> StorageUsage {
        let none = StorageUsage(keyName: key.name, jobs: 0, usedBytes: 0, quotaBytes: key.quotaBytes)
        guard UUIDv7.isCanonical(key.id) else { return none }
        return try JobStoreError.mapping { () throws(PostgresError) in
            guard let row = try pool.execute(JobStatements.usage, [.text(key.id)]).first else { return none }
            return try JobRow.usage(row, of: key.name, quota: key.quotaBytes)
        }
    }

    // MARK: Workers

    package func claim(worker: String, now: UInt64, leaseNanoseconds: UInt64) throws(JobStoreError) -> Job? {
        let signals = work.count
        let claim = PostgresValue.text(UUIDv7.next())
        let rows = try JobStoreError.mapping { () throws(PostgresError) in
            try pool.perform { (connection, mayHaveHappened) throws(PostgresError) in
                if mayHaveHappened {
                    let claimed = try connection.execute(JobStatements.claimed, [claim])
                    if claimed.count > 0 { return claimed }
                }
                return try connection.execute(
                    JobStatements.claim,
                    [.text(worker.storable), .integer(now), claim, .integer(Self.microseconds(leaseNanoseconds))])
            }
        }
        guard let row = rows.first else {
            work.foundNothing(since: signals)
            return nil
        }
        return try JobRow.job(row)
    }

    package func renew(
        _ id: String, worker: String, now: UInt64, leaseNanoseconds: UInt64, progress: Double
    ) throws(JobStoreError) -> LeaseState {
        guard UUIDv7.isCanonical(id) else { return .lost }
        return try JobStoreError.mapping { () throws(PostgresError) in
            let rows = try pool.execute(
                JobStatements.renew,
                [.text(id), .text(worker.storable), .integer(Self.microseconds(leaseNanoseconds)), .real(progress)])
            guard let row = rows.first else { return .lost }
            return try row.value("is_cancelling") ? .cancelling : .held
        }
    }

    package func finish(_ job: Job, worker: String) throws(JobStoreError) -> Bool {
        precondition(job.status != .processing, "a worker that ends its work says what becomes of the job")
        guard UUIDv7.isCanonical(job.id) else { return false }
        let job = job.storable
        let values: [PostgresValue] = [
            .text(job.id), .text(worker.storable), .text(job.status.rawValue), .integer(job.attempts), .integer(job.startedAt),
            .integer(job.finishedAt), .integer(SystemClock.wallNanoseconds()), .integer(job.availableAt), .real(job.progress),
            try JobRow.json(job.media), try JobRow.json(job.outputs), try JobRow.json(job.transcript),
            try JobRow.json(job.failure), .integer(job.storedBytes), .integer(Self.delay(of: job)),
        ]
        // nil: the quota would be passed.
        let isStored = try JobStoreError.mapping { () throws(PostgresError) in
            try pool.perform { (connection, mayHaveHappened) throws(PostgresError) -> Bool? in
                if let row = try connection.execute(JobStatements.finish, values).first {
                    return try row.value("is_stored", as: Bool.self) ? true : nil
                }
                guard mayHaveHappened else { return false }
                return try connection.execute(
                    JobStatements.finished, [.text(job.id), .text(worker.storable), .integer(job.attempts)]
                ).count > 0
            }
        }
        guard let isStored else {
            let usage = try usages(ofKey: job.keyID)
            throw .quotaExceeded(usedBytes: usage.used, quotaBytes: usage.quota)
        }
        if isStored && job.status == .queued { work.signal() }
        return isStored
    }

    package func waitForWork(upTo nanoseconds: UInt64) {
        pool.closeIdle()
        work.wait(upTo: isListening.value.load(ordering: .relaxed) ? nanoseconds : min(nanoseconds, 1_000_000_000))
    }

    package func wakeWaiting() { work.signal() }

    /// How long the job is not to be claimed, from now on: the instance that says so and the database may disagree on what time it is.
    private static func delay(of job: Job) -> Int64 {
        microseconds(SystemClock.nanoseconds(from: max(job.createdAt, SystemClock.wallNanoseconds()), to: job.availableAt))
    }

    /// At most ten years, which the database can add to any time.
    private static func microseconds(_ nanoseconds: UInt64) -> Int64 { Int64(min(nanoseconds, 315_000_000_000_000_000) / 1_000) }

    // MARK: State

    package func counts() throws(JobStoreError) -> JobCounts {
        try JobStoreError.mapping { () throws(PostgresError) in
            guard let row = try pool.execute(JobStatements.counts).first else { return JobCounts(queued: 0, processing: 0) }
            return JobCounts(queued: try row.value("queued"), processing: try row.value("processing"))
        }
    }

    package func usages() throws(JobStoreError) -> [StorageUsage] {
        try JobStoreError.mapping { () throws(PostgresError) in
            let rows = try pool.execute(JobStatements.usages)
            var usages: [StorageUsage] = []
            for index in 0..<rows.count {
                usages.append(
                    try JobRow.usage(rows[index], of: try rows[index].value("name"), quota: try rows[index].optional("quota_bytes")))
            }
            return usages
        }
    }

    package func check() throws(JobStoreError) {
        _ = try JobStoreError.mapping { () throws(PostgresError) in try pool.execute(JobStatements.check) }
    }

    /// Calls after this one throw.
    package func close() {
        work.signal()
        pool.close()
        listener.stop()
    }

    private func checkID(_ id: String, _ what: String) throws(JobStoreError) {
        if !UUIDv7.isCanonical(id) { throw .broken("the \(what)'s id is no UUID in small letters") }
    }
}
