import OTLP

/// Where spans are exported to. Used by one thread, of a ``SpanExporter``.
protocol SpanDestination {
    /// Blocks for as long as it takes.
    mutating func export(_ spans: [SpanRecord]) -> SpanExportOutcome
}

enum SpanExportOutcome: Equatable {
    /// `rejected` spans were not taken. A message may come without any.
    case delivered(rejected: UInt64, message: String)
    /// Worth another try, after the time that was asked for.
    case retry(afterNanoseconds: UInt64?, reason: String)
    /// Never to be sent again.
    case dropped(SpanDropReason, reason: String)

    static let delivered = SpanExportOutcome.delivered(rejected: 0, message: "")
}
