import SystemIO

@testable import OTLP
@testable import TraceCollector

/// Requests of spans for tests.
enum Requests {
    struct Span {
        var trace: UInt64 = 1
        var id: UInt64 = 1
        var parent: UInt64 = 0
        var name = "work"
        var kind: UInt64 = 1
        var start: UInt64 = 1_000_000_000
        var duration: UInt64 = 10_000_000
        var status: UInt64 = 0
        var attributes: [(String, String)] = []
        var hasBadID = false
    }

    /// One resource with one scope.
    static func make(_ spans: [Span], service: String? = "shop", resource: [(String, String)] = []) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resourceSpans in
            resourceSpans.message(1) { writer in
                if let service { attribute("service.name", service, as: 1, in: &writer) }
                for (key, value) in resource { attribute(key, value, as: 1, in: &writer) }
            }
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(1) { $0.string(1, "test") }
                for span in spans { scopeSpans.message(2) { write(span, to: &$0) } }
            }
        }
        return writer.bytes
    }

    private static func write(_ span: Span, to writer: inout ProtobufWriter) {
        writer.data(1, traceID(span.trace))
        writer.data(2, span.hasBadID ? [] : bytes(span.id))
        if span.parent != 0 { writer.data(4, bytes(span.parent)) }
        writer.string(5, span.name)
        writer.unsigned(6, span.kind)
        writer.fixed64(7, span.start)
        writer.fixed64(8, span.start + span.duration)
        for (key, value) in span.attributes { attribute(key, value, as: 9, in: &writer) }
        if span.status != 0 { writer.message(15) { $0.unsigned(3, span.status) } }
    }

    static func traceID(_ number: UInt64) -> [UInt8] { bytes(0xabcd) + bytes(number) }

    static func key(_ number: UInt64) -> TraceKey { TraceKey(high: 0xabcd, low: number) }

    private static func bytes(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    private static func attribute(_ key: String, _ value: String, as field: Int, in writer: inout ProtobufWriter) {
        writer.message(field) { pair in
            pair.string(1, key)
            pair.message(2) { $0.string(1, value) }
        }
    }

    static func index(_ request: [UInt8]) throws -> TraceIndex {
        var index = TraceIndex()
        try request.withUnsafeBytes { try index.read($0) }
        return index
    }

    /// Trace and span of every span, in order.
    static func spans(_ request: [UInt8]) throws -> [[UInt64]] {
        try index(request).spans.map { [$0.trace.low, $0.spanID] }
    }
}

extension SegmentLog {
    func append(_ bytes: [UInt8], content: BufferRecord.Content = .protobuf, spans: Int = 1, messageBytes: Int? = nil) throws(SystemError) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in
            try append(raw, content: content, spans: spans, messageBytes: messageBytes ?? raw.count)
        }
    }
}
