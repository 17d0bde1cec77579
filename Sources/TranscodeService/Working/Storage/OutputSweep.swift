import Glibc
import JobStore
import SystemIO

/// Removes what killed instances have left: attempts that don't count, and files of jobs that are forgotten. Safe beside other
/// instances, for it never touches the attempt that is being made.
struct OutputSweep {
    /// An upload becomes a job when it is complete: until its files have rested this long, they may be one that is on its way.
    static let restNanoseconds: UInt64 = 6 * 3600 * 1_000_000_000

    struct Result: Equatable, Sendable {
        /// Directories of attempts.
        var attempts = 0
        /// Directories of uploads.
        var uploads = 0
        /// The first thing that could not be removed or looked up, in words.
        var problem: String?
    }

    let files: JobFiles
    let store: any JobStoring
    /// Nanoseconds since 1970.
    let now: UInt64
    let isStopping: () -> Bool

    func run() -> Result {
        var result = Result()
        sweep(files.outputsDirectory, &result) { id, job in
            guard let job else { return try removeAll(below: files.outputDirectory(id)) { _ in true } }
            return try removeAll(below: files.outputDirectory(id)) { attempt in
                switch job.status {
                // A worker that has just claimed it comes with the next number.
                case .processing: attempt < job.attempts
                case .completed: attempt != job.attempts
                case .queued, .failed, .cancelled: attempt <= job.attempts
                }
            }
        } count: {
            $0.attempts += $1
        }
        sweep(files.uploadsDirectory, &result) { id, job in
            if job != nil || !isAtRest(files.uploadDirectory(id)) { return 0 }
            try Directory.removeTree(files.uploadDirectory(id))
            return 1
        } count: {
            $0.uploads += $1
        }
        return result
    }

    private func sweep(
        _ directory: String, _ result: inout Result, _ body: (String, Job?) throws -> Int, count: (inout Result, Int) -> Void
    ) {
        do {
            for entry in try Directory.entries(of: directory) where UUIDv7.isCanonical(entry.name) {
                if isStopping() { return }
                count(&result, try body(entry.name, try store.job(id: entry.name)))
            }
        } catch {
            if result.problem == nil { result.problem = "\(error)" }
        }
    }

    private func removeAll(below directory: String, _ isLeft: (Int) -> Bool) throws(SystemError) -> Int {
        var count = 0
        for entry in try Directory.entries(of: directory) {
            guard let attempt = Int(entry.name), isLeft(attempt) else { continue }
            try Directory.removeTree(directory + "/" + entry.name)
            count += 1
        }
        // Only when it is empty.
        rmdir(directory)
        return count
    }

    private func isAtRest(_ directory: String) -> Bool {
        guard let entries = try? Directory.entries(of: directory) else { return false }
        let paths = [directory] + entries.map { directory + "/" + $0.name }
        return paths.allSatisfy { path in
            guard let status = try? FileStatus(ofPath: path, followingLinks: false) else { return false }
            return SystemClock.nanoseconds(from: status.modifiedNanoseconds, to: now) >= Self.restNanoseconds
        }
    }
}
