import OTLP
import SystemIO

/// Takes requests of spans in, wherever they come from: checks them, takes out what receivers refuse, keeps the rest in the buffer,
/// and hands it to what derives metrics.
final class SpanIntake: Sendable {
    enum Outcome: Equatable {
        /// All of it is in the buffer, but for the rejected spans, of which the first is named.
        case taken(spans: Int, rejected: Int, example: String?)
        case malformed(TraceReadError)
        /// Nothing of it is kept.
        case unavailable(SystemError)
    }

    private let log: CountedLog
    /// Whether what is kept may be gzip: whoever reads the log takes both.
    private let keepsGzip: Bool
    private let ledger: SpanLedger

    init(log: CountedLog, keepsGzip: Bool, ledger: SpanLedger) {
        self.log = log
        self.keepsGzip = keepsGzip
        self.ledger = ledger
    }

    /// Whether the buffer is far from dropping what is in it.
    var hasRoom: Bool { log.log.usedBytes < log.log.maximumBytes / 4 * 3 }

    /// `message` is an `ExportTraceServiceRequest`; `compressed` the gzip members that it came as. Both are borrowed.
    func take(_ message: UnsafeRawBufferPointer, compressed: UnsafeRawBufferPointer?, scratch: IntakeScratch) -> Outcome {
        do throws(TraceReadError) { try scratch.index.read(message) } catch { return .malformed(error) }
        let index = scratch.index
        let total = index.spans.count
        let kept = total - index.faultyCount
        if kept > 0 {
            do throws(SystemError) {
                try log.keep(index, of: message) { (log) throws(SystemError) in
                    if index.faultyCount > 0 {
                        try keepSound(message, index, scratch, in: log)
                    } else if keepsGzip, let compressed {
                        try log.append(compressed, content: .gzip, spans: kept, messageBytes: message.count)
                    } else {
                        try log.append(message, content: .protobuf, spans: kept, messageBytes: message.count)
                    }
                }
            } catch {
                return .unavailable(error)
            }
        }
        ledger.received.add(UInt64(total))
        return .taken(spans: total, rejected: index.faultyCount, example: index.faultyCount > 0 ? reject(index, message) : nil)
    }

    private func keepSound(
        _ message: UnsafeRawBufferPointer, _ index: TraceIndex, _ scratch: IntakeScratch, in log: SegmentLog
    ) throws(SystemError) {
        scratch.filtered.removeAll(keepingCapacity: true)
        TraceFiltering.append(message, index, to: &scratch.filtered) { index.spans[$0].fault == .none }
        let kept = scratch.filtered
        let spans = index.spans.count - index.faultyCount
        try kept.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in
            try log.append(raw, content: .protobuf, spans: spans, messageBytes: raw.count)
        }
    }

    /// Counts the spans that were taken out; gives the name of the first with its fault.
    private func reject(_ index: TraceIndex, _ message: UnsafeRawBufferPointer) -> String? {
        var example: String?
        for span in index.spans {
            guard let reason = SpanLedger.DropReason(span.fault) else { continue }
            ledger.reject(1, reason)
            if example == nil {
                let name = String(decoding: span.name.bytes(in: message).prefix(80), as: UTF8.self)
                example = "span \"\(name)\": \(reason.rawValue)"
            }
        }
        return example
    }
}

extension SpanLedger.DropReason {
    init?(_ fault: SpanFault) {
        switch fault {
        case .none: return nil
        case .badTraceID: self = .badTraceID
        case .badSpanID: self = .badSpanID
        case .badParentSpanID: self = .badParentSpanID
        case .badLinkID: self = .badLinkID
        }
    }
}
