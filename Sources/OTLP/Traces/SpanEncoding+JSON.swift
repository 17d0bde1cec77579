import FoundationEssentials
import JSONScanning

extension SpanEncoding {
    /// Appends the request as one line of an OTLP JSON file (OTLP specification, "JSON Protobuf Encoding"; "File Exporter"): ids are
    /// hexadecimal, 64-bit integers strings, enums numbers, and what holds its default is left out. The newline is the line's last byte.
    package static func appendJSONLine(_ spans: some Sequence<SpanRecord>, from origin: SpanOrigin, to bytes: inout [UInt8]) {
        var json = JSONText(bytes: consume bytes)
        json.object { request in
            request.list("resourceSpans", CollectionOfOne(origin)) { resourceSpans, origin in
                resourceSpans.object { json in
                    json.member("resource") { $0.object { $0.attributes(origin.resource) } }
                    json.list("scopeSpans", CollectionOfOne(origin)) { scopeSpans, origin in
                        scopeSpans.object { json in
                            json.member("scope") { scope in
                                scope.object { json in
                                    json.text("name", origin.scopeName)
                                    json.text("version", origin.scopeVersion)
                                }
                            }
                            json.list("spans", spans) { $0.span($1) }
                            json.text("schemaUrl", origin.schemaURL)
                        }
                    }
                    json.text("schemaUrl", origin.schemaURL)
                }
            }
        }
        bytes = json.bytes
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// Appends JSON without blanks. Commas go by what was written last.
private struct JSONText {
    var bytes: [UInt8]

    mutating func span(_ span: SpanRecord) {
        object { json in
            json.member("traceId") { $0.quoted { span.traceID.appendHexadecimal(to: &$0) } }
            json.member("spanId") { $0.quoted { span.spanID.appendHexadecimal(to: &$0) } }
            json.text("traceState", span.traceState)
            if let parent = span.parentSpanID { json.member("parentSpanId") { $0.quoted { parent.appendHexadecimal(to: &$0) } } }
            if span.flags != 0 { json.number("flags", span.flags) }
            json.text("name", span.name)
            json.number("kind", span.kind.rawValue)
            json.long("startTimeUnixNano", span.startTimeUnixNano)
            json.long("endTimeUnixNano", span.endTimeUnixNano)
            json.attributes(span.attributes)
            if span.droppedAttributesCount != 0 { json.number("droppedAttributesCount", span.droppedAttributesCount) }
            if !span.events.isEmpty {
                json.list("events", span.events) { list, event in
                    list.object { json in
                        json.long("timeUnixNano", event.timeUnixNano)
                        json.text("name", event.name)
                        json.attributes(event.attributes)
                    }
                }
            }
            if span.droppedEventsCount != 0 { json.number("droppedEventsCount", span.droppedEventsCount) }
            if !span.links.isEmpty {
                json.list("links", span.links) { list, link in
                    list.object { json in
                        json.member("traceId") { $0.quoted { link.traceID.appendHexadecimal(to: &$0) } }
                        json.member("spanId") { $0.quoted { link.spanID.appendHexadecimal(to: &$0) } }
                        json.text("traceState", link.traceState)
                        json.attributes(link.attributes)
                    }
                }
            }
            switch span.status {
            case .unset: break
            case .ok: json.member("status") { $0.object { $0.number("code", 1) } }
            case .error(let text):
                json.member("status") { status in
                    status.object { json in
                        json.text("message", text)
                        json.number("code", 2)
                    }
                }
            }
        }
    }

    mutating func attributes(_ attributes: SpanAttributes) {
        if attributes.isEmpty { return }
        list("attributes", attributes.all) { $0.keyValue($1) }
    }

    private mutating func keyValue(_ attribute: SpanAttributes.Attribute) {
        object { json in
            json.text("key", attribute.key)
            json.member("value") { $0.value(attribute.value) }
        }
    }

    private mutating func value(_ value: AttributeValue) {
        object { json in
            switch value {
            case .string(let text): json.member("stringValue") { $0.string(text) }
            case .bool(let flag): json.member("boolValue") { $0.append(flag ? "true" : "false") }
            case .int(let number): json.long("intValue", number)
            case .double(let number): json.member("doubleValue") { $0.double(number) }
            case .array(let values):
                json.member("arrayValue") { array in array.object { $0.list("values", values) { $0.value($1) } } }
            case .map(let attributes):
                json.member("kvlistValue") { map in map.object { $0.list("values", attributes.all) { $0.keyValue($1) } } }
            case .bytes(let bytes): json.member("bytesValue") { $0.string(Data(bytes).base64EncodedString()) }
            }
        }
    }

    mutating func object(_ body: (inout JSONText) -> Void) {
        append("{")
        body(&self)
        append("}")
    }

    mutating func member(_ name: StaticString, _ value: (inout JSONText) -> Void) {
        if bytes.last != UInt8(ascii: "{") { append(",") }
        append("\"")
        append(name)
        append("\":")
        value(&self)
    }

    mutating func list<Elements: Sequence>(
        _ name: StaticString, _ elements: Elements, _ write: (inout JSONText, Elements.Element) -> Void
    ) {
        member(name) { json in
            json.append("[")
            for element in elements {
                if json.bytes.last != UInt8(ascii: "[") { json.append(",") }
                write(&json, element)
            }
            json.append("]")
        }
    }

    /// Left out when empty.
    mutating func text(_ name: StaticString, _ text: String) {
        if !text.isEmpty { member(name) { $0.string(text) } }
    }

    mutating func number(_ name: StaticString, _ number: some FixedWidthInteger) {
        member(name) { $0.bytes.append(contentsOf: String(number).utf8) }
    }

    /// A 64-bit integer, which JavaScript's numbers can't hold.
    mutating func long(_ name: StaticString, _ number: some FixedWidthInteger) {
        member(name) { $0.quoted { $0.append(contentsOf: String(number).utf8) } }
    }

    private mutating func double(_ number: Double) {
        if number.isFinite {
            bytes.append(contentsOf: String(number).utf8)
        } else {
            append(number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        }
    }

    private mutating func string(_ text: String) {
        var text = text
        quoted { bytes in text.withUTF8 { _ = JSONStringEscaping.append(UnsafeRawBufferPointer($0), to: &bytes) } }
    }

    mutating func quoted(_ body: (inout [UInt8]) -> Void) {
        append("\"")
        body(&bytes)
        append("\"")
    }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }
}
