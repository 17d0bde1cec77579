import Foundation
import JobStore
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

/// A data directory with a job store, and pools that work on it.
struct WorkerSetup {
    let files: JobFiles
    let store: FileJobStore
    let key: APIKey
    var settings = WorkerSettings()

    init(_ directory: String, quotaBytes: UInt64? = nil) throws {
        files = JobFiles(dataDirectory: directory + "/data")
        try files.prepare()
        store = try FileJobStore(directory: files.dataDirectory + "/store")
        key = APIKey(id: UUIDv7.next(), name: "test", hash: [UInt8](repeating: 1, count: 32), quotaBytes: quotaBytes, createdAt: 1)
        try store.add(key)
        settings.count = 1
        settings.preset = "ultrafast"
        settings.reservedDiskBytes = 0
        settings.renewalNanoseconds = 20_000_000
        settings.graceNanoseconds = 200_000_000
        settings.retries.firstNanoseconds = 1
        settings.retries.maximumNanoseconds = 1
    }

    /// Uploads a file, and creates its job.
    func submit(_ path: String, name: String = "video.mp4", traceparent: String? = nil) throws -> String {
        let id = UUIDv7.next()
        try Directory.create(files.uploadDirectory(id))
        try FileManager.default.copyItem(atPath: path, toPath: files.inputPath(id))
        let job = Job(
            id: id, keyID: key.id, keyName: key.name, fileName: name, inputBytes: try FileStatus(ofPath: files.inputPath(id)).size,
            createdAt: SystemClock.wallNanoseconds(), traceparent: traceparent)
        try store.create(job)
        return id
    }

    func pool(_ observer: any WorkerObserving = RecordingObserver()) throws -> WorkerPool {
        try WorkerPool(settings: settings, store: store, files: files, observing: observer, launcher: TestLauncher.path)
    }

    func job(_ id: String) throws -> Job {
        try #require(try store.job(id: id))
    }

    func wait(for id: String, _ status: JobStatus) throws -> Job {
        var job = try job(id)
        try waitUntil("job \(id) to be \(status); it is \(job.status): \(job.failure?.message ?? "")", seconds: 120) {
            job = try self.job(id)
            return job.status == status
        }
        return job
    }

    /// Runs a pool until the job is final, and gives it with what was told.
    func process(_ path: String, name: String = "video.mp4") throws -> (job: Job, events: [String]) {
        let observer = RecordingObserver()
        let id = try submit(path, name: name)
        let pool = try pool(observer)
        try pool.start()
        defer { pool.stop(drainNanoseconds: 0) }
        var job = try job(id)
        try waitUntil("the end of job \(id)", seconds: 120) {
            job = try self.job(id)
            return job.status.isFinal && observer.events.contains { $0.hasPrefix("job ") && !$0.hasPrefix("job started") }
        }
        pool.stop(drainNanoseconds: 60_000_000_000)
        return (job, observer.events)
    }

    /// All files below `path`, relative to it, in order.
    static func files(below path: String) -> [String] {
        guard let all = FileManager.default.enumerator(atPath: path) else { return [] }
        return all.compactMap { $0 as? String }.filter { name in
            (try? FileStatus(ofPath: path + "/" + name, followingLinks: false).kind) == .regular
        }.sorted()
    }

    /// What the job has left among the outputs.
    func outputs(_ id: String) -> [String] { Self.files(below: files.outputDirectory(id)) }
}
