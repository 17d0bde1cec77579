import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct ExecSourceTests {
        /// A service that is a script: the agent itself asks no shell.
        private static func service(_ script: String, _ more: String = "") -> String {
            let escaped = script.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return #"type: "exec", command: ["/bin/sh", "-c", "\#(escaped)"], \#(more)"#
        }

        @Test func `the streams of a service are told apart, and its exit code is the agent's`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let script = "echo out $NAME; pwd; echo problem >&2; printf unfinished; exit 7"
                let setup = try AgentSetup.capturing(
                    directory, Self.service(script, #"restart: "never", env: { NAME: "a b" }, cwd: "/usr""#), sink: sink)
                let agent = try setup.start()
                #expect(try agent.process.wait() == .exited(7))
                #expect(sink.lines(ofStream: "stdout") == ["out a b", "/usr", "unfinished"])
                #expect(sink.lines(ofStream: "stderr") == ["problem"])
                #expect(sink.streams.keys.allSatisfy { $0["path"] == "in" })
                #expect(setup.segments == [])
            }
        }

        @Test func `signals are passed on but for a reload's, and a stop waits for the service`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let script = """
                    for name in HUP USR1 USR2; do trap "echo got $name" $name; done
                    trap 'echo bye; exit 0' TERM
                    echo ready
                    while :; do sleep 0.05; done
                    """
                let setup = try AgentSetup.capturing(directory, Self.service(script), sink: sink)
                let agent = try setup.startReady()
                try sink.waitFor("the service", in: agent) { $0.contains("ready") }
                agent.process.signal(SIGHUP)
                try waitUntil("the reload") { !agent.events(saying: "The configuration was taken over.").isEmpty }
                for (signal, name) in [(SIGUSR1, "USR1"), (SIGUSR2, "USR2")] {
                    agent.process.signal(signal)
                    try sink.waitFor(name, in: agent) { $0.contains("got \(name)") }
                }
                #expect(try agent.metrics()[#"log_agent_exec_running{source="in"}"#] == 1)
                #expect(try agent.capture("exec")["running"] as? Bool == true)
                try agent.terminate()
                #expect(sink.lines == ["ready", "got USR1", "got USR2", "bye"])
            }
        }

        @Test func `a service that fails is started again, and one that ends well is not`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let script = #"echo x >>\#(directory)/runs; n=$(wc -l <\#(directory)/runs); echo run $n; [ $n -gt 3 ] && exit 0; exit 1"#
                let setup = try AgentSetup.capturing(
                    directory,
                    Self.service(script, #"restart_backoff: { min: "10ms", max: "20ms" }, main: false"#) + "}, { name: \"f\", "
                        + #"include: ["\#(directory)/logs/*.log"]"#, sink: sink)
                let agent = try setup.startReady()
                try agent.waitFor(#"log_agent_exec_restarts_total{source="in"}"#, toBe: 3)
                try sink.waitFor("the last run", in: agent) { $0 == ["run 1", "run 2", "run 3", "run 4"] }
                try waitUntil("the end of the service") { try agent.capture()["ended"] as? Bool == true }
                #expect(try agent.capture("exec")["last_ending"] as? String == "exit code 0")
                #expect(agent.process.isRunning)
                try agent.terminate()
            }
        }

        @Test func `a program that is not there is told`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(
                    directory, #"type: "exec", command: ["no-such-program-here"], restart: "never""#, sink: sink)
                let agent = try setup.start()
                #expect(try agent.process.wait() == .exited(127))
                let ending = agent.events(saying: "A service has ended").first?["ending"] as? String
                #expect(ending == "not started: execvp no-such-program-here: No such file or directory")
            }
        }

        @Test func `a service that does not stop is killed with its group, and that is no success`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let script = "trap '' TERM; sleep 1000 & echo ready; while :; do sleep 1; done"
                let setup = try AgentSetup.capturing(directory, Self.service(script, #"stop_timeout: "200ms""#), sink: sink)
                let agent = try setup.startReady()
                try sink.waitFor("the service", in: agent) { $0 == ["ready"] }
                let pid = try #require(try agent.capture("exec")["pid"] as? Int)
                agent.process.signal(SIGTERM)
                #expect(try agent.process.wait() == .exited(137))
                try waitUntil("the end of the whole group") { kill(pid_t(-pid), 0) != 0 }
            }
        }

        @Test func `metrics and steps tell the streams of a service apart`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                var setup = try AgentSetup.capturing(
                    directory, Self.service("echo one; echo two; echo bad >&2; echo worse >&2; echo three; sleep 1000"), sink: sink)
                setup.metrics = """
                    metrics: [
                      { name: "errors_total", type: "counter", where: { stream: "stderr" } },
                      { name: "by_stream_total", type: "counter", labels: { stream: "$stream", source: "$__path__" } }],
                    transforms: [{ drop: { where: { stream: "stdout" } } }],
                    """
                let agent = try setup.startReady()
                try agent.waitFor(#"by_stream_total{source="in",stream="stdout"}"#, toBe: 3)
                try agent.waitFor(#"by_stream_total{source="in",stream="stderr"}"#, toBe: 2)
                try agent.waitFor("errors_total", toBe: 2)
                try sink.waitFor("the errors", in: agent) { $0 == ["bad", "worse"] }
                agent.kill()
            }
        }
    }
}
