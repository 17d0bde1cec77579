/// Spans as `ExportTraceServiceRequest` (opentelemetry-proto `collector/trace/v1`), which is also `TracesData`.
package enum SpanEncoding {
    /// Appends a request with one resource and one scope. Requests may be joined: one that follows another adds its spans to it.
    package static func appendProtobuf(_ spans: some Sequence<SpanRecord>, from origin: SpanOrigin, to writer: inout ProtobufWriter) {
        // ExportTraceServiceRequest.resource_spans
        writer.message(1) { resourceSpans in
            // ResourceSpans.resource
            resourceSpans.message(1) { $0.attributes(1, origin.resource) }
            // ResourceSpans.scope_spans
            resourceSpans.message(2) { scopeSpans in
                // ScopeSpans.scope
                scopeSpans.message(1) { scope in
                    scope.text(1, origin.scopeName)
                    scope.text(2, origin.scopeVersion)
                }
                // ScopeSpans.spans
                for span in spans { scopeSpans.message(2) { $0.span(span) } }
                scopeSpans.text(3, origin.schemaURL)
            }
            resourceSpans.text(3, origin.schemaURL)
        }
    }
}

extension ProtobufWriter {
    fileprivate mutating func span(_ span: SpanRecord) {
        identity(1, span.traceID)
        identity(2, span.spanID)
        text(3, span.traceState)
        if let parent = span.parentSpanID { identity(4, parent) }
        text(5, span.name)
        unsigned(6, UInt64(span.kind.rawValue))
        time(7, span.startTimeUnixNano)
        time(8, span.endTimeUnixNano)
        attributes(9, span.attributes)
        count(10, span.droppedAttributesCount)
        for event in span.events {
            message(11) { message in
                message.time(1, event.timeUnixNano)
                message.text(2, event.name)
                message.attributes(3, event.attributes)
            }
        }
        count(12, span.droppedEventsCount)
        for link in span.links {
            message(13) { message in
                message.identity(1, link.traceID)
                message.identity(2, link.spanID)
                message.text(3, link.traceState)
                message.attributes(4, link.attributes)
            }
        }
        switch span.status {
        case .unset: break
        case .ok: message(15) { $0.unsigned(3, 1) }
        case .error(let text):
            message(15) { status in
                status.text(2, text)
                status.unsigned(3, 2)
            }
        }
        if span.flags != 0 { fixed32(16, span.flags) }
    }

    fileprivate mutating func attributes(_ field: Int, _ attributes: SpanAttributes) {
        for attribute in attributes.all {
            message(field) { pair in
                pair.text(1, attribute.key)
                pair.message(2) { $0.value(attribute.value) }
            }
        }
    }

    /// A member of a `oneof` is written also when it is the default.
    private mutating func value(_ value: AttributeValue) {
        switch value {
        case .string(let text): string(1, text)
        case .bool(let flag): unsigned(2, flag ? 1 : 0)
        case .int(let number): signed(3, number)
        case .double(let number): double(4, number)
        case .array(let values): message(5) { list in for value in values { list.message(1) { $0.value(value) } } }
        case .map(let attributes): message(6) { $0.attributes(1, attributes) }
        case .bytes(let bytes): data(7, bytes)
        }
    }

    private mutating func identity(_ field: Int, _ id: TraceID) {
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { data(field, $0) }
    }

    private mutating func identity(_ field: Int, _ id: SpanID) {
        withUnsafeBytes(of: id.value.bigEndian) { data(field, $0) }
    }

    private mutating func time(_ field: Int, _ nanoseconds: UInt64) { if nanoseconds != 0 { fixed64(field, nanoseconds) } }

    private mutating func count(_ field: Int, _ count: UInt32) { if count != 0 { unsigned(field, UInt64(count)) } }

    /// proto3 leaves what is empty out.
    fileprivate mutating func text(_ field: Int, _ text: String) { if !text.isEmpty { string(field, text) } }
}
