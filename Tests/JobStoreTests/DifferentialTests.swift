import SystemIO
import TestSupport
import Testing

@testable import JobStore

/// Random calls, the same for both stores, have the same results.
@Suite(.timeLimit(.minutes(5)))
struct DifferentialTests {
    @Test(arguments: 1...4)
    func `both stores answer the same to the same calls`(_ seed: UInt64) throws {
        try withStore(.file) { file throws in
            try withStore(.postgres) { postgres throws in
                var random = SeededGenerator(seed: seed)
                let keys = [makeKey("a", quota: 2_000), makeKey("b"), makeKey("c", quota: 0)]
                var ids = [UUIDv7.next()]
                func both<Result: Equatable>(_ what: String, _ call: (any JobStoring) throws(JobStoreError) -> Result) throws -> Result? {
                    let outcomes = [file, postgres].map { store in
                        do throws(JobStoreError) {
                            return Outcome.result(try call(store))
                        } catch {
                            return Outcome.failure(error)
                        }
                    }
                    #expect(outcomes[0] == outcomes[1], "\(what)")
                    if case .result(let result) = outcomes[0] { return result }
                    return nil
                }
                for step in 0..<150 {
                    let time = now()
                    let key = keys.randomElement(using: &random) ?? keys[0]
                    let id = ids.randomElement(using: &random) ?? ""
                    let worker = "worker \(Int.random(in: 0..<3, using: &random))"
                    // Over at once, or not before the end of the test.
                    let lease = Bool.random(using: &random) ? 0 : hour
                    switch Int.random(in: 0..<14, using: &random) {
                    case 0:
                        _ = try both("\(step) add") { store throws(JobStoreError) in
                            try store.add(key); return true
                        }
                    case 1: _ = try both("\(step) remove key") { store throws(JobStoreError) in try store.removeKey(id: key.id) }
                    case 2...4:
                        let job = makeJob(of: key, bytes: UInt64.random(in: 0..<400, using: &random))
                        _ = try both("\(step) create") { store throws(JobStoreError) in
                            try store.create(job); return true
                        }
                        ids.append(job.id)
                    case 5:
                        // An error that both word differently would be a difference.
                        _ = try both("\(step) cancel") { store throws(JobStoreError) in try store.cancel(id: id, now: time) }
                    case 6: _ = try both("\(step) remove") { store throws(JobStoreError) in try store.remove(id: id) }
                    case 7...9:
                        _ = try both("\(step) claim") { store throws(JobStoreError) in
                            try store.claim(worker: worker, now: time, leaseNanoseconds: lease)
                        }
                    case 10:
                        _ = try both("\(step) renew") { store throws(JobStoreError) in
                            try store.renew(id, worker: worker, now: time, leaseNanoseconds: lease, progress: 0.5)
                        }
                    case 11, 12:
                        guard let current = try file.job(id: id) else { continue }
                        var job = fullJob(
                            from: current, [.queued, .completed, .failed, .cancelled].randomElement(using: &random) ?? .failed)
                        if job.status == .queued {
                            job.finishedAt = nil
                            job.availableAt = Bool.random(using: &random) ? 0 : time + hour
                        }
                        _ = try both("\(step) finish") { store throws(JobStoreError) in try store.finish(job, worker: worker) }
                    default:
                        let query = JobQuery(
                            keyID: Bool.random(using: &random) ? key.id : nil,
                            status: Bool.random(using: &random) ? JobStatus.allCases.randomElement(using: &random) : nil,
                            before: Bool.random(using: &random) ? id : nil, limit: Int.random(in: 0..<10, using: &random))
                        _ = try both("\(step) list") { store throws(JobStoreError) in try store.jobs(query).map(comparable) }
                        _ = try both("\(step) usage") { store throws(JobStoreError) in try store.usage(of: key) }
                    }
                }
                _ = try both("jobs") { store throws(JobStoreError) in try store.jobs(JobQuery(limit: 1_000)).map(comparable) }
                _ = try both("keys") { store throws(JobStoreError) in try store.keys() }
                _ = try both("usages") { store throws(JobStoreError) in try store.usages() }
                _ = try both("counts") { store throws(JobStoreError) in try store.counts() }
            }
        }
    }

    private enum Outcome<Result: Equatable>: Equatable {
        case result(Result)
        case failure(JobStoreError)
    }

    /// Without the time at which a store itself ended a job.
    private func comparable(_ job: Job) -> Job {
        var job = job
        if job.status == .cancelled { job.finishedAt = job.finishedAt == nil ? nil : 1 }
        return job
    }
}

/// Random numbers that are the same for a seed on every run (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var seed: UInt64

    mutating func next() -> UInt64 {
        seed &+= 0x9e37_79b9_7f4a_7c15
        var value = seed
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
