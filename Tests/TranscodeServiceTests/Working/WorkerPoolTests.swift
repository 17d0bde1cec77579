import Foundation
import JobStore
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

/// Programs that misbehave, and everything that can come between a worker and its job.
@Suite(.timeLimit(.minutes(5))) struct WorkerPoolTests {
    /// A setup whose ffmpeg is the script, and whose probe always finds a video of 2 s.
    private func setup(_ directory: String, ffmpeg script: String, quotaBytes: UInt64? = nil) throws -> WorkerSetup {
        var setup = try WorkerSetup(directory, quotaBytes: quotaBytes)
        setup.settings.ffprobe = try makeRunnable("ffprobe", in: directory, "#!/bin/sh\n" + FakePrograms.probe(seconds: 2))
        setup.settings.ffmpeg = try makeRunnable("ffmpeg", in: directory, FakePrograms.head + "cd '\(directory)'\n" + script)
        setup.settings.resolutions = [.p360]
        return setup
    }

    private func upload(_ directory: String) throws -> String {
        let path = directory + "/upload"
        try Data(count: 1000).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A script that says who it is, gets half way and never ends.
    private static let hanging = "echo $$ >pid.new; mv pid.new pid; echo out_time_us=1000000; exec sleep 1000\n"

    private func pid(in directory: String) throws -> pid_t {
        try waitUntil("ffmpeg to run") { FileManager.default.fileExists(atPath: directory + "/pid") }
        let text = try String(contentsOfFile: directory + "/pid", encoding: .utf8)
        return try #require(pid_t(text.dropLast()))
    }

    private func isRunning(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 }

    // MARK: Programs

    @Test(arguments: [
        "exec sleep 1000", "exec yes >&2", "exec yes", "trap '' TERM; while :; do sleep 1; done",
        FakePrograms.output + "exec yes >\"$output\"",
    ])
    func `a program that never ends is ended`(script: String) throws {
        try withTemporaryDirectory { directory in
            var setup = try setup(directory, ffmpeg: script)
            setup.settings.timeoutNanoseconds = 300_000_000
            setup.settings.graceNanoseconds = 50_000_000
            let (job, _) = try setup.process(upload(directory))
            #expect(job.status == .failed)
            // The last one may fill its file first.
            #expect(job.failure?.kind == .timeout || (script.contains("output") && job.failure?.kind == .storage))
            #expect(job.attempts == 1)
            #expect(setup.outputs(job.id).isEmpty)
        }
    }

    @Test func `an output that grows too large is cut, and fails the job`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: FakePrograms.output + "exec head -c 1000000000 /dev/zero >\"$output\"")
            let (job, events) = try setup.process(upload(directory))
            #expect(job.failure?.kind == .storage)
            #expect(job.failure?.message.contains("longer than it says") == true)
            #expect(events.contains("program ended: signalled(\(SIGXFSZ))"))
            #expect(setup.outputs(job.id).isEmpty)
        }
    }

    @Test func `no output passes the owner's quota`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: FakePrograms.output + "exec head -c 100000 /dev/zero >\"$output\"", quotaBytes: 5000)
            let (job, events) = try setup.process(upload(directory))
            #expect(
                job.failure == JobFailure(kind: .storage, message: "the quota of 5000 bytes would be passed: 1000 are used"))
            #expect(events.contains("quota exceeded: 1000 of 5000"))
            #expect(job.media?.width == 320)
            #expect(job.attempts == 1)
            #expect(setup.outputs(job.id).isEmpty)
            #expect(try setup.store.usage(of: setup.key).usedBytes == 1000)
        }
    }

    @Test func `jobs that run at once don't pass their key's quota together`() throws {
        try withTemporaryDirectory { directory in
            // Each has room for its 1,500 bytes while the other is not done; both together do not.
            let script = """
                touch here.$$
                while [ $(ls here.* | wc -l) -lt 2 ]; do sleep 0.01; done
                head -c 1500 /dev/zero >"$output"
                echo out_time_us=100000000; echo progress=end

                """
            var setup = try setup(directory, ffmpeg: FakePrograms.output + script, quotaBytes: 4000)
            setup.settings.count = 2
            let ids = try (0..<2).map { _ in try setup.submit(upload(directory)) }
            let observer = RecordingObserver()
            let pool = try setup.pool(observer)
            try pool.start()
            try waitUntil("both jobs to end") { try ids.allSatisfy { try setup.job($0).status.isFinal } }
            pool.stop(drainNanoseconds: 60_000_000_000)
            let jobs = try ids.map { try setup.job($0) }.sorted { $0.status == .completed && $1.status != .completed }
            #expect(jobs.map(\.status) == [.completed, .failed])
            #expect(
                jobs[1].failure == JobFailure(kind: .storage, message: "the quota of 4000 bytes would be passed: 3500 are used"))
            #expect(jobs[1].outputs.isEmpty && setup.outputs(jobs[1].id).isEmpty)
            #expect(setup.outputs(jobs[0].id).count == 1)
            #expect(observer.events.contains("quota exceeded: 3500 of 4000"))
            #expect(try setup.store.usage(of: setup.key).usedBytes == 3500)
        }
    }

    @Test func `a full disk is waited for`() throws {
        try withTemporaryDirectory { directory in
            let script = FakePrograms.output + "[ -e tried ] || { >tried; echo \"$output: No space left on device\" >&2; exit 1; }\n"
            let setup = try setup(directory, ffmpeg: script + FakePrograms.transcode)
            let (job, events) = try setup.process(upload(directory))
            #expect(job.status == .completed)
            #expect(job.attempts == 2)
            #expect(events.contains("job retried: storage"))
            #expect(setup.outputs(job.id) == ["2/360p.mp4"])
        }
    }

    @Test func `no job is begun on a disk with too little room`() throws {
        try withTemporaryDirectory { directory in
            var setup = try setup(directory, ffmpeg: FakePrograms.transcode)
            setup.settings.reservedDiskBytes = .max / 2
            let (job, events) = try setup.process(upload(directory))
            #expect(job.failure?.kind == .storage)
            #expect(job.failure?.message.hasPrefix("the disk has too little room: ") == true)
            #expect(job.attempts == 3)
            #expect(events.count { $0 == "job retried: storage" } == 2)
        }
    }

    @Test func `an upload whose file is gone fails`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: FakePrograms.transcode)
            let id = try setup.submit(upload(directory))
            try Directory.removeTree(setup.files.uploadDirectory(id))
            let pool = try setup.pool()
            try pool.start()
            defer { pool.stop(drainNanoseconds: 0) }
            #expect(
                try setup.wait(for: id, .failed).failure == JobFailure(kind: .storage, message: "the file uploads/\(id)/input is not there")
            )
        }
    }

    @Test func `a program that dies is run again`() throws {
        try withTemporaryDirectory { directory in
            let script = FakePrograms.output + "[ -e tried ] || { >tried; echo half >\"$output\"; kill -SEGV $$; }\n"
            let setup = try setup(directory, ffmpeg: script + FakePrograms.transcode)
            let (job, events) = try setup.process(upload(directory))
            #expect(job.status == .completed)
            #expect(job.attempts == 2)
            #expect(job.failure == nil)
            #expect(events.contains("job retried: transcode"))
            #expect(setup.outputs(job.id) == ["2/360p.mp4"])
        }
    }

    @Test func `but not for ever`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: "echo boom >&2; kill -KILL $$")
            let (job, events) = try setup.process(upload(directory))
            #expect(job.failure == JobFailure(kind: .transcode, message: "ffmpeg was ended by signal 9: boom"))
            #expect(job.attempts == 3)
            #expect(events.count { $0 == "job retried: transcode" } == 2)
            #expect(events.count { $0 == "job failed: transcode" } == 1)
        }
    }

    @Test func `a program that refuses the upload is not run again`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: FakePrograms.output + "echo \"$output: Invalid data\" >&2; exit 1")
            let (job, _) = try setup.process(upload(directory))
            #expect(job.failure == JobFailure(kind: .transcode, message: "ffmpeg ended with exit code 1: 360p.mp4.part: Invalid data"))
            #expect(job.attempts == 1)
        }
    }

    @Test func `a program that is not installed is no fault of the upload`() throws {
        try withTemporaryDirectory { directory in
            var setup = try setup(directory, ffmpeg: "")
            setup.settings.ffmpeg = "/nowhere/bin/ffmpeg"
            let (job, _) = try setup.process(upload(directory))
            #expect(job.failure == JobFailure(kind: .unknown, message: "ffmpeg can't be started: No such file or directory"))
            #expect(job.attempts == 3)
        }
    }

    @Test(arguments: ["echo not json", "exec yes", "echo '{\"streams\": 1}'"])
    func `what ffprobe should not say fails the job`(script: String) throws {
        try withTemporaryDirectory { directory in
            var setup = try setup(directory, ffmpeg: FakePrograms.transcode)
            setup.settings.ffprobe = try makeRunnable("strange", in: directory, "#!/bin/sh\n" + script)
            let (job, _) = try setup.process(upload(directory))
            #expect(job.failure?.kind == .probe)
        }
    }

    // MARK: Transcription

    private func transcribing(_ directory: String, _ script: String) throws -> WorkerSetup {
        var setup = try setup(directory, ffmpeg: FakePrograms.transcode)
        let program = try makeRunnable("transcriber", in: directory, "#!/bin/sh\n" + script)
        setup.settings.transcriber = .init(command: [program, "--file={input}"], model: "base")
        return setup
    }

    @Test func `what was said is kept, and its words are counted`() throws {
        try withTemporaryDirectory { directory in
            let setup = try transcribing(
                directory, "echo working >&2; >left-over; head -c 9 \"${1#--file=}\" | wc -c; echo words, no less\n")
            let (job, events) = try setup.process(upload(directory))
            #expect(job.status == .completed)
            #expect(job.transcript?.model == "base" && job.transcript?.words == 4 && job.transcript?.bytes == 17)
            #expect(try String(contentsOfFile: setup.files.transcriptPath(job), encoding: .utf8) == "9\nwords, no less\n")
            #expect(setup.outputs(job.id) == ["1/360p.mp4", "1/transcript.txt"])
            #expect(job.storedBytes == 1000 + 6 + 17)
            #expect(events.contains("transcription by base ended"))
        }
    }

    @Test func `a transcriber that fails is run again, then fails the job`() throws {
        try withTemporaryDirectory { directory in
            let setup = try transcribing(directory, "echo 'no model at /opt/models/base' >&2; exit 7\n")
            let (job, _) = try setup.process(upload(directory))
            #expect(
                job.failure == JobFailure(kind: .transcription, message: "the transcriber ended with exit code 7: no model at base"))
            #expect(job.attempts == 3)
            #expect(job.outputs.isEmpty)
            #expect(setup.outputs(job.id).isEmpty)
        }
    }

    @Test(arguments: [("exec sleep 1000\n", JobFailure.Kind.timeout), ("exec yes\n", .transcription)])
    func `a transcriber that never ends is ended`(script: String, kind: JobFailure.Kind) throws {
        try withTemporaryDirectory { directory in
            var setup = try transcribing(directory, script)
            if kind == .timeout { setup.settings.timeoutNanoseconds = 500_000_000 }
            let (job, _) = try setup.process(upload(directory))
            #expect(job.failure?.kind == kind)
        }
    }

    @Test func `nothing is transcribed where nothing can be heard`() throws {
        try withTemporaryDirectory { directory in
            var setup = try transcribing(directory, "exit 1\n")
            setup.settings.ffprobe = "ffprobe"
            let (job, _) = try setup.process(TestVideos.odd.path)
            #expect(job.status == .completed)
            #expect(job.transcript == nil)
        }
    }

    // MARK: Leases

    @Test func `the progress is seen, and a cancelled job's program ends`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: "trap '' TERM\n" + Self.hanging)
            let observer = RecordingObserver()
            let pool = try setup.pool(observer)
            try pool.start()
            defer { pool.stop(drainNanoseconds: 0) }
            let id = try setup.submit(upload(directory))
            let ffmpeg = try pid(in: directory)
            try waitUntil("half of the progress") { abs(try setup.job(id).progress - 0.51) < 0.001 }
            #expect(pool.counts == WorkerPool.Counts(workers: 1, jobs: 1))
            #expect(try setup.store.cancel(id: id, now: 1)?.isCancelling == true)
            pool.checkLeases()
            let job = try setup.wait(for: id, .cancelled)
            #expect(!isRunning(ffmpeg))
            #expect(job.finishedAt != nil)
            #expect(job.failure == nil)
            try waitUntil("the end") { observer.events.contains("job cancelled") && setup.outputs(id).isEmpty }
        }
    }

    @Test func `a worker that has lost its lease stops, and touches nothing of the next one`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: Self.hanging)
            let observer = RecordingObserver()
            let pool = try setup.pool(observer)
            try pool.start()
            defer { pool.stop(drainNanoseconds: 0) }
            let id = try setup.submit(upload(directory))
            let ffmpeg = try pid(in: directory)
            // To another instance, whose clock is ahead, the lease has ended.
            let claimed = try setup.store.claim(
                worker: "other/1", now: SystemClock.wallNanoseconds() + 3600 * 1_000_000_000, leaseNanoseconds: 1)
            var job = try #require(claimed)
            #expect(job.id == id && job.attempts == 2)
            try Directory.create(setup.files.attemptDirectory(job))
            try Data("theirs".utf8).write(to: URL(fileURLWithPath: setup.files.outputPath(job, resolution: .p360)))
            try waitUntil("the worker to notice") { observer.events.contains("job leaseLost") }
            #expect(!isRunning(ffmpeg))
            #expect(setup.outputs(id) == ["2/360p.mp4"])
            job.status = .completed
            #expect(try setup.store.finish(job, worker: "other/1"))
        }
    }

    @Test func `a job whose workers die again and again is given up`() throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: FakePrograms.transcode)
            let id = try setup.submit(upload(directory))
            for number in 0..<setup.settings.retries.maximumClaims {
                _ = try setup.store.claim(worker: "dead/\(number)", now: SystemClock.wallNanoseconds(), leaseNanoseconds: 0)
            }
            let pool = try setup.pool()
            try pool.start()
            defer { pool.stop(drainNanoseconds: 0) }
            let failure = try setup.wait(for: id, .failed).failure
            #expect(failure == JobFailure(kind: .unknown, message: "the service ended 6 times while it worked on this"))
        }
    }

    @Test(arguments: [
        ([JobStoreError.unavailable("the connection was lost")], "job completed"),
        ([.unavailable("once"), .unavailable("twice")], "job completed"), ([.broken("fdatasync: Input/output error")], "job leaseLost"),
    ])
    func `a result whose storing got no answer keeps its files`(errors: [JobStoreError], end: String) throws {
        try withTemporaryDirectory { directory in
            let setup = try setup(directory, ffmpeg: FakePrograms.transcode)
            let observer = RecordingObserver(lostAnswers: errors)
            let pool = try setup.pool(observer)
            try pool.start()
            defer { pool.stop(drainNanoseconds: 0) }
            let id = try setup.submit(upload(directory))
            try waitUntil("the end") { observer.events.contains(end) }
            #expect(try setup.job(id).status == .completed)
            #expect(setup.outputs(id) == ["1/360p.mp4"])
        }
    }

    // MARK: The end

    @Test func `a job that is not done in time is handed back, and done by the next`() throws {
        try withTemporaryDirectory { directory in
            let script = FakePrograms.output + "if [ -e tried ]; then\n" + FakePrograms.transcode + "exit 0; fi\n>tried; >\"$output\"\n"
            let setup = try setup(directory, ffmpeg: script + Self.hanging)
            let observer = RecordingObserver()
            let pool = try setup.pool(observer)
            try pool.start()
            let id = try setup.submit(upload(directory))
            let ffmpeg = try pid(in: directory)
            pool.stop(drainNanoseconds: 0)
            #expect(!isRunning(ffmpeg))
            let job = try setup.job(id)
            #expect(job.status == .queued)
            #expect(job.attempts == 0)
            #expect(job.progress == 0)
            #expect(setup.outputs(id).isEmpty)
            #expect(observer.events.suffix(2) == ["job handedBack", "worker stopped"])
            #expect(pool.counts == WorkerPool.Counts())

            let next = try setup.pool()
            try next.start()
            defer { next.stop(drainNanoseconds: 0) }
            #expect(try setup.wait(for: id, .completed).attempts == 1)
        }
    }

    @Test func `a job that runs may be done, and no other is begun`() throws {
        try withTemporaryDirectory { directory in
            let script = "echo $$ >pid.new; mv pid.new pid; while ! [ -e go ]; do sleep 0.05; done\n" + FakePrograms.transcode
            let setup = try setup(directory, ffmpeg: script)
            let pool = try setup.pool()
            try pool.start()
            let id = try setup.submit(upload(directory))
            _ = try pid(in: directory)
            let next = try setup.submit(upload(directory))
            let stopper = try WorkerThread("stopper", stackBytes: 256 * 1024) { pool.stop(drainNanoseconds: .max) }
            // The stop begins before or after the end of the job: the next one might be begun in between, were it not for this.
            try waitUntil("the stop") { pool.isEnding }
            try Data().write(to: URL(fileURLWithPath: directory + "/go"))
            stopper.join()
            #expect(try setup.job(id).status == .completed)
            #expect(try setup.job(next).status == .queued)
        }
    }

    @Test func `nothing waits when there is nothing to do`() throws {
        try withTemporaryDirectory { directory in
            let setup = try WorkerSetup(directory)
            let observer = RecordingObserver()
            let pool = try setup.pool(observer)
            try pool.start()
            try waitUntil("the worker") { observer.events.contains("worker started") }
            pool.stop(drainNanoseconds: .max)
            pool.stop(drainNanoseconds: 0)
            #expect(observer.events == ["worker started", "worker stopped"])
        }
    }

    @Test func `a store that is closed ends nobody`() throws {
        try withTemporaryDirectory { directory in
            let setup = try WorkerSetup(directory)
            let observer = RecordingObserver()
            let pool = try setup.pool(observer)
            setup.store.close()
            try pool.start()
            try waitUntil("claims") { observer.events.contains("store failed to claim") }
            pool.stop(drainNanoseconds: .max)
            #expect(observer.events.last == "worker stopped")
        }
    }
}
