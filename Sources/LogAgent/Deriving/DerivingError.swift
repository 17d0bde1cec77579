import Metrics

/// Metrics that can't be derived as configured.
enum DerivingError: Error, Equatable, CustomStringConvertible {
    case declaration(MetricDeclarationError)
    case pattern(metric: String, RegexError)
    case constantNotNumeric(metric: String, constant: String)

    var description: String {
        switch self {
        case .declaration(let error): error.description
        case .pattern(let metric, let error): "In `\(metric)`: \(error)"
        case .constantNotNumeric(let metric, let constant):
            "The value of `\(metric)` is the text \"\(constant)\"; use a number, or \"$field\" for a field of the line."
        }
    }
}
