import Foundation
import HTTP
import JobStore
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

@Suite(.timeLimit(.minutes(2)))
struct JobRoutesTests {
    private func finish(_ setup: APISetup, _ change: (inout Job) -> Void) throws {
        var job = try #require(try setup.store.claim(worker: "w", now: SystemClock.wallNanoseconds(), leaseNanoseconds: 60_000_000_000))
        change(&job)
        #expect(try setup.store.finish(job, worker: "w"))
    }

    @Test func `jobs are listed page by page, the newest first`() throws {
        try withAPI { (setup) throws in
            let ids = try (0..<5).map { _ in try setup.upload() }
            var seen: [String] = []
            var target = "/api/v1/jobs?limit=2"
            for page in 0..<3 {
                let list = try json(try setup.send(.get, target))
                seen += (list["jobs"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
                guard let cursor = list["next_cursor"] as? String else {
                    #expect(page == 2)
                    break
                }
                target = "/api/v1/jobs?limit=2&cursor=\(cursor)"
            }
            #expect(seen == ids.reversed())
            let all = try json(try setup.send(.get, "/api/v1/jobs"))
            #expect((all["jobs"] as? [Any])?.count == 5 && all["next_cursor"] == nil)
        }
    }

    @Test func `jobs are listed by their status`() throws {
        try withAPI { (setup) throws in
            let ids = try (0..<2).map { _ in try setup.upload() }
            try finish(setup) {
                $0.status = .failed
                $0.failure = JobFailure(kind: .probe, message: "no video")
            }
            func listed(_ status: String) throws -> [String] {
                (try json(try setup.send(.get, "/api/v1/jobs?status=\(status)"))["jobs"] as? [[String: Any]] ?? []).compactMap {
                    $0["id"] as? String
                }
            }
            #expect(try listed("failed") == [ids[0]])
            #expect(try listed("queued") == [ids[1]])
            #expect(try listed("completed") == [])
            let failure = try json(try setup.send(.get, "/api/v1/jobs/\(ids[0])"))["failure"] as? [String: String]
            #expect(failure == ["type": "probe", "message": "no video"])
        }
    }

    @Test(arguments: [
        "status=done", "limit=0", "limit=201", "limit=x", "limit=%2B5", "limit=", "cursor=x", "limit=1&limit=2", "status=%ff",
    ])
    func `a query that means nothing is refused`(query: String) throws {
        try withAPI { (setup) throws in #expect(try setup.send(.get, "/api/v1/jobs?\(query)").status == 400) }
    }

    @Test func `a key sees its own jobs only`() throws {
        try withAPI { (setup) throws in
            let (other, otherText) = KeyIssuing.issue(name: "other", quotaBytes: nil)
            try setup.store.add(other)
            let id = try setup.upload()
            for (method, target) in [(HTTPMethod.get, ""), (.delete, ""), (.get, "/outputs/360p"), (.get, "/transcript")] {
                #expect(try setup.send(method, "/api/v1/jobs/\(id)\(target)", key: otherText).status == 404)
            }
            #expect((try json(try setup.send(.get, "/api/v1/jobs", key: otherText))["jobs"] as? [Any])?.isEmpty == true)
            let usage = try json(try setup.send(.get, "/api/v1/usage", key: otherText))
            #expect(usage["api_key"] as? String == "other" && usage["jobs"] as? Int == 0 && usage["quota_bytes"] == nil)
            #expect(try setup.send(.get, "/api/v1/jobs/\(id)").status == 200)
        }
    }

    @Test(arguments: ["x", "00000000-0000-7000-8000-000000000000", "..%2F..%2Fetc%2Fpasswd", "%00", "00000000-0000-7000-8000-00000000000A"])
    func `a job that is not there is not found`(id: String) throws {
        try withAPI { (setup) throws in
            for method in [HTTPMethod.get, .head, .delete] { #expect(try setup.send(method, "/api/v1/jobs/\(id)").status == 404) }
        }
    }

    @Test func `deleting cancels what waits, then removes it`() throws {
        try withAPI { (setup) throws in
            let id = try setup.upload()
            let cancelled = try setup.send(.delete, "/api/v1/jobs/\(id)")
            #expect(cancelled.status == 200)
            #expect(try json(cancelled)["status"] as? String == "cancelled")
            #expect(try setup.send(.delete, "/api/v1/jobs/\(id)").status == 204)
            #expect(try setup.send(.delete, "/api/v1/jobs/\(id)").status == 404)
            #expect(try setup.uploads() == [])
            #expect(try setup.recorder.lines().compactMap { $0["event"] as? String }.count { $0 == "job.cancelled" } == 1)
        }
    }

    @Test func `deleting asks a running job to stop, and removes it when it has ended`() throws {
        try withAPI { (setup) throws in
            let id = try setup.upload()
            var job = try #require(try setup.store.claim(worker: "w", now: SystemClock.wallNanoseconds(), leaseNanoseconds: 60_000_000_000))
            for _ in 0..<2 {
                let response = try setup.send(.delete, "/api/v1/jobs/\(id)")
                #expect(response.status == 202)
                #expect(try json(response)["cancelling"] as? Bool == true)
            }
            #expect(setup.cancellationRequests == 2)
            job.status = .cancelled
            #expect(try setup.store.finish(job, worker: "w"))
            #expect(try json(try setup.send(.get, "/api/v1/jobs/\(id)"))["cancelling"] as? Bool == false)
            #expect(try setup.send(.delete, "/api/v1/jobs/\(id)").status == 204)
        }
    }

    @Test func `a store that can't be used is no mistake of the client`() throws {
        try withAPI { (setup) throws in
            #expect(try setup.send(.get, "/ready", key: "").status == 200)
            setup.store.close()
            for target in ["/api/v1/jobs", "/api/v1/usage", "/ready"] {
                let response = try setup.send(.get, target)
                #expect(response.status == 503)
                #expect(response.bodyText.contains("urn:tailspan:problem:store-unavailable"))
            }
            #expect(try setup.send(.get, "/healthz").status == 200)
            #expect(try setup.recorder.lines().contains { $0["event"] as? String == "db.error" })
            // For the look at what is left: nothing was stored.
            #expect(try setup.uploads() == [])
        }
    }
}
