import Synchronization

/// What became of every span, since the start of the process.
///
/// For each output: received + recovered = delivered + pending + sampled away + dropped, by reason.
final class SpanLedger: Sendable {
    /// Why a span goes nowhere.
    enum DropReason: String, Sendable, CaseIterable {
        case badTraceID = "bad_trace_id"
        case badSpanID = "bad_span_id"
        case badParentSpanID = "bad_parent_span_id"
        case badLinkID = "bad_link_id"
        /// The buffer had come to its maximum.
        case bufferFull = "buffer_full"
        /// The buffer's file is damaged.
        case damaged
        /// The output answered that it will never take it.
        case refused
        /// The output failed in a way that OTLP says not to repeat.
        case serverError = "server_error"
    }

    /// Of one output.
    final class Output: Sendable {
        let name: String
        private let delivered = Atomic<UInt64>(0)
        private let dropped: [DropReason: SpanCount]

        init(name: String) {
            self.name = name
            dropped = Dictionary(uniqueKeysWithValues: DropReason.allCases.map { ($0, SpanCount()) })
        }

        var deliveredSpans: UInt64 { delivered.load(ordering: .relaxed) }

        func deliver(_ spans: UInt64) { delivered.add(spans, ordering: .relaxed) }

        func drop(_ spans: UInt64, _ reason: DropReason) { dropped[reason]?.add(spans) }

        func droppedSpans(_ reason: DropReason) -> UInt64 { dropped[reason]?.value ?? 0 }
    }

    let outputs: [Output]
    /// Spans of requests that were accepted or partly accepted, bad ones included.
    let received = SpanCount()
    /// Spans that an earlier process had left in the buffer.
    let recovered = SpanCount()
    let sampledAway = SpanCount()
    private let rejected: [DropReason: SpanCount]

    init(outputs: [String]) {
        self.outputs = outputs.map(Output.init(name:))
        rejected = Dictionary(uniqueKeysWithValues: Self.rejections.map { ($0, SpanCount()) })
    }

    /// Reasons of spans that no output gets to see.
    static let rejections: [DropReason] = [.badTraceID, .badSpanID, .badParentSpanID, .badLinkID]

    /// No output gets them.
    func reject(_ spans: UInt64, _ reason: DropReason) { rejected[reason]?.add(spans) }

    func rejectedSpans(_ reason: DropReason) -> UInt64 { rejected[reason]?.value ?? 0 }
}

/// A number of spans that any thread may add to.
final class SpanCount: Sendable {
    private let count = Atomic<UInt64>(0)

    var value: UInt64 { count.load(ordering: .relaxed) }

    func add(_ spans: UInt64) { count.add(spans, ordering: .relaxed) }
}
