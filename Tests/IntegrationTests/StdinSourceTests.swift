import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct StdinSourceTests {
        @Test func `all that comes from a pipe is counted and delivered, and then the agent ends with 0`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(directory, #"type: "stdin""#, sink: sink)
                let pipe = PipeEnds()
                let agent = try setup.start(input: pipe.reading)
                let lines = (0..<3000).map { "line \($0)" }
                pipe.write(lines.joined(separator: "\n"))
                pipe.closeWriting()
                #expect(try agent.process.wait() == .exited(0))
                #expect(sink.lines == lines)
                #expect(sink.streams.keys.map(\.self) == [["job": "in", "path": "in"]])
                #expect(setup.segments == [])
                let ledger = try setup.command("ledger")
                #expect(ledger.output.contains("3000"), "\(ledger.output)")
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
            }
        }

        @Test func `a stop delivers what has arrived, an unfinished line as well`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(directory, #"type: "stdin""#, sink: sink)
                let pipe = PipeEnds()
                let agent = try setup.startReady(input: pipe.reading)
                pipe.write("one\ntwo\nhalf a li")
                try sink.waitFor("both lines", in: agent) { $0 == ["one", "two"] }
                try agent.waitFor(AgentSetup.linesTotal, toBe: 2)
                pipe.write("ne, not ended")
                try agent.terminate()
                #expect(sink.lines == ["one", "two", "half a line, not ended"])
            }
        }

        @Test func `with its segments full the writer has to wait, and nothing is lost`() throws {
            try withTemporaryDirectory { directory in
                let absent = try LokiSink()
                absent.stop()
                let setup = try AgentSetup.capturing(directory, #"type: "stdin", capture: { max_bytes: "1MiB" }"#, sink: absent)
                let pipe = PipeEnds()
                let agent = try setup.startReady(input: pipe.reading)
                _ = fcntl(pipe.writing, F_SETFL, O_NONBLOCK)
                let padding = String(repeating: "x", count: 1000)
                var count = 0
                func writeWhileTaken() {
                    while true {
                        // Less than PIPE_BUF: all of it or nothing.
                        let line = Array("line \(count) \(padding)\n".utf8)
                        guard Glibc.write(pipe.writing, line, line.count) == line.count else { return }
                        count += 1
                    }
                }
                let paused = #"log_agent_capture_paused{reason="budget",source="in"}"#
                try waitUntil("the agent to stop reading") {
                    writeWhileTaken()
                    return try agent.metrics()[paused] == 1
                }
                writeWhileTaken()
                #expect(count * 1000 < 3 << 20)
                let stored = try agent.metrics()[#"log_agent_capture_stored_bytes{source="in"}"#] ?? 0
                #expect(stored >= Double(1 << 20) && stored < Double(2 << 20))
                #expect(try agent.capture()["paused"] as? String == "budget")

                let sink = try LokiSink(port: absent.port)
                defer { sink.stop() }
                try agent.waitFor(paused, toBe: 0)
                _ = fcntl(pipe.writing, F_SETFL, 0)
                pipe.closeWriting()
                #expect(try agent.process.wait() == .exited(0))
                #expect(sink.lines == (0..<count).map { "line \($0) \(padding)" })
            }
        }

        /// As in ``FullDataDirectoryTests``: a limit on files stands for a disk that is full.
        @Test func `a disk that takes nothing is told, and what the writer holds comes when there is room`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(directory, #"type: "stdin""#, sink: sink)
                let pipe = PipeEnds()
                let agent = try setup.start(launcher: ["/bin/sh", "-c", #"trap '' XFSZ; exec "$@""#, "sh"], input: pipe.reading)
                try agent.waitUntilReady()
                func setFull(_ isFull: Bool) throws {
                    let limit = ["prlimit", "--pid", "\(agent.pid)", "--fsize=\(isFull ? "0" : "unlimited"):unlimited"]
                    #expect(try ChildProcess.run(limit, in: directory).ending == .exited(0))
                }
                pipe.write("before\n")
                try sink.waitFor("the first line", in: agent) { $0 == ["before"] }
                try setFull(true)
                pipe.write("meanwhile 1\nmeanwhile 2\n")
                try agent.waitFor(#"log_agent_capture_paused{reason="disk",source="in"}"#, toBe: 1)
                #expect((try agent.capture()["last_disk_error"] as? String)?.contains("write") == true)
                try setFull(false)
                try sink.waitFor("the rest", in: agent) { $0 == ["before", "meanwhile 1", "meanwhile 2"] }
                try agent.waitFor(#"log_agent_capture_paused{reason="disk",source="in"}"#, toBe: 0)
                try agent.terminate()
                // That it paused could not be written either: its log is a file as well.
                #expect(agent.events(saying: "The disk takes what comes from a source again").count == 1)
            }
        }

        @Test func `entries of several lines stay whole where segments end, and the last one does not wait for the clock`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(
                    directory, #"type: "stdin", capture: { max_bytes: "1MiB" }, multiline: { start: "^S", timeout: "1h" }"#, sink: sink)
                let pipe = PipeEnds()
                let agent = try setup.start(input: pipe.reading)
                let entries = (0..<400).map { number in
                    (["S \(number)"] + (0...number % 7).map { "  \($0) " + String(repeating: "x", count: 900) }).joined(separator: "\n")
                }
                pipe.write(entries.joined(separator: "\n") + "\n")
                pipe.closeWriting()
                #expect(try agent.process.wait() == .exited(0))
                #expect(sink.lines == entries)
                #expect(setup.segments == [])
            }
        }

        @Test func `what a line begins with does not make its segment a compressed or marked file, and other encodings are decoded`() throws
        {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(directory, #"type: "stdin", encoding: "latin1""#, sink: sink)
                for (number, head) in [[0x1f, 0x8b, 0x08, 0x00], [0xff, 0xfe, 0x41, 0x00], [0xef, 0xbb, 0xbf, 0xe4]].enumerated() {
                    let pipe = PipeEnds()
                    let agent = try setup.start(input: pipe.reading)
                    pipe.write(head.map { UInt8($0) } + Array("\nline \(number)\n".utf8))
                    pipe.closeWriting()
                    #expect(try agent.process.wait() == .exited(0))
                    #expect(sink.lines.contains("line \(number)"))
                }
                #expect(sink.lines.count == 6 && sink.lines.contains("ï»¿ä"), "\(sink.lines)")
            }
        }
    }
}
