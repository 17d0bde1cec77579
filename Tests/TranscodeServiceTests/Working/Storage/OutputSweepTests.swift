import Foundation
import JobStore
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

@Suite struct OutputSweepTests {
    private func sweep(_ setup: WorkerSetup, after nanoseconds: UInt64 = 0) -> OutputSweep.Result {
        OutputSweep(files: setup.files, store: setup.store, now: SystemClock.wallNanoseconds() + nanoseconds) { false }.run()
    }

    private func write(_ path: String) throws {
        try Directory.create(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
    }

    /// A job of the status, at its third attempt, with files of attempts 1 to 4.
    private func job(_ status: JobStatus, _ setup: WorkerSetup, _ directory: String) throws -> Job {
        try write(directory + "/upload")
        let id = try setup.submit(directory + "/upload")
        for attempt in 1...4 { try write(setup.files.outputDirectory(id) + "/\(attempt)/360p.mp4") }
        var job = try setup.job(id)
        for _ in 1...3 {
            job = try #require(try setup.store.claim(worker: "w", now: SystemClock.wallNanoseconds(), leaseNanoseconds: 0))
            #expect(job.id == id)
        }
        if status != .processing {
            job.status = status
            #expect(try setup.store.finish(job, worker: "w"))
        }
        return job
    }

    @Test(arguments: [
        (JobStatus.completed, ["3/360p.mp4"]), (.processing, ["3/360p.mp4", "4/360p.mp4"]), (.queued, ["4/360p.mp4"]),
        (.failed, ["4/360p.mp4"]), (.cancelled, ["4/360p.mp4"]),
    ])
    func `only attempts that count, or may come to count, stay`(status: JobStatus, files: [String]) throws {
        try withTemporaryDirectory { directory in
            let setup = try WorkerSetup(directory)
            let job = try job(status, setup, directory)
            let result = sweep(setup)
            #expect(setup.outputs(job.id) == files)
            #expect(result == OutputSweep.Result(attempts: 4 - files.count))
            #expect(FileManager.default.fileExists(atPath: setup.files.inputPath(job.id)))
            #expect(sweep(setup) == OutputSweep.Result())
        }
    }

    @Test func `files of forgotten jobs go, uploads only when they have rested`() throws {
        try withTemporaryDirectory { directory in
            let setup = try WorkerSetup(directory)
            let id = UUIDv7.next()
            try write(setup.files.inputPath(id))
            try write(setup.files.outputDirectory(id) + "/1/360p.mp4")
            #expect(sweep(setup) == OutputSweep.Result(attempts: 1))
            #expect(!FileManager.default.fileExists(atPath: setup.files.outputDirectory(id)))
            #expect(FileManager.default.fileExists(atPath: setup.files.inputPath(id)))
            #expect(sweep(setup, after: OutputSweep.restNanoseconds + 60_000_000_000) == OutputSweep.Result(uploads: 1))
            #expect(!FileManager.default.fileExists(atPath: setup.files.uploadDirectory(id)))
        }
    }

    @Test func `what is not ours stays, and a link leads nowhere`() throws {
        try withTemporaryDirectory { directory in
            let setup = try WorkerSetup(directory)
            try write(directory + "/else/precious")
            try write(setup.files.outputsDirectory + "/lost+found/file")
            try write(setup.files.uploadsDirectory + "/notes.txt")
            let id = UUIDv7.next()
            try Directory.create(setup.files.outputDirectory(id))
            try FileManager.default.createSymbolicLink(
                atPath: setup.files.outputDirectory(id) + "/1", withDestinationPath: directory + "/else")
            #expect(sweep(setup, after: 1 << 60) == OutputSweep.Result(attempts: 1))
            #expect(FileManager.default.fileExists(atPath: directory + "/else/precious"))
            #expect(FileManager.default.fileExists(atPath: setup.files.outputsDirectory + "/lost+found/file"))
            #expect(FileManager.default.fileExists(atPath: setup.files.uploadsDirectory + "/notes.txt"))
        }
    }

    @Test func `a store that can't be asked removes nothing`() throws {
        try withTemporaryDirectory { directory in
            let setup = try WorkerSetup(directory)
            let id = UUIDv7.next()
            try write(setup.files.outputDirectory(id) + "/1/360p.mp4")
            setup.store.close()
            let result = sweep(setup)
            #expect(result.attempts == 0 && result.problem != nil)
            #expect(setup.outputs(id) == ["1/360p.mp4"])
        }
    }
}
