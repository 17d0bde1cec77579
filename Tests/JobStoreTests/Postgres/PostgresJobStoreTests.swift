import PostgreSQL
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import JobStore

/// What only a shared database can be asked for.
@Suite(.timeLimit(.minutes(5)))
struct PostgresJobStoreTests {
    @Test
    func `a restart of the server loses no job, and none is claimed or counted twice`() throws {
        let server = try PostgresServer()
        defer { server.remove() }
        let database = try server.newDatabase()
        let lost = Atomic(0)
        let stores = try (0..<3).map { _ in
            try PostgresJobStore(PostgresSettings(database, retrySeconds: 60)) { _ in lost.add(1, ordering: .relaxed) }
        }
        defer { for store in stores { store.close() } }
        let key = makeKey(quota: 1_000_000)
        try stores[0].add(key)

        let created = Atomic(0)
        let claims = Mutex<[String]>([])
        let restarts = 2
        let isDone = Atomic(false)
        let restarting = try WorkerThread("restarting", stackBytes: 512 << 10) {
            for restart in 1...restarts {
                // In the middle of the work, whatever that is now.
                try? waitUntil("work") { created.load(ordering: .relaxed) >= 40 * restart }
                server.stop(immediately: true)
                do { try server.start() } catch { Issue.record(error) }
            }
            isDone.store(true, ordering: .sequentiallyConsistent)
        }
        defer { restarting.join() }
        try onThreads(6) { index in
            let store = stores[index % stores.count]
            if index < 3 {
                var count = 0
                while count < 60 || !isDone.load(ordering: .sequentiallyConsistent) && count < 100_000 {
                    try store.create(makeJob(of: key, bytes: 1))
                    created.add(1, ordering: .relaxed)
                    count += 1
                }
            } else {
                while true {
                    if let job = try store.claim("worker \(index)") {
                        claims.withLock { $0.append("\(job.id) \(job.attempts)") }
                        var job = job
                        job.status = .completed
                        #expect(try store.finish(job, worker: "worker \(index)"))
                    } else if isDone.load(ordering: .sequentiallyConsistent) {
                        if try store.counts().queued == 0 { break }
                    } else {
                        store.waitForWork(upTo: 20 * milliseconds)
                    }
                }
            }
        }
        let count = created.load(ordering: .relaxed)
        // The last ones may have been created when the workers had already gone.
        let left = try stores[0].counts()
        #expect(left.processing == 0)
        let claimed = claims.withLock { $0 }
        #expect(claimed.count + left.queued == count)
        #expect(Set(claimed).count == claimed.count)
        #expect(claimed.allSatisfy { $0.hasSuffix(" 1") })
        #expect(
            try stores[0].usage(of: key)
                == StorageUsage(keyName: key.name, jobs: count, usedBytes: UInt64(count), quotaBytes: 1_000_000))
        #expect(lost.load(ordering: .relaxed) > 0)
    }

    @Test
    func `a server that stays away is told, and waiting goes on`() throws {
        let server = try PostgresServer()
        defer { server.remove() }
        let store = try PostgresJobStore(PostgresSettings(try server.newDatabase(), retrySeconds: 0))
        defer { store.close() }
        server.stop(immediately: true)
        let error = try #require(throws: JobStoreError.self) { try store.claim("w") }
        guard case .unavailable = error else {
            Issue.record(error)
            return
        }
        #expect(throws: JobStoreError.self) { try store.check() }
        store.waitForWork(upTo: milliseconds)
        try server.start()
        try waitUntil("the server") { (try? store.check()) != nil }
        try store.create(makeJob(of: makeKey()))
        #expect(try store.claim("w") != nil)
    }

    @Test
    func `every statement is seen by its name`() throws {
        let seen = Mutex<[String]>([])
        let store = try PostgresJobStore(
            PostgresSettings(try PostgresServer.shared().newDatabase()),
            observer: { execution in seen.withLock { $0.append(execution.statement.name + (execution.error == nil ? "" : " failed")) } })
        defer { store.close() }
        let key = makeKey()
        try store.add(key)
        #expect(throws: JobStoreError.self) { try store.add(key) }
        try store.create(makeJob(of: key))
        _ = try store.claim("w")
        _ = try store.jobs(JobQuery(keyID: key.id, status: .queued, limit: 1))
        let last = seen.withLock { $0.filter { !$0.hasPrefix("migration") && !$0.hasPrefix("transaction") } }
        #expect(last == ["session.configure", "key.add", "key.add failed", "job.create", "job.claim", "job.list.key.status"])
    }

    @Test
    func `a claim walks through the index of open jobs, however many are final`() throws {
        let settings = PostgresSettings(try PostgresServer.shared().newDatabase())
        let pool = PostgresPool(settings)
        defer { pool.close() }
        try JobStoreMigrations.migrate(pool)
        try pool.execute(
            PostgresStatement(
                "fill",
                """
                INSERT INTO jobs (id, key_id, key_name, file_name, input_bytes, created_at, status, attempts, available_at, is_cancelling,
                    progress, outputs, stored_bytes)
                SELECT gen_random_uuid(), gen_random_uuid(), 'k', 'f', 1, 1, 'completed', 1, 1, false, 1, '[]', 1
                FROM generate_series(1, 5000)
                """, isPrepared: false))
        try pool.execute(PostgresStatement("analyze", "ANALYZE jobs", isPrepared: false))
        // EXPLAIN takes no parameters.
        let claim = JobStatements.claim.text.replacing("$1", with: "'w'").replacing("$2", with: "1")
            .replacing("$3", with: "NULL").replacing("$4", with: "1")
        let plan = try pool.execute(PostgresStatement("explain", "EXPLAIN " + claim, isPrepared: false))
        let text = try (0..<plan.count).map { try plan[$0].value("QUERY PLAN", as: String.self) }.joined(separator: "\n")
        #expect(text.contains("using jobs_open"), "\(text)")
        #expect(!text.contains("Seq Scan"), "\(text)")
    }
}
