import FoundationEssentials
import Glibc
import JobStore
import SystemIO

/// The steps of one attempt at a job: probe, transcode to each resolution, transcribe.
struct JobSteps {
    /// Of ffprobe, which reads the beginning and the end of a file.
    private static let probeNanoseconds: UInt64 = 120_000_000_000
    private static let maximumProbeBytes = 1024 * 1024
    /// A day of speech is a megabyte.
    private static let maximumTranscriptBytes = 8 * 1024 * 1024
    /// Of the job's progress.
    private static let probeShare = 0.02

    let settings: WorkerSettings
    let files: JobFiles
    let launcher: String
    let control: JobControl
    let observer: any JobObserving
    /// Monotonic: the end of the attempt's time.
    let deadline: UInt64

    /// Notes in the job what is found and made; the files are in ``JobFiles/attemptDirectory(_:)``.
    func run(_ job: inout Job) throws(JobError) {
        job.media = nil
        job.outputs = []
        job.transcript = nil
        try prepare(job)
        let media = try probe(job)
        job.media = media.facts
        control.advance(to: Self.probeShare)
        let transcriber = media.audioStream == nil ? nil : settings.transcriber
        let share = (1 - Self.probeShare) / Double(max(settings.resolutions.count + (transcriber == nil ? 0 : 1), 1))
        var done = Self.probeShare
        for resolution in settings.resolutions {
            job.outputs.append(try transcode(job, media, to: resolution, progress: (done, share)))
            done += share
            control.advance(to: done)
        }
        if let transcriber { job.transcript = try transcribe(job, by: transcriber) }
    }

    private func prepare(_ job: Job) throws(JobError) {
        do throws(SystemError) {
            _ = try FileStatus(ofPath: files.inputPath(job.id))
            // Another attempt of this number would be one that was handed back, and is over.
            try files.removeAttempt(job)
            try Directory.create(files.attemptDirectory(job))
        } catch {
            throw storageError(error)
        }
    }

    // MARK: Probing

    private func probe(_ job: Job) throws(JobError) -> ProbedMedia {
        let input = files.inputPath(job.id)
        return try step(.probe) { () throws(JobError) in
            var output: [UInt8] = []
            let report = run(
                FFmpegCommand.probe(input, settings: settings), job, ProgramEnvironment.minimal(),
                deadline: min(deadline, SystemClock.monotonicNanoseconds() + Self.probeNanoseconds), maximumFileBytes: nil
            ) { bytes in
                output += bytes
                return output.count <= Self.maximumProbeBytes
            }
            guard report.ending == .exited(0) else { throw probeError(report, job) }
            guard let facts = try? JSONDecoder().decode(ProbeReport.self, from: Data(output)) else {
                throw .final(.probe, MediaRefusal.unreadable("ffprobe's answer makes no sense").description)
            }
            do throws(MediaRefusal) {
                return try ProbedMedia(facts, limits: settings.limits)
            } catch {
                throw .final(.probe, error.description)
            }
        } result: {
            .probed($0.facts)
        }
    }

    private func probeError(_ report: ProgramReport, _ job: Job) -> JobError {
        guard case .exited = report.ending else { return programError(report, .probe, job) }
        let refusal: MediaRefusal =
            report.errorText.contains("not on whitelist") ? .otherFormat : .unreadable(clientText(job).cleaned(report.errorText))
        return .final(.probe, refusal.description)
    }

    // MARK: Transcoding

    private func transcode(
        _ job: Job, _ media: ProbedMedia, to resolution: Resolution, progress share: (done: Double, share: Double)
    ) throws(JobError) -> JobOutput {
        let path = files.outputPath(job, resolution: resolution)
        let part = path + JobFiles.partSuffix
        return try step(.transcode(resolution)) { () throws(JobError) in
            let room = try room(for: job, expected: FFmpegCommand.expectedOutputBytes(media, resolution))
            let limit = min(FFmpegCommand.maximumOutputBytes(media, resolution), room.bytes)
            var progress = FFmpegProgress()
            let report = run(
                FFmpegCommand.transcode(files.inputPath(job.id), media, to: resolution, output: part, settings: settings), job,
                ProgramEnvironment.minimal(), deadline: deadline, maximumFileBytes: limit
            ) { bytes in
                progress.append(bytes)
                control.advance(to: share.done + share.share * min(progress.seconds / media.facts.durationSeconds, 1))
                return true
            }
            guard report.ending == .exited(0) else { throw transcodeError(report, job, limit: limit, room: room) }
            if let message = Self.shortfall(progress, media) {
                let text = clientText(job).cleaned(report.errorText)
                throw .final(.transcode, message + (text.isEmpty ? "" : ": \(text)"))
            }
            let bytes: UInt64
            do throws(SystemError) {
                bytes = try Self.publish(part, as: path)
            } catch {
                throw storageError(error)
            }
            return JobOutput(
                resolution: resolution.rawValue, bytes: bytes, transcodeSeconds: Double(report.nanoseconds) / 1e9,
                compressionRatio: job.inputBytes == 0 ? 0 : Double(bytes) / Double(job.inputBytes))
        } result: {
            .transcoded($0)
        }
    }

