import HTTP
import JobStore
import SystemIO

/// `/api/v1/jobs`, `/api/v1/jobs/{id}` and `/api/v1/usage`: of one key, its own jobs only.
struct JobRoutes {
    private static let defaultLimit = 50
    private static let maximumLimit = 200
    /// A job may reach its end between two looks.
    private static let deleteAttempts = 3

    private let call: APICall
    private let parts: APIParts
    private let key: APIKey

    init(_ call: APICall, _ parts: APIParts) throws(Problem) {
        guard let key = call.key else { throw Problem(401, "Jobs belong to an API key.") }
        self.call = call
        self.parts = parts
        self.key = key
    }

    func list() throws(Problem) -> Answer {
        var query = JobQuery(keyID: key.id, limit: Self.defaultLimit)
        var names: Set<String> = []
        for (name, value) in call.match.query {
            guard names.insert(name).inserted else { throw Problem(400, "The query has `\(name.prefix(32))` more than once.") }
            switch name {
            case "status":
                guard let status = JobStatus(rawValue: value) else {
                    let all = JobStatus.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Problem(400, "The query's `status` is none of \(all).")
                }
                query.status = status
            case "limit":
                guard let limit = Int(value), (1...Self.maximumLimit).contains(limit), value.utf8.first != UInt8(ascii: "+") else {
                    throw Problem(400, "The query's `limit` is no number from 1 to \(Self.maximumLimit).")
                }
                query.limit = limit
            case "cursor":
                guard UUIDv7.isCanonical(value) else {
                    throw Problem(400, "The query's `cursor` is none that this service gave; leave it out for the first page.")
                }
                query.before = value
            default: break
            }
        }
        // One more shows whether there is another page.
        let limit = query.limit
        query.limit += 1
        let jobs: [Job]
        do throws(JobStoreError) { jobs = try call.store.jobs(query) } catch { throw Problem(error) }
        let page = jobs.prefix(limit)
        var response = JSONMessage.response(
            JobListResource(jobs: page.map(JobResource.init), nextCursor: jobs.count > limit ? page.last?.id : nil))
        response.mayCompress = true
        return Answer(response)
    }

    func show() throws(Problem) -> Answer {
        let job = try find()
        return Answer(JSONMessage.response(JobResource(job)), jobID: job.id)
    }

    /// Cancels a job that waits (200) or runs (202); removes one that has reached its end, with its files (204).
    func delete() throws(Problem) -> Answer {
        for _ in 0..<Self.deleteAttempts {
            let job = try find()
            do throws(JobStoreError) {
                if job.status.isFinal {
                    guard try call.store.remove(id: job.id) else { continue }
                    removeFiles(of: job)
                    return Answer(HTTPResponse(status: 204), jobID: job.id)
                }
                guard let cancelled = try call.store.cancel(id: job.id, now: SystemClock.wallNanoseconds()) else { continue }
                if cancelled.status == .cancelled {
                    parts.telemetry.events.jobCancelled(cancelled, in: call.span)
                    return Answer(JSONMessage.response(JobResource(cancelled)), jobID: job.id)
                }
                // It reached its end first.
                if cancelled.status.isFinal { continue }
                parts.cancellationRequested()
                return Answer(JSONMessage.response(JobResource(cancelled), status: 202), jobID: job.id)
            } catch { throw Problem(error) }
        }
        throw Problem(409, "The job changes too often to be deleted now. Try again.")
    }

    func usage() throws(Problem) -> Answer {
        do throws(JobStoreError) { return Answer(JSONMessage.response(UsageResource(try call.store.usage(of: key)))) } catch {
            throw Problem(error)
        }
    }

    /// The job that the path names: the key's own.
    func find() throws(Problem) -> Job {
        let id = call.match.values["id"] ?? ""
        do throws(JobStoreError) {
            if UUIDv7.isCanonical(id), let job = try call.store.job(id: id), job.keyID == key.id { return job }
        } catch { throw Problem(error) }
        throw Problem.notFound("There is no such job.")
    }

    /// What can't be removed now is swept up later.
    private func removeFiles(of job: Job) {
        do throws(SystemError) { try parts.files.removeAll(job.id) } catch {
            parts.telemetry.log.named("api").warning("Files of a deleted job can't be removed.", exception: error.description)
        }
    }
}
