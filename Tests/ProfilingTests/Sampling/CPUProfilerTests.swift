import Foundation
import Gzip
import HTTP
import OTLP
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Profiling

/// One profile is taken at a time, so these tests take turns.
@Suite(.serialized) struct `A CPU profile` {
    /// Profiles until the busy function was seen often enough: on a machine with other work it gets the time that it gets.
    private func busyProfile() throws -> NamedProfile {
        let loop = try BusyLoop()
        defer { loop.stop() }
        var found: NamedProfile?
        try waitUntil("samples of the busy loop") {
            let taken: CPUProfile
            do { taken = try CPUProfiler.profile(nanoseconds: 500_000_000) } catch ProfilingError.busy {
                // Tests of other modules take profiles of this process, too.
                return false
            }
            let profile = NamedProfile(taken)
            let busy = profile.stacks.filter { stack in stack.addresses.contains { profile.symbols[$0].name.contains("isBusyForAWhile") } }
            if busy.reduce(0, { $0 + $1.count }) >= 5 { found = profile }
            return found != nil
        }
        return try #require(found)
    }

    @Test func `shows a busy function, and who called it`() throws {
        let profile = try busyProfile()
        let lines = profile.folded.split(separator: "\n").filter { $0.contains("isBusyForAWhile") }
        #expect(lines.allSatisfy { Int($0.split(separator: " ").last ?? "") ?? 0 > 0 })
        // Each at its first instruction has no frame of its own yet; most are somewhere else.
        let isWithCaller = lines.contains { line in
            let frames = line[..<(line.lastIndex(of: " ") ?? line.endIndex)].split(separator: ";")
            return zip(frames, frames.dropFirst()).contains { caller, busy in
                caller.contains("callsWhatIsBusy") && busy.contains("isBusyForAWhile") && busy.hasSuffix("() -> Swift.UInt64")
            }
        }
        #expect(isWithCaller, "\(lines)")
        #expect(profile.profile.durationNanoseconds >= 500_000_000)
    }

    private static let pprof = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../.build/pprof")
        .standardized.path

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: pprof), "script/setup --pprof builds .build/pprof"))
    func `is read by Go's pprof`() throws {
        let profile = try busyProfile()
        try withTemporaryDirectory { directory in
            let path = directory + "/cpu.pb.gz"
            try Data(profile.pprof).write(to: URL(fileURLWithPath: path))
            // Others work in this process, too: of the stacks with the busy function, it is the one that used the time.
            let top = try ChildProcess.run(
                [Self.pprof, "-symbolize=none", "-top", "-focus=isBusyForAWhile", path], in: directory)
            #expect(top.ending == .exited(0), "\(top.error)")
            let rows = top.output.split(separator: "\n").drop { !$0.contains("flat%") }.dropFirst()
            #expect(rows.first?.contains("isBusyForAWhile") == true, "\(top.output)")
            #expect(top.output.contains("Type: cpu"))
        }
    }

    @Test func `is refused while another is taken`() throws {
        let routes = ProfilingRoutes { [] }
        let refused = Refusal()
        // Whichever comes second.
        let thread = try WorkerThread("profile", stackBytes: 512 << 10) {
            while refused.error == nil {
                refused.note { () throws(ProfilingError) in try routes.answer(.folded, method: .get, seconds: "1") }
            }
        }
        try waitUntil("a refusal") {
            refused.note { () throws(ProfilingError) in try routes.answer(.profile, method: .get, seconds: "1") }
            return refused.error != nil
        }
        #expect(refused.error == .busy && refused.error?.status == 409)
        thread.join()
    }

    private final class Refusal: Sendable {
        private let found = Mutex<ProfilingError?>(nil)
        var error: ProfilingError? { found.withLock { $0 } }

        func note(_ ask: () throws(ProfilingError) -> HTTPResponse) {
            do throws(ProfilingError) { _ = try ask() } catch { found.withLock { $0 = error } }
        }
    }
}
