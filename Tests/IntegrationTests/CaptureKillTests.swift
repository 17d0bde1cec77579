import Foundation
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// `kill -9` while lines come from no file. What the dead process had taken and not written is its peer's loss; all that is in a
    /// segment is counted once and delivered once.
    struct CaptureKillTests {
        private static let kills = 4

        /// After the last agent has said that nothing is pending: its counter, its ledger and the sink agree, and no line came twice.
        private func expectAgreement(_ agent: AgentProcess, _ sink: LokiSink) throws {
            try agent.waitUntilReady()
            var total = LedgerTotal(read: 0, delivered: 0)
            try waitUntil("nothing to be pending") {
                total = try agent.ledgerTotals()["loki"] ?? total
                return total.read > 0 && total.pending == 0 && sink.entryCount == total.read
            }
            let lines = sink.lines
            #expect(total == LedgerTotal(read: lines.count, delivered: lines.count))
            #expect(Set(lines).count == lines.count, "some came twice")
            #expect(try agent.metrics()[AgentSetup.linesTotal] == Double(lines.count))
        }

        @Test func `of a pipe that outlives the agent only what a dead agent had taken is missing`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink(keepsBodies: false)
                defer { sink.stop() }
                let setup = try AgentSetup.capturing(directory, #"type: "stdin""#, sink: sink)
                let pipe = PipeEnds()
                let sender = Sender { number in
                    pipe.write("line \(number)\n")
                    if number % 20 == 0 { usleep(5000) }
                }
                for _ in 0..<Self.kills {
                    let agent = try setup.start(input: pipe.reading)
                    let goal = sender.count + Int.random(in: 100..<1500)
                    try waitUntil("lines to be sent") { sender.count >= goal }
                    agent.kill()
                }
                let agent = try setup.start(input: pipe.reading)
                sender.stop()
                pipe.write("the end\n")
                try sink.waitFor("the last line", in: agent) { $0.contains("the end") }
                try expectAgreement(agent, sink)

                // Each kill leaves at most one gap, and at most the two halves of one line.
                let sent = Set((1...sender.count).map { "line \($0)" } + ["the end"])
                let found = Set(sink.lines)
                #expect(found.subtracting(sent).count <= 2 * Self.kills, "\(found.subtracting(sent))")
                let missing = (1...sender.count).filter { !found.contains("line \($0)") }
                let gaps = zip(missing, missing.dropFirst()).count { $1 != $0 + 1 } + (missing.isEmpty ? 0 : 1)
                #expect(gaps <= Self.kills, "\(gaps) gaps")
                pipe.closeWriting()
                #expect(try agent.process.wait() == .exited(0))
                print("kill -9 of stdin: \(sender.count) lines sent, \(missing.count) taken by dead agents, \(gaps) gaps")
            }
        }

        @Test func `a service ends with the agent that ran it, and all of its lines but the last ones are there`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink(keepsBodies: false)
                defer { sink.stop() }
                let script = "i=0; while :; do i=$((i+1)); echo run $$ line $i; [ $((i % 20)) = 0 ] && sleep 0.01; done"
                let setup = try AgentSetup.capturing(directory, #"type: "exec", command: ["/bin/sh", "-c", "\#(script)"]"#, sink: sink)
                var pids: [Int] = []
                for _ in 0..<Self.kills {
                    let agent = try setup.start()
                    let known = sink.entryCount
                    let goal = known + Int.random(in: 50..<500)
                    try waitUntil("lines to arrive") { sink.entryCount >= goal }
                    pids.append(try #require(try agent.capture("exec")["pid"] as? Int))
                    agent.kill()
                }
                for pid in pids { try waitUntil("the service of a dead agent to end") { kill(pid_t(pid), 0) != 0 } }
                let agent = try setup.startReady()
                let goal = sink.entryCount + 100
                try waitUntil("lines to arrive") { sink.entryCount >= goal }
                try agent.terminate()

                var numbers: [Int: [Int]] = [:]
                var others: [String] = []
                for line in sink.lines {
                    let words = line.split(separator: " ")
                    if words.count == 4, words[0] == "run", words[2] == "line", let pid = Int(words[1]), let number = Int(words[3]) {
                        numbers[pid, default: []].append(number)
                    } else {
                        others.append(line)
                    }
                }
                #expect(numbers.count == Self.kills + 1)
                #expect(others.count <= Self.kills, "\(others)")
                for (pid, found) in numbers {
                    // A last line that was torn may look like a lower number.
                    let extra = found.count - Set(found).count
                    #expect(
                        extra <= 1 && Set(found) == Set(1...(Set(found).max() ?? 1)), "of the run \(pid) lines are missing or came twice")
                }
                let ledger = try setup.command("ledger")
                #expect(ledger.output.contains("\(sink.entryCount)"), "\(ledger.output)")
                #expect(setup.segments == [])
            }
        }

        @Test func `of syslog messages those that were captured are counted once and delivered once`() throws {
            try withTemporaryDirectory { directory in
                let sink = try LokiSink(keepsBodies: false)
                defer { sink.stop() }
                let port = try freeUDPPort()
                let setup = try AgentSetup.capturing(
                    directory,
                    #"type: "syslog", listen: ["udp:127.0.0.1:\#(port)", "unix:\#(directory)/s", "unixgram:\#(directory)/d"]"#, sink: sink)
                let udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
                defer { close(udp) }
                let datagrams = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
                defer { close(datagrams) }
                let stream = StreamSender(directory + "/s")
                let sender = Sender { number in
                    let message = "<13>message \(number)"
                    switch number % 3 {
                    case 0:
                        _ = withInternetAddress(port) { sendto(udp, message, message.utf8.count, Int32(MSG_DONTWAIT), $0, $1) }
                    case 1:
                        _ = withUnixAddress(directory + "/d") {
                            sendto(datagrams, message, message.utf8.count, Int32(MSG_DONTWAIT), $0, $1)
                        }
                    default: stream.send("\(message.utf8.count) \(message)")
                    }
                    if number % 20 == 0 { usleep(5000) }
                }
                for _ in 0..<Self.kills {
                    let agent = try setup.start()
                    let goal = sender.count + Int.random(in: 100..<1500)
                    try waitUntil("messages to be sent") { sender.count >= goal }
                    agent.kill()
                }
                let agent = try setup.start()
                // Some of what is sent now comes over each way.
                let known = sender.count
                for remainder in 0..<3 {
                    try sink.waitFor("a message over way \(remainder)", in: agent) { lines in
                        lines.contains { line in
                            line.split(separator: " ").last.flatMap { Int($0) }.map { $0 > known && $0 % 3 == remainder } ?? false
                        }
                    }
                }
                sender.stop()
                // Everything that was sent is taken, or was dropped by the kernel.
                let captured = #"log_agent_captured_lines_total{source="in"}"#
                var last = -1.0
                try waitUntil("nothing more to be captured") {
                    let now = try agent.metrics()[captured] ?? 0
                    defer { last = now }
                    usleep(200_000)
                    return now == last
                }
                try expectAgreement(agent, sink)
                let sent = Set((1...sender.count).map { "<13>message \($0)" })
                let foreign = Set(sink.lines).subtracting(sent)
                #expect(foreign.count <= Self.kills, "\(foreign)")
                try agent.terminate()
                print("kill -9 of syslog: \(sender.count) messages sent, \(sink.entryCount) captured")
            }
        }
    }
}

