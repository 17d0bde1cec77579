/// What is known of a span, an event, a resource or a scope (opentelemetry-proto `common/v1`), in the order of writing.
package struct SpanAttributes: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    package struct Attribute: Equatable, Sendable {
        package var key: String
        package var value: AttributeValue

        package init(key: String, value: AttributeValue) {
            self.key = key
            self.value = value
        }
    }

    package private(set) var all: [Attribute] = []

    package static let none: SpanAttributes = [:]

    /// Of equal keys the last one counts.
    package init(dictionaryLiteral elements: (String, AttributeValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    package var isEmpty: Bool { all.isEmpty }
    package var count: Int { all.count }

    /// Keys are unique (OpenTelemetry specification, "Attribute Collections"): setting one again replaces its value, nil removes it.
    package subscript(_ key: String) -> AttributeValue? {
        get { all.first { $0.key == key }?.value }
        set {
            let index = all.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): all[index].value = value
            case (let index?, nil): all.remove(at: index)
            case (nil, let value?): all.append(Attribute(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    package mutating func merge(_ other: SpanAttributes) {
        if all.isEmpty {
            all = other.all
        } else {
            for attribute in other.all { self[attribute.key] = attribute.value }
        }
    }
}

/// The value of an attribute: `AnyValue` of opentelemetry-proto.
package enum AttributeValue: Equatable, Sendable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([AttributeValue])
    case map(SpanAttributes)
    case bytes([UInt8])

    /// Any integer; one beyond 64 bits is clamped.
    package static func integer(_ value: some BinaryInteger) -> AttributeValue { .int(Int64(clamping: value)) }

    package static func strings(_ values: [String]) -> AttributeValue { .array(values.map { .string($0) }) }
}

extension AttributeValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}
