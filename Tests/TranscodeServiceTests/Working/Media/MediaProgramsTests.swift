import Glibc
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

@Suite struct MediaProgramsTests {
    @Test func `Debian's ffmpeg has all that is needed`() throws {
        #expect(try MediaPrograms.problems(WorkerSettings(), launcher: TestLauncher.path) == [])
    }

    @Test func `names all that is missing`() throws {
        try withTemporaryDirectory { directory in
            var settings = WorkerSettings()
            settings.ffprobe = "/nowhere/ffprobe"
            settings.ffmpeg = try makeRunnable("ffmpeg", in: directory, "#!/bin/sh\necho ' A....D aac    AAC (Advanced Audio Coding)'\n")
            let problems = try MediaPrograms.problems(settings, launcher: TestLauncher.path)
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
        let problems = try MediaPrograms.problems(settings, launcher: TestLauncher.path)
        #expect(problems == [.failed(key: "workers.ffmpeg", program: "false", .exited(1))])
    }
}
