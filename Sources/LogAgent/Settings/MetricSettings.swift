/// One metric family derived from log lines.
struct MetricSettings: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// Adds `value` (nil: 1).
        case counter(value: FieldTemplate?)
        case gauge
        /// Ascending upper bounds in the unit of the family, without `+Inf`.
        case histogram(value: FieldTemplate, buckets: [Double])
    }

    var name: String
    var help: String
    var kind: Kind
    /// All must hold. For a gauge each update has its own.
    var conditions: [FieldCondition]
    /// Of a gauge: every update whose conditions hold is applied, in order. Empty otherwise.
    var updates: [GaugeUpdate]
    /// In the order of the exposition: sorted by name.
    var labels: [NamedTemplate]
    /// Each value is multiplied by it: 0.001 makes seconds of milliseconds.
    var scale: Double
    /// Dotted path of the trace id.
    var exemplar: String?
    var maximumSeries: Int
    /// nil: series never expire.
    var idleTimeoutNanoseconds: UInt64?
    /// Label values that are there at 0 from the start: one list for each of `labels`, in that order.
    /// nil: none declared. Families without labels always start at 0.
    var initialLabelValues: [[String]]?
}

struct GaugeUpdate: Equatable, Sendable {
    enum Operation: String, Equatable, Sendable, CaseIterable {
        case set, inc, dec, add, sub
    }
    var conditions: [FieldCondition]
    var operation: Operation
    /// A constant number or a field.
    var amount: FieldTemplate
}

/// One entry of a `where`.
struct FieldCondition: Equatable, Sendable {
    enum Test: Equatable, Sendable {
        /// The field's text is one of these; numbers also compare by value (`200` is `200.0`).
        case isOneOf([String])
        case isNoneOf([String])
        case greater(Double)
        case greaterOrEqual(Double)
        case less(Double)
        case lessOrEqual(Double)
        /// A POSIX extended regular expression that matches anywhere in the field's text.
        case matches(String)
        case exists(Bool)
    }
    /// Dotted path.
    var field: String
    var test: Test
}
