/// How much an event matters, least first.
@frozen
package enum LogLevel: UInt8, Comparable, CaseIterable, Sendable {
    /// Per batch; for finding out.
    case debug
    /// Start, stop, reload.
    case info
    /// Unexpected, recovered from.
    case warning
    /// Data was lost, or a person is needed.
    case error

    /// As it stands in a line.
    var text: StaticString {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        }
    }

    @inlinable
    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
