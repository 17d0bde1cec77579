import JSONScanning

/// Why a text is no request of traces in JSON.
package enum TraceJSONError: Error, Equatable, Sendable, CustomStringConvertible {
    case syntax(JSONScanError)
    /// The value of a member can't be what the field holds. `offset`: of the value in the text.
    case badValue(field: String, expected: String, offset: Int)

    package var description: String {
        switch self {
        case .syntax(let error): "byte \(error.offset): \(error)"
        case .badValue(let field, let expected, let offset): "byte \(offset), \(field): use \(expected)"
        }
    }
}
