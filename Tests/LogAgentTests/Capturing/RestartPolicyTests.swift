import SystemIO
import Testing

@testable import LogAgent

struct RestartPolicyTests {
    private static let second: UInt64 = 1_000_000_000

    private static func policy(_ restart: ExecSettings.Restart, minimum: UInt64 = second, maximum: UInt64 = 60 * second) -> RestartPolicy {
        RestartPolicy(
            ExecSettings(
                command: ["x"], environment: [], workingDirectory: nil, restart: restart, minimumBackoffNanoseconds: minimum,
                maximumBackoffNanoseconds: maximum, stopNanoseconds: second, isMain: nil))
    }

    private static let endings: [ServiceEnding] = [
        .exited(0), .exited(1), .signalled(9), .notStarted(SystemError(call: "execvp", subject: "x", code: 2)),
    ]

    @Test func `the policy says which endings are followed by a start`() {
        func restarts(_ restart: ExecSettings.Restart) -> [Bool] {
            Self.endings.map {
                var policy = Self.policy(restart)
                return policy.pause(after: $0, ranNanoseconds: 0) != nil
            }
        }
        #expect(restarts(.never) == [false, false, false, false])
        #expect(restarts(.onFailure) == [false, true, true, true])
        #expect(restarts(.always) == [true, true, true, true])
    }

    @Test func `pauses double up to the maximum and begin anew after a steady run`() {
        var policy = Self.policy(.always)
        func pause(_ ran: UInt64) -> UInt64? { policy.pause(after: .exited(1), ranNanoseconds: ran * Self.second).map { $0 / Self.second } }
        #expect((0..<8).map { _ in pause(1) } == [1, 2, 4, 8, 16, 32, 60, 60])
        #expect(pause(10) == 1)
        #expect(pause(9) == 2)
    }

    @Test func `a pause never overflows`() {
        var policy = Self.policy(.always, minimum: 3600 * Self.second, maximum: 3600 * Self.second)
        for _ in 0..<100 { #expect(policy.pause(after: .exited(1), ranNanoseconds: 0) == 3600 * Self.second) }
    }

    @Test func `exit codes are those of a shell`() {
        #expect(Self.endings.map(\.exitCode) == [0, 1, 137, 127])
        #expect(ServiceEnding.notStarted(SystemError(call: "execvp", subject: "x", code: 13)).exitCode == 126)
    }
}
