import Foundation
import Gzip
import TestSupport
import Testing

@testable import LogAgent

/// `log-agent ledger verify` on what an agent has left behind.
@Suite(.timeLimit(.minutes(4)))
struct LedgerVerificationTests {
    /// Has an agent read and deliver the `lines` lines of `directory/a.log`, and writes the configuration for the command.
    private func deliver(_ lines: Int, in directory: String) throws {
        let sink = try LokiSink()
        defer { sink.stop() }
        let source = AgentDriver.text(directory + "/a.log")
        let agent = try AgentDriver(in: directory, sources: source, outputs: AgentDriver.loki(sink.url))
        try agent.stepUntil("all lines") {
            agent.ledger.totals.first.map { $0.read.lines == UInt64(lines) && $0.pending.lines == 0 } ?? false
        }
        agent.kill()
        try "data_dir: '\(directory)/data', sources: [\(source)], outputs: [\(AgentDriver.loki(sink.url))]"
            .write(toFile: directory + "/f.json5", atomically: false, encoding: .utf8)
    }

    private func verify(_ directory: String, _ more: String...) -> CommandOutcome {
        runCommand(["ledger", "verify", "-c", directory + "/f.json5"] + more)
    }

    private func gzipped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        Array(text.utf8).withUnsafeBytes { GzipEncoder(level: .fast).compress($0, into: &bytes) }
        return bytes
    }

    /// Behind the file's beginning, which tells whose content it is, and before the bytes in front of the cursor.
    private static let text = (0..<2000).map { "line \($0)\n" }.joined()

    @Test func `proves a file, and tells of what was cut off or has other lines`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append(Self.text, to: path)
            try deliver(2000, in: directory)
            let proven = verify(directory)
            #expect(proven.code == .success, "\(proven.output)")
            #expect(proven.output.contains("proven    \(path): 2000 lines, read again and equal\n"))

            // As many bytes, but a line less.
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.seek(toOffset: UInt64(Self.text.utf8.count / 2))
            let rest = Self.text.utf8.dropFirst(Self.text.utf8.count / 2)
            let end = try #require(rest.firstIndex(of: 0x0a))
            try handle.seek(toOffset: UInt64(Self.text.utf8.distance(from: Self.text.utf8.startIndex, to: end)))
            try handle.write(contentsOf: Data(" ".utf8))
            let changed = verify(directory)
            #expect(changed.code == .failure)
            #expect(changed.output.contains("MISMATCH  \(path): the file holds 1999 lines before the cursor, 2000 were read\n"))
            #expect(
                changed.output.hasSuffix(
                    "The ledger does not close: 1 file changed after being read, or the checkpoint is wrong about them.\n"))
            let json = verify(directory, "--json")
            #expect(json.code == .failure)
            let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            let finding = try #require((report["findings"] as? [[String: Any]])?.first)
            #expect(report["closes"] as? Bool == false && finding["verdict"] as? String == "mismatch")
            #expect((finding["reason"] as? String)?.contains("1999 lines") == true)

            try handle.truncate(atOffset: 10_000)
            try handle.close()
            let cut = verify(directory)
            #expect(cut.code == .failure)
            #expect(
                cut.output.contains("MISMATCH  \(path): the file ends at byte 10000, before the cursor at \(Self.text.utf8.count)\n"),
                "\(cut.output)")
        }
    }

    @Test func `proves a compressed file by what it holds, and tells where it was cut off`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            let whole = gzipped(Self.text)
            try Data(whole).write(to: URL(fileURLWithPath: path))
            try deliver(2000, in: directory)
            let proven = verify(directory)
            #expect(proven.code == .success, "\(proven.output)")
            #expect(proven.output.contains("proven    \(path): 2000 lines"))

            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.truncate(atOffset: UInt64(whole.count / 2))
            try handle.close()
            let cut = verify(directory)
            #expect(cut.code == .failure)
            #expect(cut.output.contains("MISMATCH  \(path): the file ends at byte "), "\(cut.output)")
            #expect(cut.output.contains(", before the cursor at \(Self.text.utf8.count)\n"))
        }
    }

    @Test func `takes a deleted file as gone, which proves nothing wrong`() throws {
        try withTemporaryDirectory { directory in
            try append("one\ntwo\n", to: directory + "/a.log")
            try deliver(2, in: directory)
            unlink(directory + "/a.log")
            let outcome = verify(directory)
            #expect(outcome.code == .success)
            #expect(outcome.output.contains("gone      \(directory)/a.log: its content is not there any more; its sums close\n"))
        }
    }

    @Test func `is not proven where a file cannot be looked at`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.log"
            try append("one\ntwo\n", to: path)
            try deliver(2, in: directory)
            unlink(path)
            // No user can open it.
            #expect(symlink(path, path) == 0)
            let outcome = verify(directory)
            #expect(outcome.code == .failure)
            #expect(outcome.output.contains("UNREADABLE  \(path): open \(path): "), "\(outcome.output)")
            #expect(outcome.output.contains("run this as the user of `log-agent run`.\n"))
            #expect(verify(directory, "--json").output.contains("\"unreadable\""))
        }
    }
}
