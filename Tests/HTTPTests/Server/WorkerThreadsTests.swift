import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import HTTP

/// The queue of a server's work, alone.
@Suite(.timeLimit(.minutes(1)))
struct WorkerThreadsTests {
    /// Counts the bodies that something still holds.
    private final class Held: Sendable {
        let count = Atomic(0)
    }

    private final class HeldBody: HTTPBodyConsumer {
        private let held: Held

        init(_ held: Held) {
            self.held = held
            held.count.add(1, ordering: .relaxed)
        }

        deinit { held.count.subtract(1, ordering: .relaxed) }

        func receive(_ bytes: [UInt8]) -> HTTPResponse? { nil }
        func finish() -> HTTPResponse { HTTPResponse(status: 200) }
        func interrupt(_ cause: HTTPBodyInterruption) -> HTTPResponse { HTTPResponse(status: 499) }
    }

    @Test func `a queue that never runs empty lets go of what was done`() throws {
        let workers = WorkerThreads()
        let held = Held()
        let gate = Semaphore()
        let reported = Semaphore()
        func submit(_ count: Int) {
            for _ in 0..<count {
                workers.submit(WorkerThreads.Job(token: 0, work: .consume(BodyStream(to: HeldBody(held)), bytes: [1], isLast: false)))
            }
        }
        try withExtendedLifetime(workers) {
            try workers.start(count: 1, stackBytes: 256 << 10) { _ in
                gate.wait()
                return .consumed(nil)
            } report: { _, _ in
                reported.signal()
            }
            // Ten wait at any time, while a thousand come by.
            submit(10)
            for _ in 0..<1000 {
                submit(1)
                gate.signal()
                try #require(reported.wait(nanoseconds: 60 * second))
            }
            try waitUntil("what was done to be let go") { held.count.load(ordering: .relaxed) <= 11 }
            for _ in 0..<10 { gate.signal() }
            workers.stop(waitingNanoseconds: 60 * second)
        }
        try waitUntil("all to be let go") { held.count.load(ordering: .relaxed) == 0 }
    }
}
