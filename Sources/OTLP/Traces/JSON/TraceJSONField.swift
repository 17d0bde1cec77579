/// How a field of a message stands in JSON (OTLP specification, "JSON Protobuf Encoding").
struct TraceJSONField {
    enum Kind: Equatable {
        case text
        case texts
        /// Hexadecimal digits, unlike other bytes.
        case identifier
        case base64
        case spanKind
        case statusCode
        case unsigned32
        case fixed32
        case fixed64
        case signed64
        case boolean
        case double
        case message(TraceMessage)
        case messages(TraceMessage)
    }

    let number: Int
    let kind: Kind

    private init(_ number: Int, _ kind: Kind) {
        self.number = number
        self.kind = kind
    }

    /// nil for a name that is not known: such members are ignored.
    init?(_ message: TraceMessage, named name: String) {
        switch (message, name) {
        case (.request, "resourceSpans"): self.init(1, .messages(.resourceSpans))
        case (.resourceSpans, "resource"): self.init(1, .message(.resource))
        case (.resourceSpans, "scopeSpans"): self.init(2, .messages(.scopeSpans))
        case (.resourceSpans, "schemaUrl"), (.scopeSpans, "schemaUrl"): self.init(3, .text)
        case (.resource, "attributes"): self.init(1, .messages(.keyValue))
        case (.resource, "droppedAttributesCount"): self.init(2, .unsigned32)
        case (.resource, "entityRefs"): self.init(3, .messages(.entityReference))
        case (.entityReference, "schemaUrl"): self.init(1, .text)
        case (.entityReference, "type"): self.init(2, .text)
        case (.entityReference, "idKeys"): self.init(3, .texts)
        case (.entityReference, "descriptionKeys"): self.init(4, .texts)
        case (.scopeSpans, "scope"): self.init(1, .message(.scope))
        case (.scopeSpans, "spans"): self.init(2, .messages(.span))
        case (.scope, "name"): self.init(1, .text)
        case (.scope, "version"): self.init(2, .text)
        case (.scope, "attributes"): self.init(3, .messages(.keyValue))
        case (.scope, "droppedAttributesCount"): self.init(4, .unsigned32)
        case (.span, _):
            guard let field = Self.ofSpan(name) else { return nil }
            self = field
        case (.event, "timeUnixNano"): self.init(1, .fixed64)
        case (.event, "name"): self.init(2, .text)
        case (.event, "attributes"): self.init(3, .messages(.keyValue))
        case (.event, "droppedAttributesCount"): self.init(4, .unsigned32)
        case (.link, "traceId"): self.init(1, .identifier)
        case (.link, "spanId"): self.init(2, .identifier)
        case (.link, "traceState"): self.init(3, .text)
        case (.link, "attributes"): self.init(4, .messages(.keyValue))
        case (.link, "droppedAttributesCount"): self.init(5, .unsigned32)
        case (.link, "flags"): self.init(6, .fixed32)
        case (.status, "message"): self.init(2, .text)
        case (.status, "code"): self.init(3, .statusCode)
        case (.keyValue, "key"): self.init(1, .text)
        case (.keyValue, "value"): self.init(2, .message(.anyValue))
        case (.anyValue, "stringValue"): self.init(1, .text)
        case (.anyValue, "boolValue"): self.init(2, .boolean)
        case (.anyValue, "intValue"): self.init(3, .signed64)
        case (.anyValue, "doubleValue"): self.init(4, .double)
        case (.anyValue, "arrayValue"): self.init(5, .message(.arrayValue))
        case (.anyValue, "kvlistValue"): self.init(6, .message(.keyValueList))
        case (.anyValue, "bytesValue"): self.init(7, .base64)
        case (.arrayValue, "values"): self.init(1, .messages(.anyValue))
        case (.keyValueList, "values"): self.init(1, .messages(.keyValue))
        default: return nil
        }
    }

    private static func ofSpan(_ name: String) -> TraceJSONField? {
        switch name {
        case "traceId": TraceJSONField(1, .identifier)
        case "spanId": TraceJSONField(2, .identifier)
        case "traceState": TraceJSONField(3, .text)
        case "parentSpanId": TraceJSONField(4, .identifier)
        case "name": TraceJSONField(5, .text)
        case "kind": TraceJSONField(6, .spanKind)
        case "startTimeUnixNano": TraceJSONField(7, .fixed64)
        case "endTimeUnixNano": TraceJSONField(8, .fixed64)
        case "attributes": TraceJSONField(9, .messages(.keyValue))
        case "droppedAttributesCount": TraceJSONField(10, .unsigned32)
        case "events": TraceJSONField(11, .messages(.event))
        case "droppedEventsCount": TraceJSONField(12, .unsigned32)
        case "links": TraceJSONField(13, .messages(.link))
        case "droppedLinksCount": TraceJSONField(14, .unsigned32)
        case "status": TraceJSONField(15, .message(.status))
        case "flags": TraceJSONField(16, .fixed32)
        default: nil
        }
    }
}

/// The numbers of enums by name, for input: OTLP writes numbers.
enum TraceEnumNames {
    static let spanKinds = [
        "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
    ]
    static let statusCodes = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"]
}