/// A thread that sends one thing after the other, numbered from 1, until it is told to stop.
private final class Sender: Sendable {
    private let number = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)

    init(_ send: @escaping (Int) -> Void) {
        signal(SIGPIPE, SIG_IGN)
        nonisolated(unsafe) let send = send
        let thread = Thread { [self] in
            while !isStopping.load(ordering: .relaxed) {
                send(number.load(ordering: .relaxed) + 1)
                number.add(1, ordering: .relaxed)
            }
            ended.signal()
        }
        thread.start()
    }

    var count: Int { number.load(ordering: .relaxed) }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
        ended.signal()
    }
}

/// A connection that is made again when it breaks. Used by one thread.
private final class StreamSender {
    private let path: String
    private var descriptor: Int32 = -1

    init(_ path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func send(_ text: String) {
        if descriptor < 0 { descriptor = (try? IntegrationTests.SyslogSourceTests.connect(to: path)) ?? -1 }
        guard descriptor >= 0 else { return }
        if Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) != text.utf8.count {
            close(descriptor)
            descriptor = -1
        }
    }
}

private func withInternetAddress<Result>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}

/// One that nobody listens on at the moment.
private func freeUDPPort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    guard withInternetAddress(0, { bind(descriptor, $0, $1) }) == 0 else { throw POSIXError(.EADDRINUSE) }
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return UInt16(bigEndian: address.sin_port)
}
