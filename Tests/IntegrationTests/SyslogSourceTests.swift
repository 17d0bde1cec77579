import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    struct SyslogSourceTests {
        private static func address(_ scheme: String, of agent: AgentProcess) throws -> String {
            let addresses = try agent.capture("syslog")["addresses"] as? [String] ?? []
            return String(try #require(addresses.first { $0.hasPrefix(scheme + ":") }).dropFirst(scheme.count + 1))
        }

        private static func port(_ scheme: String, of agent: AgentProcess) throws -> String {
            try String(#require(address(scheme, of: agent).split(separator: ":").last))
        }

        @Test func `messages of logger come over every transport and in every framing`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(
                    directory,
                    #"type: "syslog", listen: ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "unix:\#(directory)/s", "unixgram:\#(directory)/d"]"#,
                    sink: sink)
                let agent = try setup.startReady()
                let udp = ["--udp", "--server", "127.0.0.1", "--port", try Self.port("udp", of: agent)]
                let tcp = ["--tcp", "--server", "127.0.0.1", "--port", try Self.port("tcp", of: agent)]
                let ways: [(name: String, arguments: [String])] = [
                    ("udp 3164", udp + ["--rfc3164"]), ("udp 5424", udp + ["--rfc5424"]), ("tcp lines", tcp + ["--rfc3164"]),
                    ("tcp lines 5424", tcp + ["--rfc5424"]), ("tcp counted", tcp + ["--rfc5424", "--octet-count"]),
                    ("datagrams", ["--socket", directory + "/d"]),
                ]
                for way in ways {
                    let result = try ChildProcess.run(
                        ["logger", "--tag", "test"] + way.arguments + ["message by \(way.name)"], in: directory)
                    #expect(result.ending == .exited(0), "\(way.name): \(result.error)")
                }
                // logger knows no stream sockets.
                try Self.send("<13>message by stream\n17 <13>not a length\n", toStream: directory + "/s")
                let expected = ways.map { "message by \($0.name)" } + ["message by stream", "17 <13>not a length"]
                try sink.waitFor("all of them", in: agent) { lines in
                    expected.allSatisfy { text in lines.contains { $0.hasSuffix(text) } } && lines.count == expected.count
                }
                #expect(sink.lines.allSatisfy { $0.hasPrefix("<13>") || $0.hasPrefix("17 ") })
                try agent.waitFor(AgentSetup.linesTotal, toBe: Double(expected.count))
                let metrics = try agent.metrics()
                let messages = ["udp": 2.0, "tcp": 3, "unix": 2, "unixgram": 1]
                for (transport, count) in messages {
                    #expect(metrics[#"log_agent_syslog_messages_total{source="in",transport="\#(transport)"}"#] == count)
                }
                #expect(metrics[#"log_agent_syslog_accepted_total{source="in"}"#] == 4)
                try agent.waitFor(#"log_agent_syslog_connections{source="in"}"#, toBe: 0)
                try agent.terminate()
                #expect(access(directory + "/s", F_OK) != 0 && access(directory + "/d", F_OK) != 0)
            }
        }

        @Test func `peers that send no frames, too much, or are too many are refused and counted`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink()
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(
                    directory, #"type: "syslog", listen: "unix:\#(directory)/s", max_connections: 1, max_line_bytes: "1KiB""#, sink: sink)
                let agent = try setup.startReady()
                func closed(_ reason: String) -> String { #"log_agent_syslog_closed_total{reason="\#(reason)",source="in"}"# }
                try Self.send("5 <1>ab<1>lost", toStream: directory + "/s")
                try agent.waitFor(closed("malformed"), toBe: 1)
                try sink.waitFor("what stood before it", in: agent) { $0 == ["<1>ab"] }

                try agent.waitFor(#"log_agent_syslog_connections{source="in"}"#, toBe: 0)
                let first = try Self.connect(to: directory + "/s")
                defer { close(first) }
                try agent.waitFor(#"log_agent_syslog_connections{source="in"}"#, toBe: 1)
                let second = try Self.connect(to: directory + "/s")
                defer { close(second) }
                try agent.waitFor(closed("too_many"), toBe: 1)

                let long = "<1>" + String(repeating: "x", count: 5000)
                #expect(write(first, long + "\n", long.utf8.count + 1) == long.utf8.count + 1)
                try sink.waitFor("the message that is too long", in: agent) { $0.contains(String(long.prefix(1024))) }
                #expect(try agent.metrics()[#"log_agent_capture_dropped_messages_total{reason="too_long",source="in"}"#] == 1)
                #expect(try agent.metrics()[#"log_agent_truncated_lines_total{source="in"}"#] == 1)
                try agent.terminate()
            }
        }

        static func connect(to path: String) throws -> Int32 {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            let code = withUnixAddress(path) { Glibc.connect(descriptor, $0, $1) }
            guard code == 0 else {
                close(descriptor)
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
            return descriptor
        }

        private static func send(_ text: String, toStream path: String) throws {
            let descriptor = try connect(to: path)
            defer { close(descriptor) }
            #expect(write(descriptor, text, text.utf8.count) == text.utf8.count)
        }
    }
}

/// Calls `body` with the address of a Unix socket.
func withUnixAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
}