    /// ffmpeg ends well, too, when its input is cut off: what is missing, in words. A tenth of the duration and half a second may be:
    /// files are not exact about it.
    static func shortfall(_ progress: FFmpegProgress, _ media: ProbedMedia) -> String? {
        let expected = media.facts.durationSeconds
        if progress.isComplete && progress.seconds >= expected * 0.9 - 0.5 { return nil }
        let hundredths = (progress.seconds * 100).rounded() / 100
        return "the video can only be read up to \(hundredths) s of \((expected * 100).rounded() / 100) s: it is cut off or damaged"
    }

    private func transcodeError(_ report: ProgramReport, _ job: Job, limit: UInt64, room: Room) -> JobError {
        if case .signalled(SIGXFSZ) = report.ending {
            if limit == room.bytes { return quotaError(room) }
            return .final(.storage, "the output grew over \(limit) bytes: the video is longer than it says")
        }
        return programError(report, .transcode, job)
    }

    // MARK: Transcribing

    private func transcribe(_ job: Job, by transcriber: WorkerSettings.Transcriber) throws(JobError) -> Transcript {
        let input = files.inputPath(job.id)
        let path = files.transcriptPath(job)
        let scratch = files.attemptDirectory(job) + "/scratch"
        return try step(.transcription(transcriber.model)) { () throws(JobError) in
            let room = try room(for: job, expected: 0)
            do throws(SystemError) {
                try Directory.create(scratch)
            } catch {
                throw storageError(error)
            }
            var text: [UInt8] = []
            let report = run(
                FFmpegCommand.transcribe(input, by: transcriber), job, ProgramEnvironment.inherited(scratchDirectory: scratch),
                deadline: deadline, maximumFileBytes: nil, directory: scratch,
                shown: Array(transcriber.command.prefix(1))
            ) { bytes in
                text += bytes
                return text.count <= Self.maximumTranscriptBytes
            }
            guard report.ending == .exited(0) else { throw transcriptionError(report, job) }
            let words = TranscriptText.wordCount(text)
            if UInt64(text.count) > room.bytes { throw quotaError(room) }
            do throws(SystemError) {
                try Directory.removeTree(scratch)
                try AtomicFileReplacement.write(text, to: path)
            } catch {
                throw storageError(error)
            }
            return Transcript(
                model: transcriber.model, words: words, bytes: UInt64(text.count), seconds: Double(report.nanoseconds) / 1e9)
        } result: {
            .transcribed($0)
        }
    }

    private func transcriptionError(_ report: ProgramReport, _ job: Job) -> JobError {
        // Whether it was the upload or the machine, only the transcriber knows.
        if case .exited(let code) = report.ending {
            return .transient(.transcription, describe("the transcriber", "ended with exit code \(code)", report, job))
        }
        return programError(report, .transcription, job)
    }

    // MARK: All steps

