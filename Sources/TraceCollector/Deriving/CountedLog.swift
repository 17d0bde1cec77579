import Gzip
import OTLP
import Synchronization
import SystemIO

/// Keeps requests in the log and counts their spans, so that both stay together: what is counted is saved with its place in the log, and
/// after the end of a process, however it came, the spans behind that place are counted from the log. Each acknowledged span counts once.
///
/// `@unchecked Sendable`: `saved` is touched only by who holds `saving`.
final class CountedLog: @unchecked Sendable {
    /// Among the readers of the log; no output can be called so.
    static let reader = "@metrics"

    private struct Gate {
        var inside = 0
        var isClosed = false
    }

    let log: SegmentLog
    private let deriving: SpanDeriving?
    /// Of ``reader``.
    private let number: Int
    private let path: String
    private let gate = Monitor(Gate())
    private let saving = Mutex<Void>(())
    /// The revision of the values.
    private var saved: UInt64?

    /// `number` is that of ``reader`` in the log, where there is something to derive; `path` that of its file.
    init(_ log: SegmentLog, deriving: SpanDeriving?, number: Int, path: String) {
        self.log = log
        self.deriving = deriving
        self.number = number
        self.path = path
    }

    /// `append` puts the request into the log, unless there is nothing to keep of it; its spans are counted when it is there.
    func keep(
        _ index: TraceIndex, of message: UnsafeRawBufferPointer, append: (SegmentLog) throws(SystemError) -> Void
    ) throws(SystemError) {
        guard let deriving else { return try append(log) }
        gate.wait { gate -> Monitor<Gate>.Decision<Void> in
            if gate.isClosed { return .wait(untilNanoseconds: nil) }
            gate.inside += 1
            return .done(())
        }
        defer {
            let isLast = gate.withLock { gate in
                gate.inside -= 1
                return gate.inside == 0 && gate.isClosed
            }
            if isLast { gate.broadcast() }
        }
        try append(log)
        deriving.observe(index, in: message)
    }

    /// Saves the values where there are new ones.
    func save() throws(SystemError) {
        guard let deriving else { return }
        try saving.withLock { _ throws(SystemError) in
            // A change that comes meanwhile is saved the next time.
            let revision = deriving.revision
            if saved == revision { return }
            var end: SegmentLog.End?
            let values = deriving.encode {
                // Between two requests.
                gate.wait { gate -> Monitor<Gate>.Decision<Void> in
                    gate.isClosed = true
                    return gate.inside == 0 ? .done(()) : .wait(untilNanoseconds: nil)
                }
                end = log.end
            } after: {
                gate.withLock { $0.isClosed = false }
                gate.broadcast()
            }
            guard let end else { return }
            try DerivedState(position: end.position, values: values).save(path)
            saved = revision
            log.pass(to: end, by: number)
        }
    }

    /// Counts what is in the log behind the saved place. To be called before any other use. Gives how many spans those were.
    func catchUp() throws(SystemError) -> UInt64 {
        guard let deriving else { return 0 }
        let batch = LogBatch()
        var index = TraceIndex()
        var spans: UInt64 = 0
        while try log.take(into: batch, maximumBytes: 1 << 20, by: number) {
            for item in batch.records {
                let bytes = Array(batch.bytes[item.range])
                let message: [UInt8]?
                switch item.record.content {
                case .protobuf: message = bytes
                case .gzip: message = try? GzipDecoder.decompress(bytes, maximumBytes: Int(item.record.messageBytes))
                }
                // It was checked before it came into the log.
                message?.withUnsafeBytes { message in
                    guard (try? index.read(message)) != nil else { return }
                    deriving.observe(index, in: message)
                    spans += UInt64(item.record.spans)
                }
            }
            log.commit(batch.end, spans: batch.contents.spans, by: number)
        }
        return spans
    }
}
