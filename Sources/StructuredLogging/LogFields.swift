/// The data of an event, in the order they are written: `["http.status": 400, "batch.lines": 512]`.
package struct LogFields: ExpressibleByDictionaryLiteral, Sendable {
    package var fields: [(key: String, value: LogValue)]

    package init(dictionaryLiteral elements: (String, LogValue)...) {
        fields = elements.map { (key: $0.0, value: $0.1) }
    }

    package static let none: LogFields = [:]
}

/// One value of an event. Numbers and flags stay such in JSON.
package enum LogValue: Equatable, Sendable {
    case string(String)
    case signed(Int64)
    case unsigned(UInt64)
    case number(Double)
    case bool(Bool)
    case null

    /// Any integer; one beyond 64 bits is clamped.
    package static func integer(_ value: some BinaryInteger) -> LogValue {
        value < 0 ? .signed(Int64(clamping: value)) : .unsigned(UInt64(clamping: value))
    }

    /// What a thing says of itself, for errors and enums.
    package static func describing(_ value: some CustomStringConvertible) -> LogValue { .string(value.description) }
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
}