    private func step<Value>(
        _ step: JobStep, _ body: () throws(JobError) -> Value, result: (Value) -> JobStepResult
    ) throws(JobError) -> Value {
        if let reason = control.stopReason { throw .stopped(reason) }
        let start = SystemClock.monotonicNanoseconds()
        if start >= deadline { throw timeout() }
        observer.stepStarted(step)
        func end(_ result: JobStepResult) {
            observer.stepEnded(
                step, result, nanoseconds: SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds()))
        }
        do throws(JobError) {
            let value = try body()
            end(result(value))
            return value
        } catch {
            end(.failed(error))
            throw error
        }
    }

    private func run(
        _ arguments: [String], _ job: Job, _ environment: [String], deadline: UInt64, maximumFileBytes: UInt64?, directory: String? = nil,
        shown: [String]? = nil, take: (UnsafeRawBufferPointer) -> Bool
    ) -> ProgramReport {
        let run = ProgramRun(
            arguments: arguments, environment: environment + [LeftPrograms(dataDirectory: files.dataDirectory).mark],
            workingDirectory: directory ?? files.attemptDirectory(job), deadline: deadline, graceNanoseconds: settings.graceNanoseconds,
            maximumFileBytes: maximumFileBytes, launcher: launcher)
        let report = run.run(control) {
            observer.programStarted(shown ?? arguments, pid: $0)
        } take: {
            take($0)
        }
        observer.programEnded(report)
        return report
    }

    /// What a job may still store.
    private struct Room {
        var usedBytes: UInt64 = 0
        /// nil: no limit.
        var quotaBytes: UInt64?

        var bytes: UInt64 {
            guard let quotaBytes else { return .max }
            return quotaBytes > usedBytes ? quotaBytes - usedBytes : 0
        }
    }

    /// Throws when the disk has too little room, or nothing is left of the owner's quota.
    private func room(for job: Job, expected: UInt64) throws(JobError) -> Room {
        let free: UInt64
        do throws(SystemError) {
            free = try FileSystemSpace.availableBytes(at: files.dataDirectory)
        } catch {
            throw storageError(error)
        }
        guard free > settings.reservedDiskBytes, free - settings.reservedDiskBytes >= expected else {
            throw .transient(
                .storage,
                "the disk has too little room: \(free) bytes are free, \(expected) may be needed, and \(settings.reservedDiskBytes) "
                    + "are kept free")
        }
        var room = Room()
        do throws(JobStoreError) {
            // The jobs of a key that was removed go on, without a limit.
            if let key = try observer.store.keys().first(where: { $0.id == job.keyID }) {
                let usage = try observer.store.usage(of: key)
                room = Room(usedBytes: usage.usedBytes + job.outputs.reduce(0) { $0 + $1.bytes }, quotaBytes: usage.quotaBytes)
            }
        } catch {
            throw .transient(.unknown, "the owner's storage quota can't be looked up")
        }
        if room.bytes == 0 { throw quotaError(room) }
        return room
    }

    private func quotaError(_ room: Room) -> JobError {
        let quota = room.quotaBytes ?? .max
        observer.quotaExceeded(usedBytes: room.usedBytes, quotaBytes: quota)
        return .final(.storage, JobStoreError.quotaExceeded(usedBytes: room.usedBytes, quotaBytes: quota).description)
    }

    private static func publish(_ part: String, as path: String) throws(SystemError) -> UInt64 {
        let file = try FileDescriptor(opening: part)
        try file.synchronize()
        let bytes = try FileStatus(ofDescriptor: file).size
        if rename(part, path) < 0 { throw SystemError(call: "rename", subject: part) }
        return bytes
    }

    // MARK: Errors

    private func programError(_ report: ProgramReport, _ kind: JobFailure.Kind, _ job: Job) -> JobError {
        let program = Self.name(of: report.program)
        switch report.ending {
        case .exited(let code):
            let isFull = ["No space left on device", "Disk quota exceeded"].contains { report.errorText.contains($0) }
            if isFull { return .transient(.storage, describe(program, "found the disk full", report, job)) }
            return .final(kind, describe(program, "ended with exit code \(code)", report, job))
        case .signalled(let number):
            return .transient(kind, describe(program, "was ended by signal \(number)", report, job))
        case .notStarted(let error):
            return .transient(.unknown, "\(program) can't be started: \(error.reason)")
        case .stopped(let reason):
            return .stopped(reason)
        case .timedOut:
            return timeout(program)
        case .wroteTooMuch:
            return .final(kind, "\(program) wrote more than can be taken in")
        }
    }

    private func timeout(_ program: String? = nil) -> JobError {
        .final(
            .timeout,
            (program.map { "\($0) was not done in time" } ?? "the job was not done in time")
                + "; a job may take \(settings.timeoutNanoseconds / 1_000_000_000) s")
    }

    private func storageError(_ error: SystemError) -> JobError {
        let subject = clientText(nil).cleaned(error.subject)
        return .transient(.storage, error.code == ENOENT ? "the file \(subject) is not there" : "\(error.call) \(subject): \(error.reason)")
    }

    private func describe(_ program: String, _ what: String, _ report: ProgramReport, _ job: Job) -> String {
        let text = clientText(job).cleaned(report.errorText)
        return "\(program) \(what)" + (text.isEmpty ? "" : ": \(text)")
    }

    private func clientText(_ job: Job?) -> ClientText {
        var names = [(files.dataDirectory + "/", "")]
        if let job {
            names += [("file:" + files.inputPath(job.id), "input"), (files.inputPath(job.id), "input")]
            names += [("file:" + files.attemptDirectory(job) + "/", ""), (files.attemptDirectory(job) + "/", "")]
        }
        return ClientText(names: names)
    }

    private static func name(of program: String) -> String { String(program.split(separator: "/").last ?? "the program") }
}
