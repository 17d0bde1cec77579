import OTLP
import Synchronization
import SystemIO

/// Makes the spans of a program: decides which are recorded, and hands those that have ended on. For any thread.
package final class Tracer: Sendable {
    private let sampler: TraceSampler
    private let ids = TraceIDSource()
    private let deliver: @Sendable (SpanRecord) -> Void
    private let abandoned = Atomic<UInt64>(0)

    /// `deliver` gets each recorded span when it ends, on the thread that ended it; it must not block: ``SpanExporter/offer(_:)``.
    package init(sampler: TraceSampler, deliver: @escaping @Sendable (SpanRecord) -> Void) {
        self.sampler = sampler
        self.deliver = deliver
    }

    /// Records nothing of what begins here. Ids are made all the same: log lines carry them, and other processes get them.
    package static let disabled = Tracer(sampler: .never) { _ in }

    /// How many recorded spans went away without an end, which is a mistake of the program; they were not handed on.
    package var abandonedSpans: UInt64 { abandoned.load(ordering: .relaxed) }

    /// Begins a span: in the trace that another process, or this one before, told of in `parent`, else in a new one.
    /// `startUnixNano` is for what began earlier, since 1970. `attributes` is only asked when the span is recorded.
    package func span(
        _ name: String, _ kind: SpanKind = .internal, parent: TraceContext? = nil, startUnixNano: UInt64? = nil,
        attributes: @autoclosure () -> SpanAttributes = .none
    ) -> TraceSpan {
        let context: TraceContext
        if let parent {
            context = child(of: parent)
        } else {
            let id = ids.traceID()
            context = TraceContext(traceID: id, spanID: ids.spanID(), isSampled: sampler.samples(id), isRandom: true)
        }
        return begin(
            name, kind, context, parent: parent, parentFlags: parent == nil ? SpanRecord.parentIsKnownLocal : SpanRecord.parentIsRemote,
            startUnixNano, attributes)
    }

    /// Begins a span below one of this process.
    func span(
        _ name: String, _ kind: SpanKind, below parent: TraceSpan, startUnixNano: UInt64?, attributes: () -> SpanAttributes
    ) -> TraceSpan {
        begin(
            name, kind, child(of: parent.context), parent: parent.context, parentFlags: SpanRecord.parentIsKnownLocal, startUnixNano,
            attributes)
    }

    private func child(of parent: TraceContext) -> TraceContext {
        TraceContext(
            traceID: parent.traceID, spanID: ids.spanID(), isSampled: parent.isSampled, isRandom: parent.isRandom, state: parent.state)
    }

    private func begin(
        _ name: String, _ kind: SpanKind, _ context: TraceContext, parent: TraceContext?, parentFlags: UInt32, _ startUnixNano: UInt64?,
        _ attributes: () -> SpanAttributes
    ) -> TraceSpan {
        guard context.isSampled else { return TraceSpan(context: context, tracer: self, recording: nil) }
        var record = SpanRecord(
            traceID: context.traceID, spanID: context.spanID, parentSpanID: parent?.spanID, name: name, kind: kind,
            startTimeUnixNano: startUnixNano ?? SystemClock.wallNanoseconds())
        record.traceState = context.state
        record.flags = UInt32(context.flags) | parentFlags
        let recording = SpanRecording(
            record, startMonotonicNanoseconds: startUnixNano == nil ? SystemClock.monotonicNanoseconds() : nil, tracer: self)
        recording.set(attributes())
        return TraceSpan(context: context, tracer: self, recording: recording)
    }

    func take(_ record: SpanRecord) { deliver(record) }

    func countAbandoned() { abandoned.add(1, ordering: .relaxed) }
}
