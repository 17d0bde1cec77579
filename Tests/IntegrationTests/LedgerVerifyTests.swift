import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// `log-agent ledger verify` on segments that a source left behind which is no file.
    struct LedgerVerifyTests {
        /// Has an agent whose output is away capture two lines, and looks at the segment while it is there, and when it is gone.
        private func verifySegment(_ source: String, in directory: String, _ send: (_ pipe: PipeEnds) throws -> Void) throws {
            let absent = try LokiSink()
            absent.stop()
            let setup = try AgentSetup.capturing(directory, source, sink: absent)
            let pipe = PipeEnds()
            let agent = try setup.startReady(input: pipe.reading)
            try send(pipe)
            try agent.waitFor(AgentSetup.linesTotal, toBe: 2)
            try agent.terminate()
            let segment = setup.dataDirectory + "/capture/" + (try #require(setup.segments.first))

            let proven = try setup.command("ledger", "verify")
            #expect(proven.ending == .exited(0), "\(proven.output)")
            #expect(proven.output.contains("proven    \(segment): 2 lines"), "\(proven.output)")

            unlink(segment)
            let gone = try setup.command("ledger", "verify")
            #expect(gone.ending == .exited(0) && gone.output.contains("gone      \(segment)"), "\(gone.output)")
        }

        @Test func `reads the segments of standard input again`() throws {
            try withTemporaryDirectory { directory in
                try verifySegment(#"type: "stdin""#, in: directory) { $0.write("one\ntwo\n") }
            }
        }

        @Test func `reads the segments of syslog messages again`() throws {
            try withTemporaryDirectory { directory in
                try verifySegment(#"type: "syslog", listen: ["unix:\#(directory)/s"]"#, in: directory) { _ in
                    let descriptor = try SyslogSourceTests.connect(to: directory + "/s")
                    defer { close(descriptor) }
                    let text = "<13>one\n<13>two\n"
                    #expect(write(descriptor, text, text.utf8.count) == text.utf8.count)
                }
            }
        }
    }
}
