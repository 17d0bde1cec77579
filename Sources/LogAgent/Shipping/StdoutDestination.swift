import Delivery
import Glibc
import SystemIO

/// Writes entries to a descriptor, the program's standard output, and waits where its reader is slow: only this output waits.
///
/// Used by one thread. What a failed write left unwritten is written by the next try, so that no line comes twice. A line that is begun
/// when it is stopped is ended by the destination that a reload puts in its place (``UnfinishedLine``).
final class StdoutDestination: PushDestination {
    /// A pipe that is ready takes as much at once without blocking (`PIPE_BUF`, pipe(7)).
    private static let pieceBytes = 4096

    private let format: StdoutSettings.Format
    private let descriptor: Int32
    private let metrics: OutputMetrics
    private let stopped: EventDescriptor
    private let unfinished: UnfinishedLine
    /// Of the push that is on its way.
    private var writtenBytes = 0

    /// `stopped` becomes readable when writing is to be broken off.
    init(
        _ settings: StdoutSettings, descriptor: Int32 = STDOUT_FILENO, unfinished: UnfinishedLine = .ofStandardOutput,
        stopped: EventDescriptor, metrics: OutputMetrics
    ) {
        self.unfinished = unfinished
        format = settings.format
        self.descriptor = descriptor
        self.stopped = stopped
        self.metrics = metrics
    }

    func encode(_ batches: [SealedBatch], into body: inout [UInt8]) -> Int {
        body.removeAll(keepingCapacity: true)
        for batch in batches { StdoutText.append(batch, as: format, to: &body) }
        return body.count
    }

    func attempt(_ push: PendingPush) -> PushResolution.Verdict {
        let start = SystemClock.monotonicNanoseconds()
        let writtenBefore = writtenBytes
        let body = push.body
        do throws(SystemError) {
            if writtenBytes == 0 { try endUnfinishedLine() }
            try body.span.bytes.withUnsafeBytes { (bytes) throws(SystemError) in try write(bytes, from: &writtenBytes) }
        } catch {
            if writtenBytes > 0 { unfinished.leave(restOfLine(body)) }
            metrics.countRequest(
                status: 0, sentBytes: writtenBytes - writtenBefore, nanoseconds: SystemClock.monotonicNanoseconds() - start)
            return .retry(Self.problem(error), DeliveryFailure(scope: .output, pace: error.code == EPIPE ? .slow : .backoff))
        }
        metrics.countRequest(
            status: 200, sentBytes: writtenBytes - writtenBefore, nanoseconds: SystemClock.monotonicNanoseconds() - start)
        writtenBytes = 0
        unfinished.leave([])
        return .finished
    }

    /// Of what another has begun.
    private func endUnfinishedLine() throws(SystemError) {
        let rest = unfinished.take()
        var written = 0
        defer { unfinished.leave(Array(rest[written...])) }
        try rest.span.bytes.withUnsafeBytes { (bytes) throws(SystemError) in try write(bytes, from: &written) }
    }

    /// Nothing where a whole line was written last.
    private func restOfLine(_ body: [UInt8]) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        guard body[writtenBytes - 1] != newline, let end = body[writtenBytes...].firstIndex(of: newline) else { return [] }
        return Array(body[writtenBytes...end])
    }

    private static func problem(_ error: SystemError) -> OutputProblem {
        let advice =
            switch error.code {
            case EPIPE: "; the program that read it has ended. Lines wait until the agent is started again with another"
            case EBADF: "; it is closed. Start the agent with an open one"
            default: ""
            }
        return OutputProblem(.storage, "cannot write to standard output: \(error.reason)\(advice)")
    }

    private func write(_ bytes: UnsafeRawBufferPointer, from position: inout Int) throws(SystemError) {
        while position < bytes.count {
            try waitUntilWritable()
            let piece = UnsafeRawBufferPointer(rebasing: bytes[position...].prefix(Self.pieceBytes))
            let count = retryingOnInterrupt { Glibc.write(descriptor, piece.baseAddress, piece.count) }
            if count >= 0 {
                position += count
            } else if errno != EAGAIN {
                throw SystemError(call: "write", subject: "standard output")
            }
        }
    }

    private func waitUntilWritable() throws(SystemError) {
        var waits = (
            pollfd(fd: stopped.rawValue, events: Int16(POLLIN), revents: 0), pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        )
        let count = retryingOnInterrupt {
            withUnsafeMutableBytes(of: &waits) { poll($0.baseAddress?.assumingMemoryBound(to: pollfd.self), 2, -1) }
        }
        if count < 0 { throw SystemError(call: "poll", subject: "standard output") }
        // While stopping, what is ready at once is still written.
        if waits.0.revents != 0 && waits.1.revents == 0 { throw SystemError(call: "poll", subject: "standard output", code: ECANCELED) }
    }
}
