@testable import OTLP

/// Requests for tests, field by field.
enum TraceSample {
    static let traceID: [UInt8] = Array(1...16)

    static func request(_ spans: [(inout ProtobufWriter) -> Void], service: String = "shop") -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resourceSpans in
            resourceSpans.message(1) { resource in
                attribute("service.name", as: 1, in: &resource) { $0.string(1, service) }
                resource.unsigned(2, 1)
            }
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(1) { scope in
                    scope.string(1, "lib")
                    scope.string(2, "1.0")
                }
                for span in spans { scopeSpans.message(2, span) }
                scopeSpans.string(3, "https://schema")
            }
            resourceSpans.string(3, "https://schema")
        }
        return writer.bytes
    }

    static func attribute(
        _ name: String, as field: Int, in writer: inout ProtobufWriter, _ value: (inout ProtobufWriter) -> Void
    ) {
        writer.message(field) { pair in
            pair.string(1, name)
            pair.message(2, value)
        }
    }

    /// A span with every field that there is.
    static func fullSpan(
        traceID: [UInt8] = traceID, spanID: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7], parentID: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 6],
        linkID: [UInt8] = traceID
    ) -> (inout ProtobufWriter) -> Void {
        { span in
            span.data(1, traceID)
            span.data(2, spanID)
            span.string(3, "vendor=1")
            span.data(4, parentID)
            span.string(5, "GET /items")
            span.unsigned(6, 2)
            span.fixed64(7, 1_000_000_000)
            span.fixed64(8, 1_250_000_000)
            attribute("http.request.method", as: 9, in: &span) { $0.string(1, "GET") }
            attribute("http.response.status_code", as: 9, in: &span) { $0.signed(3, 500) }
            attribute("ratio", as: 9, in: &span) { $0.double(4, 0.5) }
            attribute("cached", as: 9, in: &span) { $0.unsigned(2, 1) }
            attribute("list", as: 9, in: &span) { value in
                value.message(5) { list in list.message(1) { $0.signed(3, -1) } }
            }
            attribute("map", as: 9, in: &span) { value in
                value.message(6) { map in attribute("key", as: 1, in: &map) { $0.data(7, [0, 255]) } }
            }
            span.unsigned(10, 3)
            span.message(11) { event in
                event.fixed64(1, 1_100_000_000)
                event.string(2, "exception")
                attribute("exception.type", as: 3, in: &event) { $0.string(1, "Timeout") }
                event.unsigned(4, 1)
            }
            span.unsigned(12, 4)
            span.message(13) { link in
                link.data(1, linkID)
                link.data(2, [1, 2, 3, 4, 5, 6, 7, 8])
                link.string(3, "a=b")
                attribute("cause", as: 4, in: &link) { $0.string(1, "retry") }
                link.unsigned(5, 2)
                link.fixed32(6, 0x301)
            }
            span.unsigned(14, 5)
            span.message(15) { status in
                status.string(2, "it broke")
                status.unsigned(3, 2)
            }
            span.fixed32(16, 0x101)
        }
    }
}

extension TraceIndex {
    /// Reads an array.
    mutating func read(_ bytes: [UInt8]) throws(TraceReadError) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(TraceReadError) in try read(raw) }
    }
}
