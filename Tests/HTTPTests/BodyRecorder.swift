import Synchronization

@testable import HTTP

/// Notes what a consumer is told, and waits in each call for as long as ``gate`` is closed.
final class BodyRecorder: HTTPBodyConsumer {
    struct Record {
        var bytes: [UInt8] = []
        var pieces = 0
        var largestPiece = 0
        var finished = 0
        var interruptions: [HTTPBodyInterruption] = []
        var concurrentCalls = 0
        fileprivate var runningCalls = 0
    }

    private let state = Mutex(Record())
    private let gate: Semaphore?
    /// What to answer once so many bytes have come.
    private let refusing: (bytes: Int, response: HTTPResponse)?

    init(gate: Semaphore? = nil, refusing: (bytes: Int, response: HTTPResponse)? = nil) {
        self.gate = gate
        self.refusing = refusing
    }

    var record: Record { state.withLock { $0 } }

    func receive(_ bytes: [UInt8]) -> HTTPResponse? {
        call { record in
            record.bytes += bytes
            record.pieces += 1
            record.largestPiece = max(record.largestPiece, bytes.count)
        }
        return refusing.flatMap { refusing in state.withLock { $0.bytes.count >= refusing.bytes } ? refusing.response : nil }
    }

    func finish() -> HTTPResponse {
        call { $0.finished += 1 }
        return .text("whole", status: 201)
    }

    func interrupt(_ cause: HTTPBodyInterruption) -> HTTPResponse {
        call { $0.interruptions.append(cause) }
        return .text("interrupted: \(cause)", status: cause.status)
    }

    private func call(_ note: (inout Record) -> Void) {
        state.withLock {
            $0.runningCalls += 1
            if $0.runningCalls > 1 { $0.concurrentCalls += 1 }
        }
        gate?.wait()
        state.withLock {
            note(&$0)
            $0.runningCalls -= 1
        }
    }
}
