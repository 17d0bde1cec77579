import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import JobStore

/// What every store does.
@Suite(.timeLimit(.minutes(5)))
struct JobStoreTests {
    // MARK: Keys

    @Test(arguments: StoreKind.allCases)
    func `a key is found by its hash until it is removed`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let (first, second) = (makeKey("studio", quota: 5_000_000_000), makeKey("archive"))
            try store.add(first)
            try store.add(second)

            #expect(try store.key(hash: first.hash) == first)
            #expect(try store.key(hash: KeyHash.of("guess")) == nil)
            #expect(try store.keys() == [first, second])

            #expect(try store.removeKey(id: first.id))
            #expect(try !store.removeKey(id: first.id))
            #expect(try store.key(hash: first.hash) == nil)
            #expect(try store.keys() == [second])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a name is for one key`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let key = makeKey("studio")
            try store.add(key)
            #expect(throws: JobStoreError.keyNameTaken("studio")) { try store.add(makeKey("studio", secret: "another")) }
            #expect(try store.removeKey(id: key.id))
            try store.add(makeKey("studio", secret: "another"))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `what is no id finds nothing`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            for id in ["", "1", "../../etc/passwd", "00000000-0000-7000-8000-00000000000g", "a\0b", "'; DROP TABLE jobs; --"] {
                #expect(try store.job(id: id) == nil)
                #expect(try store.cancel(id) == nil)
                #expect(try !store.remove(id: id))
                #expect(try !store.removeKey(id: id))
                #expect(try store.renew(id, "w") == .lost)
            }
        }
    }

    // MARK: Jobs

    @Test(arguments: StoreKind.allCases)
    func `a job keeps all that is known of it`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let key = makeKey()
            try store.add(key)
            let text = "müde 🎬 \"'\\ $1 \u{1} \u{7f} \r\n"
            let created = Job(
                id: UUIDv7.next(), keyID: key.id, keyName: key.name, fileName: text, inputBytes: 1 << 40, createdAt: now(),
                traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "vendor=a,other=b")
            try store.create(created)
            #expect(try store.job(id: created.id) == created)

            let claimed = try #require(try store.claim("w"))
            var expected = created
            expected.status = .processing
            expected.attempts = 1
            expected.startedAt = claimed.startedAt
            #expect(claimed == expected)
            #expect(claimed.startedAt != nil)
            #expect(try store.job(id: created.id) == expected)

            #expect(try store.renew(created.id, "w", progress: 0.25) == .held)
            #expect(try store.job(id: created.id)?.progress == 0.25)

            let finished = fullJob(from: claimed)
            #expect(try store.finish(finished, worker: "w"))
            #expect(try store.job(id: created.id) == finished)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a failure keeps its kind and its message`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let key = makeKey()
            try store.create(makeJob(of: key))
            var job = try #require(try store.claim("w"))
            job.status = .failed
            job.finishedAt = now()
            job.failure = JobFailure(kind: .probe, message: "moov atom not found: \"x\\y\" ümlaut")
            job.outputs = [JobOutput(resolution: "360p", bytes: 0, transcodeSeconds: 0, compressionRatio: .infinity)]
            #expect(try store.finish(job, worker: "w"))
            #expect(try store.job(id: job.id) == job)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `pages give each job once, the newest first`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let (first, second) = (makeKey("first"), makeKey("second"))
            var ids: [String] = []
            for index in 0..<25 {
                let job = makeJob(of: index % 5 == 4 ? second : first)
                try store.create(job)
                ids.append(job.id)
            }
            func walk(_ query: JobQuery, between: () throws -> Void = {}) throws -> [String] {
                var query = query
                var found: [String] = []
                while true {
                    let page = try store.jobs(query)
                    #expect(page.count <= query.limit)
                    found += page.map(\.id)
                    guard page.count == query.limit else { return found.reversed() }
                    query.before = page.last?.id
                    try between()
                }
            }
            #expect(try walk(JobQuery(limit: 4)) == ids)
            #expect(try walk(JobQuery(limit: 25)) == ids)
            #expect(try walk(JobQuery(keyID: second.id, limit: 2)) == stride(from: 4, to: 25, by: 5).map { ids[$0] })
            #expect(try walk(JobQuery(status: .queued, limit: 7)) == ids)
            #expect(try walk(JobQuery(keyID: first.id, status: .failed, limit: 3)) == [])
            #expect(try walk(JobQuery(keyID: makeKey("none").id, limit: 3)) == [])
            // What is created between two pages belongs to neither.
            #expect(try walk(JobQuery(limit: 4)) { try store.create(makeJob(of: first)) } == ids)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a page begins after a job that is gone`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let jobs = (0..<3).map { _ in makeJob(of: makeKey()) }
            for job in jobs { try store.create(job) }
            _ = try store.cancel(jobs[1].id)
            #expect(try store.jobs(JobQuery(status: .cancelled, limit: 10)).map(\.id) == [jobs[1].id])
            #expect(try store.remove(id: jobs[1].id))
            #expect(try store.jobs(JobQuery(before: jobs[1].id, limit: 10)).map(\.id) == [jobs[0].id])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a job is cancelled at once, by way of its worker, or not any more`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let jobs = (0..<3).map { _ in makeJob(of: makeKey()) }
            for job in jobs { try store.create(job) }
            // Processing.
            let running = try #require(try store.claim("w"))
            #expect(running.id == jobs[0].id)
            let cancelling = try #require(try store.cancel(running.id))
            #expect(cancelling.status == .processing && cancelling.isCancelling)
            #expect(try store.cancel(running.id) == cancelling)
            #expect(try store.renew(running.id, "w") == .cancelling)
            var ended = running
            ended.status = .cancelled
            ended.finishedAt = now()
            #expect(try store.finish(ended, worker: "w"))
            #expect(try store.job(id: running.id) == ended)
            // Final.
            #expect(try store.cancel(running.id) == ended)
            // Queued.
            let queued = try #require(try store.cancel(jobs[1].id))
            #expect(queued.status == .cancelled && queued.finishedAt != nil && !queued.isCancelling)
            #expect(try store.claim("w")?.id == jobs[2].id)
            #expect(try store.claim("w") == nil)
            // Handed back while it is being cancelled: nobody has to do that later.
            _ = try store.cancel(jobs[2].id)
            var back = try #require(try store.job(id: jobs[2].id))
            back.status = .queued
            #expect(try store.finish(back, worker: "w"))
            let end = try #require(try store.job(id: jobs[2].id))
            #expect(end.status == .cancelled && end.finishedAt != nil && !end.isCancelling)
            #expect(try store.counts() == JobCounts(queued: 0, processing: 0))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `only final jobs are removed`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let key = makeKey()
            try store.create(makeJob(of: key))
            let claimed = try #require(try store.claim("w"))
            #expect(try !store.remove(id: claimed.id))
            #expect(try store.finish(fullJob(from: claimed), worker: "w"))
            #expect(try store.remove(id: claimed.id))
            #expect(try !store.remove(id: claimed.id))
            #expect(try store.job(id: claimed.id) == nil)
            #expect(try store.usage(of: key) == StorageUsage(keyName: key.name, jobs: 0, usedBytes: 0, quotaBytes: nil))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a job is stored once`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let key = makeKey()
            let job = makeJob(of: key)
            try store.create(job)
            #expect(throws: JobStoreError.self) { try store.create(makeJob(of: key).with(id: job.id, bytes: 7)) }
            #expect(try store.jobs(JobQuery(limit: 10)) == [job])
            #expect(try store.usage(of: key).usedBytes == 100)
        }
    }

    // MARK: Quota

    @Test(arguments: StoreKind.allCases)
    func `what a key holds is its inputs and outputs`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let (key, other, removed) = (makeKey("b", quota: 600), makeKey("a"), makeKey("c"))
            for key in [key, other, removed] { try store.add(key) }
            try store.create(makeJob(of: key))
            #expect(try store.usage(of: key) == StorageUsage(keyName: "b", jobs: 1, usedBytes: 100, quotaBytes: 600))
            let claimed = try #require(try store.claim("w"))
            #expect(try store.finish(fullJob(from: claimed), worker: "w"))
            #expect(try store.usage(of: key).usedBytes == 520)
            #expect(throws: JobStoreError.quotaExceeded(usedBytes: 520, quotaBytes: 600)) { try store.create(makeJob(of: key, bytes: 81)) }
            try store.create(makeJob(of: key, bytes: 80))
            #expect(throws: JobStoreError.quotaExceeded(usedBytes: 600, quotaBytes: 600)) { try store.create(makeJob(of: key, bytes: 1)) }
            try store.create(makeJob(of: other, bytes: 1 << 50))
            #expect(try store.removeKey(id: removed.id))
            #expect(
                try store.usages() == [
                    StorageUsage(keyName: "a", jobs: 1, usedBytes: 1 << 50, quotaBytes: nil),
                    StorageUsage(keyName: "b", jobs: 2, usedBytes: 600, quotaBytes: 600),
                ])
            #expect(try store.remove(id: claimed.id))
            #expect(try store.usage(of: key) == StorageUsage(keyName: "b", jobs: 1, usedBytes: 80, quotaBytes: 600))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `uploads at once can't pass a quota together`(_ kind: StoreKind) throws {
        try withStores(kind, count: 3) { stores throws in
            let key = makeKey(quota: 1_000)
            try stores[0].add(key)
            let stored = Atomic(0)
            let refused = Atomic(0)
            try onThreads(12) { index in
                for _ in 0..<5 {
                    do throws(JobStoreError) {
                        try stores[index % stores.count].create(makeJob(of: key))
                        stored.add(1, ordering: .relaxed)
                    } catch {
                        guard case .quotaExceeded(_, 1_000) = error else { throw error }
                        refused.add(1, ordering: .relaxed)
                    }
                }
            }
            #expect(stored.load(ordering: .relaxed) == 10)
            #expect(refused.load(ordering: .relaxed) == 50)
            #expect(try stores[0].usage(of: key) == StorageUsage(keyName: key.name, jobs: 10, usedBytes: 1_000, quotaBytes: 1_000))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `outputs that would pass the quota are not stored, and the job is still held`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let key = makeKey(quota: 619)
            try store.add(key)
            for _ in 0..<2 { try store.create(makeJob(of: key)) }
            let first = try #require(try store.claim("a"))
            let second = try #require(try store.claim("b"))
            #expect(throws: JobStoreError.quotaExceeded(usedBytes: 200, quotaBytes: 619)) {
                try store.finish(fullJob(from: first), worker: "a")
            }
            #expect(try store.job(id: first.id)?.status == .processing)
            #expect(try store.usage(of: key).usedBytes == 200)
            #expect(try store.renew(first.id, "a") == .held)
            var failed = first
            failed.status = .failed
            #expect(try store.finish(failed, worker: "a"))
            var small = second
            small.status = .completed
            small.transcript = Transcript(model: "base", words: 1, bytes: 419, seconds: 1)
            #expect(try store.finish(small, worker: "b"))
            #expect(try store.usage(of: key).usedBytes == 619)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `jobs that end at once can't pass a quota together`(_ kind: StoreKind) throws {
        try withStores(kind, count: 3) { stores throws in
            // Room for twelve inputs, and the outputs of five.
            let key = makeKey(quota: 12 * 100 + 5 * 420)
            try stores[0].add(key)
            var jobs: [Job] = []
            for index in 0..<12 {
                try stores[0].create(makeJob(of: key))
                jobs.append(try #require(try stores[0].claim("worker \(index)")))
            }
            let claimed = jobs
            let stored = Atomic(0)
            try onThreads(12) { index in
                do throws(JobStoreError) {
                    if try stores[index % stores.count].finish(fullJob(from: claimed[index]), worker: "worker \(index)") {
                        stored.add(1, ordering: .relaxed)
                    }
                } catch {
                    guard case .quotaExceeded = error else { throw error }
                }
            }
            #expect(stored.load(ordering: .relaxed) == 5)
            #expect(try stores[0].usage(of: key).usedBytes == 12 * 100 + 5 * 420)
            #expect(try stores[0].counts() == JobCounts(queued: 0, processing: 7))
        }
    }

    // MARK: Workers

    @Test(arguments: StoreKind.allCases)
    func `the oldest job is claimed first, a retry not before its time`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            let jobs = (0..<3).map { _ in makeJob(of: makeKey()) }
            for job in jobs.reversed() { try store.create(job) }
            var first = try #require(try store.claim("w"))
            #expect(first.id == jobs[0].id)
            first.status = .queued
            first.availableAt = now() + hour
            #expect(try store.finish(first, worker: "w"))
            #expect(try store.job(id: first.id) == first)
            #expect(try store.claim("w")?.id == jobs[1].id)
            #expect(try store.claim("w")?.id == jobs[2].id)
            #expect(try store.claim("w") == nil)
            #expect(try store.counts() == JobCounts(queued: 1, processing: 2))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a job that was handed back is claimed again`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            try store.create(makeJob(of: makeKey()))
            var job = try #require(try store.claim("a"))
            job.status = .queued
            job.availableAt = now()
            #expect(try store.finish(job, worker: "a"))
            #expect(try !store.finish(job, worker: "a"))
            #expect(try store.renew(job.id, "a") == .lost)
            let again = try #require(try store.claim("b"))
            #expect(again.id == job.id && again.attempts == 2)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a job whose lease has ended goes to another worker, and the first stores nothing`(_ kind: StoreKind) throws {
        try withStores(kind, count: 2) { stores throws in
            let key = makeKey()
            try stores[0].create(makeJob(of: key))
            let first = try #require(try stores[0].claim("a", lease: hour))
            #expect(try stores[1].claim("b") == nil)
            // From now on nobody renews it.
            #expect(try stores[0].renew(first.id, "a", lease: 20 * milliseconds) == .held)
            var taken: Job?
            try waitUntil("the end of the lease") {
                taken = try stores[1].claim("b")
                return taken != nil
            }
            #expect(taken?.id == first.id && taken?.attempts == 2)
            #expect(try stores[0].renew(first.id, "a") == .lost)
            #expect(try !stores[0].finish(fullJob(from: first, .failed), worker: "a"))
            #expect(try stores[0].usage(of: key).usedBytes == 100)
            #expect(try stores[1].renew(first.id, "b") == .held)
            #expect(try stores[1].finish(fullJob(from: try #require(taken)), worker: "b"))
            #expect(try stores[0].job(id: first.id)?.status == .completed)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a lease that nobody took over is held again by its renewal`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            try store.create(makeJob(of: makeKey()))
            let job = try #require(try store.claim("a", lease: 0))
            #expect(try store.renew(job.id, "a") == .held)
            #expect(try store.claim("b") == nil)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `whoever takes over a job that was being cancelled gets to know`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            try store.create(makeJob(of: makeKey()))
            let job = try #require(try store.claim("a", lease: 0))
            _ = try store.cancel(job.id)
            var taken: Job?
            try waitUntil("the end of the lease") {
                taken = try store.claim("b")
                return taken != nil
            }
            #expect(taken?.isCancelling == true)
            #expect(try store.renew(job.id, "b") == .cancelling)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `many workers of several instances claim each job exactly once`(_ kind: StoreKind) throws {
        try withStores(kind, count: 4) { stores throws in
            let key = makeKey()
            let count = kind == .file ? 400 : 1_200
            try onThreads(4) { index in
                for _ in 0..<count / 4 { try stores[index % stores.count].create(makeJob(of: key)) }
            }
            #expect(try stores[0].counts() == JobCounts(queued: count, processing: 0))
            let claimed = Mutex<[String]>([])
            try onThreads(8) { index in
                let store = stores[index % stores.count]
                while let job = try store.claim("worker \(index)") {
                    claimed.withLock { $0.append(job.id) }
                    if index % 2 == 0 { #expect(try store.finish(fullJob(from: job), worker: "worker \(index)")) }
                }
            }
            let ids = claimed.withLock { $0 }
            #expect(ids.count == count)
            #expect(Set(ids).count == count)
            #expect(try stores[0].counts().queued == 0)
            let usage = try stores[0].usage(of: key)
            let finished = UInt64(try stores[0].jobs(JobQuery(status: .completed, limit: count)).count)
            #expect(usage.usedBytes == 100 * UInt64(count) + 420 * finished)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a waiting worker wakes up for a job that any instance creates`(_ kind: StoreKind) throws {
        try withStores(kind, count: 2) { stores throws in
            let found = Mutex<String?>(nil)
            let waiter = try WorkerThread("waiter", stackBytes: 512 << 10) {
                while found.withLock({ $0 == nil }) {
                    if let job = try? stores[1].claim("w") {
                        found.withLock { $0 = job.id }
                    } else {
                        stores[1].waitForWork(upTo: hour)
                    }
                }
            }
            let job = makeJob(of: makeKey())
            try stores[0].create(job)
            waiter.join()
            #expect(found.withLock { $0 } == job.id)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `waiting workers return when they are woken, and after their time`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            #expect(try store.claim("w") == nil)
            store.waitForWork(upTo: 1)
            store.wakeWaiting()
            store.waitForWork(upTo: hour)
            #expect(try store.claim("w") == nil)
            let waiters = try (0..<3).map { _ in
                try WorkerThread("waiter", stackBytes: 512 << 10) { store.waitForWork(upTo: hour) }
            }
            store.wakeWaiting()
            for waiter in waiters { waiter.join() }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a closed store says so`(_ kind: StoreKind) throws {
        try withStore(kind) { store throws in
            try store.check()
            store.close()
            store.close()
            store.waitForWork(upTo: hour)
            #expect(throws: JobStoreError.self) { try store.check() }
            #expect(throws: JobStoreError.self) { try store.create(makeJob(of: makeKey())) }
            #expect(throws: JobStoreError.self) { try store.claim("w") }
        }
    }
}

extension Job {
    func with(id: String, bytes: UInt64) -> Job {
        Job(id: id, keyID: keyID, keyName: keyName, fileName: fileName, inputBytes: bytes, createdAt: createdAt)
    }
}
