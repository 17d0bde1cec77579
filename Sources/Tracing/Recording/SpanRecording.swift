import OTLP
import Synchronization
import SystemIO

/// What a recorded span has gathered. Goes away with the last copy of its ``TraceSpan``.
final class SpanRecording: Sendable {
    /// A program that sets ever more is not to fill the memory (OpenTelemetry specification, "Span Limits").
    static let maximumAttributes = 128
    static let maximumEvents = 128
    /// Longer texts are cut at a character's edge.
    static let maximumTextBytes = 8192

    private struct State {
        var record: SpanRecord
        var hasEnded = false
    }

    private let state: Mutex<State>
    private let startUnixNano: UInt64
    /// nil where the beginning was told, not seen.
    private let startMonotonicNanoseconds: UInt64?
    private let tracer: Tracer

    init(_ record: SpanRecord, startMonotonicNanoseconds: UInt64?, tracer: Tracer) {
        startUnixNano = record.startTimeUnixNano
        self.startMonotonicNanoseconds = startMonotonicNanoseconds
        self.tracer = tracer
        state = Mutex(State(record: record))
    }

    deinit {
        if !state.withLock({ $0.hasEnded }) { tracer.countAbandoned() }
    }

    func rename(_ name: String) { change { $0.name = name } }

    func set(_ attributes: SpanAttributes) {
        if attributes.isEmpty { return }
        change { Self.merge(attributes, into: &$0.attributes, dropped: &$0.droppedAttributesCount) }
    }

    func event(_ name: String, _ attributes: SpanAttributes) {
        let time = now
        change { record in
            guard record.events.count < Self.maximumEvents else { return record.droppedEventsCount += 1 }
            var event = SpanRecord.Event(timeUnixNano: time, name: name)
            var ignored: UInt32 = 0
            Self.merge(attributes, into: &event.attributes, dropped: &ignored)
            record.events.append(event)
        }
    }

    func fail(type: String, message: String) {
        change { record in
            Self.merge(["error.type": .string(type)], into: &record.attributes, dropped: &record.droppedAttributesCount)
            record.status = .error(Self.cut(message))
        }
    }

    func end(atUnixNano unixNano: UInt64?) {
        let time = max(unixNano ?? now, startUnixNano)
        let record: SpanRecord? = state.withLock { state in
            if state.hasEnded { return nil }
            state.hasEnded = true
            state.record.endTimeUnixNano = time
            return state.record
        }
        if let record { tracer.take(record) }
    }

    /// By the monotonic clock where it can be, so that a step of the wall clock shows in no duration.
    private var now: UInt64 {
        guard let start = startMonotonicNanoseconds else { return SystemClock.wallNanoseconds() }
        return startUnixNano + SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
    }

    private func change(_ body: (inout SpanRecord) -> Void) {
        state.withLock { if !$0.hasEnded { body(&$0.record) } }
    }

    private static func merge(_ new: SpanAttributes, into attributes: inout SpanAttributes, dropped: inout UInt32) {
        for attribute in new.all {
            if attributes.count >= maximumAttributes && attributes[attribute.key] == nil {
                dropped += 1
            } else {
                attributes[attribute.key] = cut(attribute.value)
            }
        }
    }

    private static func cut(_ value: AttributeValue) -> AttributeValue {
        switch value {
        case .string(let text) where text.utf8.count > maximumTextBytes: .string(cut(text))
        case .array(let values): .array(values.prefix(maximumAttributes).map { cut($0) })
        default: value
        }
    }

    private static func cut(_ text: String) -> String {
        if text.utf8.count <= maximumTextBytes { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: maximumTextBytes)
        while end > text.startIndex && text.utf8[end] & 0xc0 == 0x80 { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
