import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct CheckpointTests {
        @Test(arguments: [(28, "damaged"), (8, "format version"), (0, "does not begin with TSCHECKP")])
        func `a checkpoint that can't be used is set aside with an error, and the agent runs`(changedByte: Int, error: String) throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                var events = TranscodeEvents()
                try append((0..<50).map { _ in events.next() + "\n" }.joined(), to: setup.log("app.log"))
                let first = try setup.startReady()
                try first.waitUntilDelivered(lines: 50)
                try first.terminate()

                let path = setup.dataDirectory + "/checkpoint"
                var bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
                bytes[changedByte] = 0xee
                try Data(bytes).write(to: URL(fileURLWithPath: path))

                let agent = try setup.startReady()
                let names = try FileManager.default.contentsOfDirectory(atPath: setup.dataDirectory)
                let aside = names.filter { $0.hasPrefix("checkpoint.unusable-") }
                #expect(aside.count == 1)
                #expect(aside.first.flatMap { FileManager.default.contents(atPath: "\(setup.dataDirectory)/\($0)") } == Data(bytes))
                let told = agent.events(saying: "set aside")
                #expect(told.count == 1)
                #expect(told.first?["level"] as? String == "ERROR")
                #expect((told.first?["error"] as? String)?.contains(error) == true, "\(told)")
                #expect((told.first?["file.path"] as? String) == aside.first.map { "\(setup.dataDirectory)/\($0)" })
                try agent.waitUntilDelivered(lines: 50)
                #expect(EventCount(try allLines(of: setup.logs)).differences(from: try agent.metrics()) == [])
            }
        }

        @Test func `a second agent on one data directory ends with 1 and says why`() throws {
            try withTemporaryDirectory { directory in
                let setup = try AgentSetup(directory)
                let agent = try setup.startReady()
                let second = try setup.command("run")
                #expect(second.ending == .exited(1))
                #expect(second.error.contains("Another log-agent uses the data directory \(setup.dataDirectory)"), "\(second.error)")
                #expect(try agent.request("/healthz").status == 200)
            }
        }

        @Test func `a bad configuration ends with 2 and every error at once`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory, source: #"name: "transcode", formt: "json""#)
                setup.memory = "1MiB"
                setup.metrics = #"metrics: [{ name: "1st", type: "countre", help: "" }],"#
                setup.addLoki(url: "ftp://example.org/")
                try setup.writeConfiguration()
                for command in ["run", "check"] {
                    let result = try setup.command(command)
                    #expect(result.ending == .exited(2))
                    for finding in ["formt", "memory", "1st", "countre", "outputs[0].url"] {
                        #expect(result.error.contains(finding), "\(command) does not name \(finding):\n\(result.error)")
                    }
                }
                #expect(!FileManager.default.fileExists(atPath: setup.dataDirectory))
            }
        }
    }
}
