import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct FullDataDirectoryTests {
        private static let failures = "log_agent_checkpoint_failures_total"
        private static let age = "log_agent_checkpoint_age_seconds"

        /// The limit's signal would end the process.
        private static let ignoringXFSZ = ["/bin/sh", "-c", #"trap '' XFSZ; exec "$@""#, "sh"]

        /// No file of the process may grow any more: the same as a full file system, except for the number of the error. It can be
        /// imposed on a running process and lifted again without special rights.
        @Test func `without room for its state the agent counts and ships on, says so, and recovers by itself`() throws {
            try withTemporaryDirectory { directory in
                try expectRecovery(in: directory, launcher: Self.ignoringXFSZ) { agent, isFull in
                    let limit = ["prlimit", "--pid", "\(agent.pid)", "--fsize=\(isFull ? "0" : "unlimited"):unlimited"]
                    let result = try ChildProcess.run(limit, in: directory)
                    #expect(result.ending == .exited(0), "\(result.error)")
                }
            }
        }

        /// The real thing, where a file system may be mounted.
        @Test(.enabled(if: canMount, "a tmpfs can only be mounted with the right to mount"))
        func `on a full file system the agent counts and ships on, says so, and recovers by itself`() throws {
            try withTemporaryDirectory { directory in
                let data = directory + "/data"
                try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
                guard mount("tmpfs", data, "tmpfs", 0, "size=256k") == 0 else { throw POSIXError(.EPERM) }
                defer { umount2(data, 2) }
                try expectRecovery(in: directory) { _, isFull in
                    guard isFull else {
                        unlink(data + "/filler")
                        return
                    }
                    let filler = open(data + "/filler", O_WRONLY | O_CREAT, 0o600)
                    defer { close(filler) }
                    let zeros = [UInt8](repeating: 0, count: 4096)
                    while write(filler, zeros, zeros.count) > 0 {}
                }
            }
        }

        private static let canMount: Bool = {
            guard let template = strdup("/tmp/tailspan-mount-XXXXXX") else { return false }
            defer { free(template) }
            guard mkdtemp(template) != nil else { return false }
            defer { rmdir(template) }
            guard mount("tmpfs", template, "tmpfs", 0, "size=64k") == 0 else { return false }
            umount2(template, 2)
            return true
        }()

        private func expectRecovery(
            in directory: String, launcher: [String] = [], _ setFull: (AgentProcess, Bool) throws -> Void
        ) throws {
            let sink = try LokiSink()
            defer { sink.stop() }
            var setup = try AgentSetup(directory)
            setup.addLoki(url: sink.url)
            let log = setup.log("app.log")
            var events = TranscodeEvents()
            func write(_ count: Int) throws { try append((0..<count).map { _ in events.next() + "\n" }.joined(), to: log) }

            try write(100)
            let agent = try setup.start(launcher: launcher)
            try agent.waitUntilDelivered(lines: 100)
            try agent.waitFor(Self.age, "known") { $0 >= 0 }
            #expect(try agent.metrics()[Self.failures] == 0)

            try setFull(agent, true)
            // Each checkpoint that fails makes the next due.
            var failures = 0.0
            for _ in 0..<3 {
                try write(100)
                try agent.waitFor(Self.failures, "above \(failures)") { $0 > failures }
                failures = try agent.metrics()[Self.failures] ?? 0
            }
            try agent.waitUntilDelivered(lines: 400)
            let lines = try allLines(of: setup.logs)
            #expect(EventCount(lines).differences(from: try agent.metrics()) == [])
            #expect(try agent.metrics()[Self.age] ?? 0 > 1.5)
            #expect(try agent.json("/api/v1/status")["checkpoint_error"] as? String != nil)
            expectEachOnce(lines, in: sink.streams, of: "the sink")

            try setFull(agent, false)
            try agent.waitFor(Self.age, "low again") { $0 < 0.9 }
            #expect(try agent.json("/api/v1/status")["checkpoint_error"] == nil)
            agent.kill()
            let second = try setup.startReady()
            #expect(EventCount(lines).differences(from: try second.metrics()) == [])
            #expect(try second.ledgerTotals()["loki"] == LedgerTotal(read: 400, delivered: 400))
        }
    }
}
