import TestSupport
import Testing

@testable import TranscodeService

@Suite struct MediaProgramsTests {
    private func problems(_ settings: WorkerSettings) throws -> [MediaPrograms.Problem] {
        try MediaPrograms.problems(settings, control: JobControl(), launcher: TestLauncher.path)
    }

    @Test func `Debian's ffmpeg has all that is needed`() throws {
        #expect(try problems(WorkerSettings()) == [])
    }

    @Test func `names all that is missing`() throws {
        try withTemporaryDirectory { directory in
            var settings = WorkerSettings()
            settings.ffprobe = "/nowhere/ffprobe"
            settings.ffmpeg = try makeRunnable("ffmpeg", in: directory, "#!/bin/sh\necho ' A....D aac    AAC (Advanced Audio Coding)'\n")
            let problems = try problems(settings)
            #expect(
                problems.map(\.description) == [
                    "`workers.ffprobe`: can't start /nowhere/ffprobe: No such file or directory; install ffmpeg, or give its path",
                    "`workers.ffmpeg`: \(settings.ffmpeg) has no encoder libx264; use a build that has it",
                ])
        }
    }

    @Test func `another program is not taken for ffmpeg`() throws {
        var settings = WorkerSettings()
        settings.ffmpeg = "false"
        let problems = try problems(settings)
        #expect(problems == [.failed(key: "workers.ffmpeg", program: "false", .exited(1))])
    }
}
