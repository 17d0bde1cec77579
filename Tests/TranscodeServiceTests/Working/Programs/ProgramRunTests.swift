import Foundation
import Glibc
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

@Suite struct ProgramRunTests {
    /// What `script` did, run by `/bin/sh`.
    private func run(
        _ script: String, in directory: String, seconds: Double = 600, grace: Double = 600, maximumFileBytes: UInt64? = nil,
        control: JobControl? = nil, take: (UnsafeRawBufferPointer) -> Bool = { _ in true }
    ) throws -> ProgramReport {
        try run(
            [makeRunnable("program-\(UUID().uuidString)", in: directory, "#!/bin/sh\n" + script)], in: directory, seconds: seconds,
            grace: grace, maximumFileBytes: maximumFileBytes, control: control, take: take)
    }

    private func run(
        _ arguments: [String], in directory: String, seconds: Double, grace: Double, maximumFileBytes: UInt64?, control: JobControl?,
        take: (UnsafeRawBufferPointer) -> Bool
    ) throws -> ProgramReport {
        let run = ProgramRun(
            arguments: arguments, environment: ["PATH=/usr/bin:/bin", "WORD=of the test"], workingDirectory: directory,
            deadline: SystemClock.monotonicNanoseconds() + UInt64(seconds * 1e9), graceNanoseconds: UInt64(grace * 1e9),
            maximumFileBytes: maximumFileBytes, launcher: TestLauncher.path)
        return try run.run(control ?? JobControl(), started: { _ in }, take: take)
    }

