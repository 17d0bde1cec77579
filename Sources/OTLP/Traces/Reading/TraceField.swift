/// The messages that a request of traces is made of (opentelemetry-proto `trace/v1`, `common/v1`, `resource/v1`).
package enum TraceMessage: String, Sendable {
    case request = "ExportTraceServiceRequest"
    case resourceSpans = "ResourceSpans"
    case resource = "Resource"
    case entityReference = "EntityRef"
    case scopeSpans = "ScopeSpans"
    case scope = "InstrumentationScope"
    case span = "Span"
    case event = "Span.Event"
    case link = "Span.Link"
    case status = "Status"
    case keyValue = "KeyValue"
    case anyValue = "AnyValue"
    case arrayValue = "ArrayValue"
    case keyValueList = "KeyValueList"
}

/// What a known field holds; a field without one is skipped by its wire type.
struct TraceFieldRule {
    let wireType: WireType
    /// Of a field that is a message.
    let message: TraceMessage?

    static let varint = TraceFieldRule(wireType: .varint, message: nil)
    static let fixed64 = TraceFieldRule(wireType: .fixed64, message: nil)
    static let fixed32 = TraceFieldRule(wireType: .fixed32, message: nil)
    static let bytes = TraceFieldRule(wireType: .length, message: nil)
    static func of(_ message: TraceMessage) -> TraceFieldRule { TraceFieldRule(wireType: .length, message: message) }
}

enum WireType: UInt8, Sendable {
    case varint = 0
    case fixed64 = 1
    case length = 2
    case fixed32 = 5
}

extension TraceMessage {
    /// nil for a field that is not known here.
    @inline(__always)
    func rule(ofField number: Int) -> TraceFieldRule? {
        switch self {
        case .request:
            return number == 1 ? .of(.resourceSpans) : nil
        case .resourceSpans:
            switch number {
            case 1: return .of(.resource)
            case 2: return .of(.scopeSpans)
            case 3: return .bytes
            default: return nil
            }
        case .resource:
            switch number {
            case 1: return .of(.keyValue)
            case 2: return .varint
            case 3: return .of(.entityReference)
            default: return nil
            }
        case .entityReference:
            return (1...4).contains(number) ? .bytes : nil
        case .scopeSpans:
            switch number {
            case 1: return .of(.scope)
            case 2: return .of(.span)
            case 3: return .bytes
            default: return nil
            }
        case .scope:
            switch number {
            case 1, 2: return .bytes
            case 3: return .of(.keyValue)
            case 4: return .varint
            default: return nil
            }
        case .span:
            switch number {
            case 1, 2, 3, 4, 5: return .bytes
            case 6, 10, 12, 14: return .varint
            case 7, 8: return .fixed64
            case 9: return .of(.keyValue)
            case 11: return .of(.event)
            case 13: return .of(.link)
            case 15: return .of(.status)
            case 16: return .fixed32
            default: return nil
            }
        case .event:
            switch number {
            case 1: return .fixed64
            case 2: return .bytes
            case 3: return .of(.keyValue)
            case 4: return .varint
            default: return nil
            }
        case .link:
            switch number {
            case 1, 2, 3: return .bytes
            case 4: return .of(.keyValue)
            case 5: return .varint
            case 6: return .fixed32
            default: return nil
            }
        case .status:
            switch number {
            case 2: return .bytes
            case 3: return .varint
            default: return nil
            }
        case .keyValue:
            switch number {
            case 1: return .bytes
            case 2: return .of(.anyValue)
            case 3: return .varint
            default: return nil
            }
        case .anyValue:
            switch number {
            case 1, 7: return .bytes
            case 2, 3, 8: return .varint
            case 4: return .fixed64
            case 5: return .of(.arrayValue)
            case 6: return .of(.keyValueList)
            default: return nil
            }
        case .arrayValue:
            return number == 1 ? .of(.anyValue) : nil
        case .keyValueList:
            return number == 1 ? .of(.keyValue) : nil
        }
    }

    /// As opentelemetry-proto calls it; nil for one that is not known here.
    func name(ofField number: Int) -> String? {
        let names: [Int: String] =
            switch self {
            case .request: [1: "resource_spans"]
            case .resourceSpans: [1: "resource", 2: "scope_spans", 3: "schema_url"]
            case .resource: [1: "attributes", 2: "dropped_attributes_count", 3: "entity_refs"]
            case .entityReference: [1: "schema_url", 2: "type", 3: "id_keys", 4: "description_keys"]
            case .scopeSpans: [1: "scope", 2: "spans", 3: "schema_url"]
            case .scope: [1: "name", 2: "version", 3: "attributes", 4: "dropped_attributes_count"]
            case .span:
                [
                    1: "trace_id", 2: "span_id", 3: "trace_state", 4: "parent_span_id", 5: "name", 6: "kind", 7: "start_time_unix_nano",
                    8: "end_time_unix_nano", 9: "attributes", 10: "dropped_attributes_count", 11: "events", 12: "dropped_events_count",
                    13: "links", 14: "dropped_links_count", 15: "status", 16: "flags",
                ]
            case .event: [1: "time_unix_nano", 2: "name", 3: "attributes", 4: "dropped_attributes_count"]
            case .link:
                [1: "trace_id", 2: "span_id", 3: "trace_state", 4: "attributes", 5: "dropped_attributes_count", 6: "flags"]
            case .status: [2: "message", 3: "code"]
            case .keyValue: [1: "key", 2: "value", 3: "key_strindex"]
            case .anyValue:
                [
                    1: "string_value", 2: "bool_value", 3: "int_value", 4: "double_value", 5: "array_value", 6: "kvlist_value",
                    7: "bytes_value", 8: "string_value_strindex",
                ]
            case .arrayValue, .keyValueList: [1: "values"]
            }
        return names[number]
    }
}
