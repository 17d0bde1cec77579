/// Bytes that are no HTTP message, or more of one than a limit allows. Parsing cannot go on after it.
package enum HTTPParseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A start line, header field, body length or chunk that breaks the grammar; the text says which and quotes it.
    case malformed(String)
    case targetTooLong(limitBytes: Int)
    case headTooLarge(limitBytes: Int)
    case tooManyHeaders(limit: Int)
    case bodyTooLarge(limitBytes: Int)
    case unsupportedTransferCoding(String)
    case unsupportedVersion(String)
    /// The peer closed the connection before the message was whole.
    case endedEarly(String)

    /// The status that a server answers with.
    package var status: Int {
        switch self {
        case .malformed, .endedEarly: 400
        case .targetTooLong: 414
        case .headTooLarge, .tooManyHeaders: 431
        case .bodyTooLarge: 413
        case .unsupportedTransferCoding: 501
        case .unsupportedVersion: 505
        }
    }

    package var description: String {
        switch self {
        case .malformed(let what): what
        case .targetTooLong(let limit): "the request target is longer than \(limit) bytes"
        case .headTooLarge(let limit): "the message head is larger than \(limit) bytes"
        case .tooManyHeaders(let limit): "there are more than \(limit) header fields"
        case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
        case .unsupportedTransferCoding(let coding): "transfer coding \(coding) is not supported, only chunked is"
        case .unsupportedVersion(let version): "HTTP version \(version) is not supported, only 1.0 and 1.1 are"
        case .endedEarly(let place): "the connection was closed \(place)"
        }
    }
}
