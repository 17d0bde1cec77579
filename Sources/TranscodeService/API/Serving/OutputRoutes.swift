import HTTP
import JobStore

/// The files of a completed job.
struct OutputRoutes {
    private let call: APICall
    private let parts: APIParts

    init(_ call: APICall, _ parts: APIParts) {
        self.call = call
        self.parts = parts
    }

    func output() throws(Problem) -> Answer {
        let job = try completed()
        guard let resolution = call.match.values["resolution"].flatMap(Resolution.init(rawValue:)),
            job.outputs.contains(where: { $0.resolution == resolution.rawValue })
        else { throw Problem.notFound("The job has no output of this resolution.") }
        return try answer(
            job, path: parts.files.outputPath(job, resolution: resolution), type: "video/mp4", name: "\(resolution.rawValue).mp4")
    }

    func transcript() throws(Problem) -> Answer {
        let job = try completed()
        guard job.transcript != nil else { throw Problem.notFound("The job has no transcript.") }
        return try answer(job, path: parts.files.transcriptPath(job), type: "text/plain; charset=utf-8", name: "transcript.txt")
    }

    private func completed() throws(Problem) -> Job {
        let job = try JobRoutes(call, parts).find()
        if job.status == .completed { return job }
        throw Problem(409, "The job is \(job.status.rawValue); only a completed one has outputs.", kind: .jobNotCompleted)
    }

    private func answer(_ job: Job, path: String, type: String, name: String) throws(Problem) -> Answer {
        // Of one attempt, a file never changes.
        let file = StoredFile(
            path: path, contentType: type, downloadName: "\(job.id)-\(name)", entityTag: "\"\(job.id)-\(job.attempts)-\(name)\"")
        guard let response = try file.response(to: call.head.method, call.head.headers) else {
            throw Problem(500, "The file of this output is missing.")
        }
        return Answer(response, jobID: job.id)
    }
}
