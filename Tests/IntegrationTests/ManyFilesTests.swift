import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct ManyFilesTests {
        private static let read = #"log_agent_read_lines_total{source="transcode"}"#

        @Test func `a thousand files are read, and a new one is found within seconds`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                var events = TranscodeEvents()
                for number in 0..<1000 { try append(events.next() + "\n", to: setup.log("\(number).log")) }
                let agent = try setup.startReady()
                try agent.waitFor(Self.read, toBe: 1000)
                #expect(try agent.metrics()[#"log_agent_files{source="transcode",state="named"}"#] == 1000)

                for number in 0..<5 {
                    try append(events.next() + "\n", to: setup.log("new-\(number).log"))
                    try agent.waitFor(Self.read, toBe: Double(1001 + number))
                }
                for number in 0..<1000 { try append(events.next() + "\n", to: setup.log("\(number).log")) }
                try agent.waitUntilDelivered(lines: events.count)
                let lines = try allLines(of: setup.logs)
                #expect(EventCount(lines).differences(from: try agent.metrics()) == [])
                agent.kill()
                let second = try setup.startReady()
                #expect(EventCount(lines).differences(from: try second.metrics()) == [])
                try second.waitUntilDelivered(lines: events.count)
                expectEachOnce(lines, in: try PushDirectory(setup.pushes).streams, of: "the directory")
            }
        }

        @Test func `a file that is deleted while it is read is read to its end`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                var events = TranscodeEvents()
                var lines = (0..<100).map { _ in events.next() }
                let file = try LogFile(setup.log("app.log"))
                try file.write(lines.joined(separator: "\n") + "\n")
                let agent = try setup.startReady()
                try agent.waitFor(Self.read, toBe: 100)
                unlink(setup.log("app.log"))
                // A program goes on writing into it; and another file takes its name.
                let late = (0..<50).map { _ in events.next() }
                try file.write(late.joined(separator: "\n") + "\n")
                let new = (0..<30).map { _ in events.next() }
                try append(new.joined(separator: "\n") + "\n", to: setup.log("app.log"))
                lines += late + new
                try agent.waitUntilDelivered(lines: 180)
                #expect(EventCount(lines).differences(from: try agent.metrics()) == [])
                expectEachOnce(lines, in: try PushDirectory(setup.pushes).streams, of: "the directory")
                #expect(try agent.metrics()[#"log_agent_lost_bytes_total{cause="deleted"}"#] == 0)
            }
        }

        @Test(arguments: [true, false])
        func `rotations while the agent is stopped lose nothing`(byRenaming: Bool) throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                let log = setup.log("app.log")
                var events = TranscodeEvents()
                func write(_ count: Int) throws { try append((0..<count).map { _ in events.next() + "\n" }.joined(), to: log) }
                try write(10)
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: 10)
                try agent.terminate()
                for number in 1...6 {
                    try write(20 * number)
                    if byRenaming {
                        try rotate(log)
                    } else {
                        try FileManager.default.copyItem(atPath: log, toPath: "\(log).\(number)")
                        try LogFile(log).truncate()
                    }
                }
                try write(5)
                let second = try setup.startReady()
                try second.waitUntilDelivered(lines: events.count)
                let lines = try allLines(of: setup.logs)
                #expect(lines.count == events.count)
                #expect(EventCount(lines).differences(from: try second.metrics()) == [])
                expectEachOnce(lines, in: try PushDirectory(setup.pushes).streams, of: "the directory")
                try second.terminate()
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
            }
        }

        @Test func `content that is rewritten while an output is behind is never sent in its predecessor's place`() throws {
            try withTemporaryDirectory { directory in
                let absent = try LokiSink()
                absent.stop()
                var setup = try AgentSetup(directory)
                setup.memory = "16MiB"
                setup.addLoki(url: absent.url, #"batch: { max_bytes: "512KiB" },"#)
                let log = setup.log("app.log")
                var events = TranscodeEvents()
                func write(_ count: Int) throws { try append((0..<count).map { _ in events.next() + "\n" }.joined(), to: log) }
                // More than the agent may hold, so that the generations after it are only counted.
                try write(15_000)
                let agent = try setup.startReady()
                try agent.waitFor(Self.read, toBe: 15_000)
                for number in 1...3 {
                    try FileManager.default.copyItem(atPath: log, toPath: "\(log).\(number)")
                    try LogFile(log).truncate()
                    try write(100 * number)
                    try agent.waitFor(Self.read, toBe: Double(events.count))
                }
                let sink = try LokiSink(keepsBodies: false, port: absent.port)
                defer { sink.stop() }
                try agent.waitUntilDelivered(lines: events.count)
                let lines = try allLines(of: setup.logs)
                #expect(EventCount(lines).differences(from: try agent.metrics()) == [])
                expectEachOnce(lines, in: sink.streams, of: "the sink")
            }
        }
    }
}
