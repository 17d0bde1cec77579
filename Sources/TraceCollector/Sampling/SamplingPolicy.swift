import OTLP

/// A reason to keep a trace.
indirect enum SamplingPolicy: Equatable, Sendable {
    case always
    /// A span has the status error.
    case errors
    /// From the first start to the last end.
    case latency(thresholdNanoseconds: UInt64)
    /// A span, or its resource, has the attribute with one of these values; any value where there are none.
    case attribute(key: String, values: [String])
    /// The same traces wherever they are decided.
    case probabilistic(ratio: Double)
    /// So many at most, of those that reach it.
    case rateLimit(tracesPerSecond: Double)
    case and([SamplingPolicy])
    case or([SamplingPolicy])

    /// As a value of a label.
    var name: String {
        switch self {
        case .always: "always"
        case .errors: "errors"
        case .latency: "latency"
        case .attribute: "attribute"
        case .probabilistic: "probabilistic"
        case .rateLimit: "rate_limit"
        case .and: "and"
        case .or: "or"
        }
    }
}

/// What is known of a trace, as far as policies ask.
struct TraceFacts: Equatable, Sendable {
    var trace: TraceKey
    var hasError = false
    var startNanoseconds: UInt64 = .max
    var endNanoseconds: UInt64 = 0
    /// One bit for each attribute that policies ask for.
    var attributes: UInt64 = 0

    init(trace: TraceKey) { self.trace = trace }

    mutating func add(_ span: SpanEntry) {
        hasError = hasError || span.status == 2
        startNanoseconds = min(startNanoseconds, span.startNanoseconds)
        endNanoseconds = max(endNanoseconds, span.endNanoseconds)
    }

    var durationNanoseconds: UInt64 { endNanoseconds > startNanoseconds ? endNanoseconds - startNanoseconds : 0 }
}