    /// A process is gone, or dead and not waited for.
    private func isAlive(_ pid: pid_t) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return status.split(separator: ")").last?.split(separator: " ").first != "Z"
    }

    private func writtenPID(in path: String) throws -> pid_t {
        var found: pid_t?
        try waitUntil("a process number in \(path)") {
            found = (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { text in
                text.hasSuffix("\n") ? pid_t(text.dropLast()) : nil
            }
            return found != nil
        }
        return found ?? 0
    }

    @Test func `gives output, the end of errors, and the exit code`() throws {
        try withTemporaryDirectory { directory in
            var output: [UInt8] = []
            let report = try run("echo out $WORD; pwd; cat; echo err >&2; exit 3", in: directory) {
                output += $0
                return true
            }
            #expect(report.ending == .exited(3))
            #expect(String(decoding: output, as: UTF8.self) == "out of the test\n\(directory)\n")
            #expect(report.errorText == "err\n")
        }
    }

    @Test func `programs go after others, when time or memory are short`() throws {
        try withTemporaryDirectory { directory in
            var output: [UInt8] = []
            let report = try run("nice; cat /proc/self/oom_score_adj; ulimit -c", in: directory) {
                output += $0
                return true
            }
            #expect(report.ending == .exited(0))
            let before = nice(0)
            #expect(String(decoding: output, as: UTF8.self) == "\(min(before + 5, 19))\n500\n0\n")
        }
    }

    @Test func `tells that a program is not there`() throws {
        try withTemporaryDirectory { directory in
            let report = try run(
                ["/nowhere/ffmpeg"], in: directory, seconds: 60, grace: 60, maximumFileBytes: nil, control: nil, take: { _ in true })
            #expect(report.ending == .notStarted(SystemError(call: "execvp", subject: "/nowhere/ffmpeg", code: ENOENT)))
        }
    }

    @Test func `gives arguments as they are, without a shell`() throws {
        try withTemporaryDirectory { directory in
            var output: [UInt8] = []
            let report = try run(
                ["printf", "%s|", "-v", "$(id); `id`", "a b", "*"], in: directory, seconds: 60, grace: 60, maximumFileBytes: nil,
                control: nil
            ) {
                output += $0
                return true
            }
            #expect(report.ending == .exited(0))
            #expect(String(decoding: output, as: UTF8.self) == "-v|$(id); `id`|a b|*|")
        }
    }

    @Test func `takes in megabytes of errors without memory for them`() throws {
        try withTemporaryDirectory { directory in
            let report = try run("head -c 20000000 /dev/zero | tr '\\0' x >&2; echo end >&2", in: directory)
            #expect(report.ending == .exited(0))
            #expect(report.errorText.utf8.count == ErrorTail.maximumBytes)
            #expect(report.errorText.hasSuffix("xend\n"))
        }
    }

    @Test func `ends a program that takes too long`() throws {
        try withTemporaryDirectory { directory in
            let report = try run("exec sleep 1000", in: directory, seconds: 0.05)
            #expect(report.ending == .timedOut)
        }
    }

    @Test func `ends one that writes errors for ever`() throws {
        try withTemporaryDirectory { directory in
            let report = try run("exec yes >&2", in: directory, seconds: 0.3)
            #expect(report.ending == .timedOut)
            #expect(report.errorText.hasSuffix("y\n"))
        }
    }

    @Test func `kills a program that ignores TERM, and what it has started`() throws {
        try withTemporaryDirectory { directory in
            let control = try JobControl()
            let stopper = try WorkerThread("stopper", stackBytes: 256 * 1024) {
                _ = try? writtenPID(in: directory + "/child")
                control.stop(.cancelled)
            }
            let report = try run(
                "trap '' TERM; sleep 1000 & echo $! >child; while :; do sleep 1000; done", in: directory, grace: 0.05, control: control)
            stopper.join()
            #expect(report.ending == .stopped(.cancelled))
            let child = try writtenPID(in: directory + "/child")
            try waitUntil("the end of \(child)") { !isAlive(child) }
        }
    }

    @Test func `leaves nothing running when a program ends`() throws {
        try withTemporaryDirectory { directory in
            let report = try run("sleep 1000 & echo $! >child", in: directory)
            #expect(report.ending == .exited(0))
            let child = try writtenPID(in: directory + "/child")
            try waitUntil("the end of \(child)") { !isAlive(child) }
        }
    }

    @Test func `stops a program whose output nobody wants`() throws {
        try withTemporaryDirectory { directory in
            var bytes = 0
            let report = try run("exec yes", in: directory) {
                bytes += $0.count
                return bytes <= 100_000
            }
            #expect(report.ending == .wroteTooMuch)
            #expect(bytes > 100_000 && bytes <= 100_000 + 65_536)
        }
    }

    @Test func `stops a program that fills the disk`() throws {
        try withTemporaryDirectory { directory in
            let report = try run("exec head -c 10000000 /dev/zero >file", in: directory, maximumFileBytes: 100_000)
            #expect(report.ending == .signalled(SIGXFSZ))
            #expect(try FileStatus(ofPath: directory + "/file").size == 100_000)
        }
    }

    @Test func `the kernel kills a program whose starter has died, even one that ignores TERM`() throws {
        try withTemporaryDirectory { directory in
            let program = try makeRunnable("program", in: directory, "#!/bin/sh\ntrap '' TERM\necho $$ >pid\nwhile :; do sleep 0.1; done\n")
            let started = Atomic<Int32>(0)
            // The signal comes when the thread ends that started the program, as it does when the whole process dies.
            let starter = try WorkerThread("starter", stackBytes: 256 * 1024) {
                var restraints = SupervisedProcess.Restraints()
                restraints.deathSignal = SIGKILL
                guard
                    let process = try? SupervisedProcess(
                        [program], environment: ["PATH=/usr/bin:/bin"], workingDirectory: directory, restraints: restraints,
                        launcher: TestLauncher.path)
                else { return }
                started.store(process.pid, ordering: .releasing)
                _ = try? writtenPID(in: directory + "/pid")
            }
            starter.join()
            let pid = started.load(ordering: .acquiring)
            #expect(pid > 0)
            try waitUntil("the end of \(pid)") { !isAlive(pid) }
            var status: Int32 = 0
            #expect(waitpid(pid, &status, 0) == pid)
            #expect(status & 0x7f == SIGKILL)
        }
    }

    @Test func `an early stop starts nothing that stays`() throws {
        try withTemporaryDirectory { directory in
            let control = try JobControl()
            control.stop(.handBack)
            control.stop(.cancelled)
            #expect(try run("exec sleep 1000", in: directory, control: control).ending == .stopped(.handBack))
        }
    }
}
