import Glibc
import JobStore
import PostgreSQL
import Synchronization
import SystemIO

/// What script/bench runs as an instance of transcode-service that does nothing but claim:
///
///     job-claimer fill DATABASE COUNT     queues jobs
///     job-claimer claim DATABASE THREADS  claims and ends jobs until there are none; prints the id of each
@main
struct JobClaimerCommand {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let count = Int(arguments[3]) else {
            fail("usage: job-claimer fill DATABASE COUNT | claim DATABASE THREADS", 2)
        }
        do throws(JobStoreError) {
            let store = try PostgresJobStore(PostgresSettings(arguments[2]))
            defer { store.close() }
            switch arguments[1] {
            case "fill": try fill(store, count)
            case "claim": claim(store, threads: count)
            default: fail("job-claimer: \(arguments[1]) is neither fill nor claim", 2)
            }
        } catch {
            fail("job-claimer: \(error)", 1)
        }
    }

    private static func fill(_ store: PostgresJobStore, _ count: Int) throws(JobStoreError) {
        let key = APIKey(
            id: UUIDv7.next(), name: "bench", hash: KeyHash.of("bench"), quotaBytes: nil, createdAt: SystemClock.wallNanoseconds())
        try store.add(key)
        for _ in 0..<count {
            try store.create(
                Job(
                    id: UUIDv7.next(), keyID: key.id, keyName: key.name, fileName: "bench.mp4", inputBytes: 1_000,
                    createdAt: SystemClock.wallNanoseconds()))
        }
    }

    private static func claim(_ store: PostgresJobStore, threads: Int) {
        let claimed = Mutex<[String]>([])
        do {
            let workers = try (0..<threads).map { number in
                try WorkerThread("claimer", stackBytes: 512 << 10) {
                    do throws(JobStoreError) {
                        let ids = try claimAll(store, worker: "\(getpid())-\(number)")
                        claimed.withLock { $0 += ids }
                    } catch {
                        fail("job-claimer: \(error)", 1)
                    }
                }
            }
            for worker in workers { worker.join() }
            print(claimed.withLock { $0.joined(separator: "\n") })
        } catch {
            fail("job-claimer: \(error)", 1)
        }
    }

    private static func claimAll(_ store: PostgresJobStore, worker: String) throws(JobStoreError) -> [String] {
        var ids: [String] = []
        while var job = try store.claim(worker: worker, now: SystemClock.wallNanoseconds(), leaseNanoseconds: 60_000_000_000) {
            job.status = .completed
            job.finishedAt = SystemClock.wallNanoseconds()
            if try store.finish(job, worker: worker) { ids.append(job.id) }
        }
        return ids
    }

    private static func fail(_ text: String, _ code: Int32) -> Never {
        let line = text + "\n"
        line.withCString { _ = write(2, $0, strlen($0)) }
        exit(code)
    }
}
