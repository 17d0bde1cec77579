import Foundation
import Glibc
import TestSupport
import Testing

/// The built program, killed while ffmpeg runs.
@Suite(.timeLimit(.minutes(5))) struct ServiceKillTests {
    @Test func `a killed service takes ffmpeg with it, and the next one does the job`() throws {
        try withTemporaryDirectory { directory in
            let configuration = directory + "/service.json5"
            let socket = directory + "/socket"
            let ffprobe = try makeRunnable("ffprobe", in: directory, "#!/bin/sh\n" + FakePrograms.probe(seconds: 2))
            // Hangs, and would not be impressed by TERM, until there is a file `go`.
            let script =
                "\(FakePrograms.head)\(FakePrograms.output)if ! [ -e '\(directory)/go' ]; then trap '' TERM; echo half >\"$output\"; "
                + "sleep 1000 & echo $! >'\(directory)/left'; echo $$ >'\(directory)/pid.new'; mv '\(directory)/pid.new' '\(directory)/pid'; while :; do sleep 0.1; done; fi\n"
            let ffmpeg = try makeRunnable("ffmpeg", in: directory, script + FakePrograms.transcode)
            try """
            listen: "unix:\(socket)", data_dir: "\(directory)/data", log: { stdout: false, file: "\(directory)/log" },
            workers: { count: 1, ffmpeg: "\(ffmpeg)", ffprobe: "\(ffprobe)", resolutions: ["360p"] },
            """.write(toFile: configuration, atomically: true, encoding: .utf8)
            let created = try ChildProcess.run(
                [TestLauncher.path, "keys", "create", "--config", configuration, "--name", "studio"], in: directory)
            #expect(created.ending == .exited(0), "\(created.error)")
            let key = String(try #require(created.output.split(whereSeparator: \.isWhitespace).last))

            func start() throws -> ServiceProcess {
                try ServiceProcess(configuration: configuration, socket: socket, logPath: directory + "/err")
            }
            func files() -> [String] {
                WorkerSetup.files(below: directory + "/data/outputs").map { String($0.drop { $0 != "/" }) }
            }
            let first = try start()
            let answer = try first.request(
                .post, "/api/v1/jobs", key: key, headers: ["Content-Type": "application/octet-stream"], body: Array("a video".utf8))
            #expect(answer.status == 201)
            let job = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
            let id = try #require(job?["id"] as? String)
            try waitUntil("ffmpeg to run") { FileManager.default.fileExists(atPath: directory + "/pid") }
            let pid = try #require(pid_t(String(contentsOfFile: directory + "/pid", encoding: .utf8).dropLast()))
            #expect(kill(pid, 0) == 0)
            #expect(files() == ["/1/360p.mp4.part"])

            first.process.signal(SIGKILL)
            #expect(try first.process.wait() == .signalled(SIGKILL))
            try waitUntil("the end of ffmpeg") { kill(pid, 0) != 0 }
            let left = try #require(pid_t(String(contentsOfFile: directory + "/left", encoding: .utf8).dropLast()))
            #expect(kill(left, 0) == 0)

            try Data().write(to: URL(fileURLWithPath: directory + "/go"))
            let second = try start()
            try waitUntil("the end of what ffmpeg had started") { kill(left, 0) != 0 }
            try waitUntil("the job to be done") {
                try second.json("/api/v1/jobs/\(id)", key: key)["status"] as? String == "completed"
            }
            let output = try second.request(.get, "/api/v1/jobs/\(id)/outputs/360p", key: key)
            #expect(output.status == 200)
            #expect(output.body == Array("video\n".utf8))
            try waitUntil("the first attempt's files to be removed") { files() == ["/2/360p.mp4"] }

            #expect(try second.request(.delete, "/api/v1/jobs/\(id)", key: key).status < 300)
            try waitUntil("the job's files to be removed") {
                files().isEmpty && WorkerSetup.files(below: directory + "/data/uploads").isEmpty
            }
            try second.terminate()
        }
    }
}
