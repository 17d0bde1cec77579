import OTLP

/// The messages of a request of traces, by a table of its own: what it says does not depend on what the programs know.
package enum TraceShape: String, Sendable {
    case request, resourceSpans, resource, entityReference, scopeSpans, scope, span, event, link, status, keyValue, anyValue
    case arrayValue, keyValueList

    fileprivate func shape(ofField number: Int) -> TraceShape? {
        switch (self, number) {
        case (.request, 1): .resourceSpans
        case (.resourceSpans, 1): .resource
        case (.resourceSpans, 2): .scopeSpans
        case (.resource, 1), (.scope, 3), (.span, 9), (.event, 3), (.link, 4), (.keyValueList, 1): .keyValue
        case (.resource, 3): .entityReference
        case (.scopeSpans, 1): .scope
        case (.scopeSpans, 2): .span
        case (.span, 11): .event
        case (.span, 13): .link
        case (.span, 15): .status
        case (.keyValue, 2), (.arrayValue, 1): .anyValue
        case (.anyValue, 5): .arrayValue
        case (.anyValue, 6): .keyValueList
        default: nil
        }
    }
}

/// Requests of traces in protobuf, field by field.
package enum TraceRequestTree {
    package struct Field: Equatable {
        package var number: Int
        package var value: ProtobufReader.Value

        package init(_ number: Int, _ value: ProtobufReader.Value) {
            self.number = number
            self.value = value
        }

        fileprivate var isDefault: Bool {
            switch value {
            case .varint(0), .fixed64(0), .fixed32(0): true
            case .data(let data): data.isEmpty
            default: false
            }
        }
    }

    package static func fields(of message: some Collection<UInt8>) throws(ProtobufError) -> [Field] {
        var reader = ProtobufReader(Array(message))
        var fields: [Field] = []
        while let field = try reader.next() { fields.append(Field(field.number, field.value)) }
        return fields
    }

    /// Every field that has a value, with its place, in the order of the numbers: requests that are written in different ways but mean
    /// the same have the same lines. Fields that are not known are among them.
    package static func lines(of request: [UInt8]) throws(ProtobufError) -> [String] {
        var lines: [String] = []
        try append(request[...], .request, at: "", to: &lines)
        return lines
    }

    private static func append(
        _ message: ArraySlice<UInt8>, _ shape: TraceShape, at place: String, to lines: inout [String]
    ) throws(ProtobufError) {
        let fields = try fields(of: message).enumerated().sorted { ($0.element.number, $0.offset) < ($1.element.number, $1.offset) }
        var counts: [Int: Int] = [:]
        for (_, field) in fields {
            let count = counts[field.number, default: 0]
            counts[field.number] = count + 1
            let place = "\(place)/\(shape).\(field.number)[\(count)]"
            if case .data(let data) = field.value, let inner = shape.shape(ofField: field.number) {
                // An empty status is none; an empty value is one.
                if data.isEmpty, inner == .status { continue }
                if data.isEmpty { lines.append(place) }
                try append(data, inner, at: place, to: &lines)
            } else if shape == .anyValue || !field.isDefault {
                lines.append("\(place) = \(text(field.value))")
            }
        }
    }

    private static func text(_ value: ProtobufReader.Value) -> String {
        switch value {
        case .varint(let number): "\(number)"
        case .fixed64(let number): "\(number) in 8 bytes"
        case .fixed32(let number): "\(number) in 4 bytes"
        case .data(let data): String(validating: data, as: UTF8.self).map { "\"\($0)\"" } ?? "\(Array(data))"
        }
    }

    /// The request with what `change` makes of the fields of each message in it, from the innermost outward.
    package static func rewriting(
        _ request: [UInt8], _ change: (TraceShape, inout [Field]) -> Void
    ) throws(ProtobufError) -> [UInt8] {
        try rewriting(request[...], .request, change)
    }

    private static func rewriting(
        _ message: ArraySlice<UInt8>, _ shape: TraceShape, _ change: (TraceShape, inout [Field]) -> Void
    ) throws(ProtobufError) -> [UInt8] {
        var fields = try fields(of: message)
        for index in fields.indices {
            guard case .data(let data) = fields[index].value, let inner = shape.shape(ofField: fields[index].number) else { continue }
            fields[index].value = .data(try rewriting(data, inner, change)[...])
        }
        change(shape, &fields)
        var writer = ProtobufWriter()
        for field in fields {
            switch field.value {
            case .varint(let number): writer.unsigned(field.number, number)
            case .fixed64(let number): writer.fixed64(field.number, number)
            case .fixed32(let number): writer.fixed32(field.number, number)
            case .data(let data): writer.data(field.number, data)
            }
        }
        return writer.bytes
    }

    /// The request with fields that nobody knows yet, of each wire type, before and behind those of every message.
    package static func withUnknownFields(_ request: [UInt8]) throws(ProtobufError) -> [UInt8] {
        try rewriting(request) { _, fields in
            fields.insert(Field(100, .data(Array("a later version".utf8)[...])), at: 0)
            fields += [Field(101, .varint(.max)), Field(102, .fixed64(1)), Field(103, .fixed32(2))]
        }
    }

    /// The request without the spans that `isRemoved` picks by their id, and without what has no span left then.
    package static func removing(_ request: [UInt8], spans isRemoved: ([UInt8]) -> Bool) throws(ProtobufError) -> [UInt8] {
        try rewriting(request) { shape, fields in
            switch shape {
            case .scopeSpans: fields.removeAll { field in spanID(field).map(isRemoved) ?? false }
            case .resourceSpans: fields.removeAll { $0.number == 2 && !has(2, $0) }
            case .request: fields.removeAll { $0.number == 1 && !has(2, $0) }
            default: break
            }
        }
    }

    private static func spanID(_ field: Field) -> [UInt8]? {
        guard field.number == 2, case .data(let span) = field.value, let fields = try? fields(of: span) else { return nil }
        for field in fields where field.number == 2 {
            if case .data(let id) = field.value { return Array(id) }
        }
        return []
    }

    private static func has(_ number: Int, _ field: Field) -> Bool {
        guard case .data(let data) = field.value else { return false }
        return (try? fields(of: data).contains { $0.number == number }) ?? false
    }
}
