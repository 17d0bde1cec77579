import Glibc
import JobStore
import SystemIO

/// Where the files of jobs are, under the data directory:
///
///     uploads/<job id>/input                            what the client sent
///     outputs/<job id>/<attempt>/<resolution>.mp4       a transcoded file
///     outputs/<job id>/<attempt>/transcript.txt         the text that was said
///
/// Every attempt at a job (``Job/attempts``) has a directory of its own, and the job store decides which attempt counts. So a worker
/// that has lost its lease, and does not know it yet, can't touch what the next one makes. A file that is being made has a name that
/// ends in `.part`.
///
/// Instances that share a job store must share this directory too, each under whatever path it likes.
struct JobFiles: Sendable {
    static let partSuffix = ".part"

    let dataDirectory: String

    var uploadsDirectory: String { dataDirectory + "/uploads" }
    var outputsDirectory: String { dataDirectory + "/outputs" }

    /// Makes the directories above.
    func prepare() throws(SystemError) {
        try Directory.create(uploadsDirectory)
        try Directory.create(outputsDirectory)
    }

    // MARK: Of one job

    func uploadDirectory(_ jobID: String) -> String { uploadsDirectory + "/" + Self.checked(jobID) }

    func inputPath(_ jobID: String) -> String { uploadDirectory(jobID) + "/input" }

    func outputDirectory(_ jobID: String) -> String { outputsDirectory + "/" + Self.checked(jobID) }

    func attemptDirectory(_ job: Job) -> String { outputDirectory(job.id) + "/\(job.attempts)" }

    /// Of a job that was completed, for one of its ``Job/outputs``.
    func outputPath(_ job: Job, resolution: Resolution) -> String { attemptDirectory(job) + "/\(resolution.rawValue).mp4" }

    func transcriptPath(_ job: Job) -> String { attemptDirectory(job) + "/transcript.txt" }

    // MARK: Removing

    /// All that there is of a job: to be called once the store has forgotten it.
    func removeAll(_ jobID: String) throws(SystemError) {
        try removeOutputs(jobID)
        try Directory.removeTree(uploadDirectory(jobID))
    }

    func removeOutputs(_ jobID: String) throws(SystemError) {
        try Directory.removeTree(outputDirectory(jobID))
    }

    /// What one attempt has made, and the job's directory if nothing else is in it.
    func removeAttempt(_ job: Job) throws(SystemError) {
        try Directory.removeTree(attemptDirectory(job))
        rmdir(outputDirectory(job.id))
    }

    /// All attempts but the one that counts.
    func removeOtherAttempts(_ job: Job) throws(SystemError) {
        let own = String(job.attempts)
        for entry in try Directory.entries(of: outputDirectory(job.id)) where entry.name != own {
            try Directory.removeTree(outputDirectory(job.id) + "/" + entry.name)
        }
    }

    /// An id is one component of a path, whatever it came from.
    private static func checked(_ jobID: String) -> String {
        precondition(UUIDv7.isCanonical(jobID), "the id of a job is a UUID")
        return jobID
    }
}
