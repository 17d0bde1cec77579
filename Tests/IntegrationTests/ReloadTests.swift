import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct ReloadTests {
        private func reload(_ agent: AgentProcess, _ setup: AgentSetup, good: Bool, number: Int) throws {
            let message = good ? "The configuration was taken over." : "The new configuration is refused; the old one stays."
            let before = agent.events(saying: message).count
            try setup.writeConfiguration()
            agent.process.signal(SIGHUP)
            try waitUntil("reload \(number) to be \(good ? "taken over" : "refused")") { agent.events(saying: message).count > before }
            try agent.waitFor("log_agent_config_last_reload_successful", toBe: good ? 1 : 0)
        }

        @Test(.timeLimit(.minutes(10)))
        func `configurations that change under load lose no line, send none twice, and keep counters exact`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink(keepsBodies: false)
                defer { sink.stop() }
                var setup = try AgentSetup(directory)
                setup.addLoki(url: sink.url)
                setup.addDirectoryOutput()
                let agent = try setup.startReady()
                let watch = ScrapeWatch()
                watch.watch(agent)
                defer { watch.stop() }
                let program = LoggingProgram(logs: setup.logs, linesPerSecond: 2000)
                defer { try? program.stop() }
                try waitUntil("a checkpoint") { access(setup.dataDirectory + "/checkpoint", F_OK) == 0 }
                program.beginRotating()

                let good = setup
                for round in 0..<10 {
                    var changed = good
                    switch round % 5 {
                    case 0:
                        changed.outputs = []
                        changed.addLoki(url: sink.url, "batch: { max_wait: \"\(10 + round)ms\" },")
                        changed.addDirectoryOutput()
                    case 1: changed.memory = "nonsense"
                    case 2: changed.extra = #"metrics: [{ name: "lines_\#(round)_total", type: "counter" }],"#
                    case 3: changed.outputs.reverse()
                    default: changed.memory = "\(40 + round)MiB"
                    }
                    try reload(agent, changed, good: round % 5 != 1, number: round)
                    let end = program.lineCount + 300
                    try waitUntil("the program to write") { program.lineCount >= end }
                }
                try program.stop()

                let lines = try allLines(of: setup.logs)
                try agent.waitUntilDelivered(lines: lines.count)
                let delivered = LedgerTotal(read: lines.count, delivered: lines.count)
                #expect(try agent.ledgerTotals() == ["loki": delivered, "local": delivered])
                let differences = EventCount(lines).differences(from: try agent.metrics())
                #expect(differences.isEmpty, "\(differences.prefix(5))")
                watch.stop()
                #expect(watch.falls.prefix(10) == [])
                #expect(watch.scrapes.withheld == 0)
                try agent.terminate()
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
                expectEachOnce(lines, in: sink.streams, of: "the Loki sink")
                expectEachOnce(lines, in: try PushDirectory(setup.pushes).streams, of: "the directory")
            }
        }

        @Test func `a reload adds and removes sources, outputs and metrics, and tells what it did`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                var events = TranscodeEvents()
                try append((0..<50).map { _ in events.next() + "\n" }.joined(), to: setup.log("app.log"))
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: 50)

                var changed = setup
                changed.sources += #", { name: "more", include: ["\#(directory)/more/*.txt"], format: "text", labels: { job: "more" } }"#
                changed.extra = #"metrics: [{ name: "lines_total", type: "counter" }],"#
                changed.outputs.append(#"{ name: "second", type: "directory", path: "\#(directory)/second" }"#)
                changed.server = #"bearer_token_file: "\#(directory)/token""#
                try "a token\n".write(toFile: directory + "/token", atomically: true, encoding: .utf8)
                try FileManager.default.createDirectory(atPath: directory + "/more", withIntermediateDirectories: false)
                try append("one\ntwo\n", to: directory + "/more/a.txt")
                try reload(agent, changed, good: true, number: 1)
                try agent.waitFor("lines_total", toBe: 2)
                try waitUntil("both outputs to have the new lines") {
                    let totals = try agent.ledgerTotals()
                    return totals["local"] == LedgerTotal(read: 52, delivered: 52)
                        && totals["second"] == LedgerTotal(read: 52, delivered: 2, filtered: 50)
                }
                let told = try #require(agent.events(saying: "The configuration was taken over.").last)
                #expect(told["sources.added"] as? String == "more")
                #expect(told["outputs.added"] as? String == "second")
                #expect(told["metrics.added"] as? String == "lines_total")
                #expect(
                    agent.events(saying: "A changed setting needs a restart").first?["config.path"] as? String == "server (token, TLS)")

                try reload(agent, setup, good: true, number: 2)
                try append(events.next() + "\n", to: setup.log("app.log"))
                try append("three\n", to: directory + "/more/a.txt")
                try agent.waitFor(#"log_agent_read_lines_total{source="transcode"}"#, toBe: 51)
                let metrics = try agent.metrics()
                #expect(metrics["lines_total"] == nil)
                // The books still know it; the output itself is gone.
                #expect(metrics[#"log_agent_output_healthy{output="second"}"#] == nil)
                #expect(metrics.samples.keys.allSatisfy { !$0.hasPrefix("log_agent_push") || !$0.contains(#"output="second""#) })

                // What was let go is taken up where it was.
                try reload(agent, changed, good: true, number: 3)
                try agent.waitFor("lines_total", toBe: 1)
                try waitUntil("the rest to be delivered") {
                    let totals = try agent.ledgerTotals()
                    return totals["local"] == LedgerTotal(read: 54, delivered: 54)
                        && totals["second"] == LedgerTotal(read: 54, delivered: 4, filtered: 50)
                }
                try agent.terminate()
                #expect(try setup.command("ledger", "verify").ending == .exited(0))
            }
        }

        @Test func `a bad configuration is refused with all its errors`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                let agent = try setup.startReady()
                let good = setup
                setup.memory = "lots"
                setup.extra = "wrong: 1, worse: 2,"
                try reload(agent, setup, good: false, number: 1)
                let told = agent.events(saying: "The new configuration has an error.").compactMap { $0["config.problem"] as? String }
                #expect(told.count == 3 && told.contains { $0.contains("`worse`") }, "\(told)")
                #expect((try agent.json("/api/v1/status")["configuration_error"] as? String)?.contains("and 2 more") == true)
                try reload(agent, good, good: true, number: 2)
                #expect(try agent.json("/api/v1/status")["configuration_error"] == nil)
                try agent.terminate()
            }
        }

        @Test func `standard output goes on in another format, with no line lost, doubled or torn`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.outputs = [#"{ name: "out", type: "stdout", format: "line", batch: { max_wait: "10ms" } }"#]
                var events = TranscodeEvents()
                let lines = (0..<100).map { _ in events.next() }
                try append(lines[..<50].map { $0 + "\n" }.joined(), to: setup.log("app.log"))
                let agent = try setup.startReady()
                try agent.waitUntilDelivered(lines: 50)
                setup.outputs = [setup.outputs[0].replacing("line", with: "json")]
                try reload(agent, setup, good: true, number: 1)
                #expect(agent.events(saying: "The configuration was taken over.").last?["outputs.changed"] as? String == "out")
                try append(lines[50...].map { $0 + "\n" }.joined(), to: setup.log("app.log"))
                try agent.waitUntilDelivered(lines: 100)
                try agent.terminate()
                let written = agent.process.outputText.split(separator: "\n").map(String.init)
                #expect(Array(written.prefix(50)).sorted() == lines[..<50].sorted())
                let objects = written.dropFirst(50).compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
                #expect(objects.compactMap { $0["line"] as? String }.sorted() == lines[50...].sorted())
                #expect(written.count == 100)
            }
        }

        @Test func `a source that is no file goes on until a restart, and the log says so`() throws {
            try withTemporaryDirectory { directory in
                var setup = try AgentSetup(directory)
                setup.addDirectoryOutput()
                let files = setup.sources
                setup.sources +=
                    #", { name: "svc", type: "exec", command: ["/bin/sh", "-c", "while :; do echo x; sleep 0.05; done"], format: "text" }"#
                let agent = try setup.startReady()
                setup.sources = files + #", { name: "net", type: "syslog", listen: "unix:\#(directory)/s" }"#
                try reload(agent, setup, good: true, number: 1)
                let told = try #require(agent.events(saying: "The configuration was taken over.").last)
                #expect(told["sources.removed"] == nil && told["sources.added"] == nil)
                #expect(agent.events(saying: "goes on until log-agent is restarted").map { $0["source"] as? String } == ["svc"])
                #expect(agent.events(saying: "begins when log-agent is restarted").map { $0["source"] as? String } == ["net"])
                let captured = #"log_agent_captured_lines_total{source="svc"}"#
                let known = try agent.metrics()[captured] ?? 0
                try agent.waitFor(captured, "more than \(known)") { $0 > known }
                agent.kill()
            }
        }
    }
}
