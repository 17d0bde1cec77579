import SystemIO

/// Why no answer came. `address` is what ``HTTPEndpoint/description`` gives, or the very address where a name has several.
package enum HTTPClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the client was doing when the time was up.
    package enum Phase: String, Equatable, Sendable {
        case resolving = "looking up the name"
        case connecting = "connecting"
        case tunnelling = "waiting for the proxy"
        case securing = "negotiating TLS"
        case sending = "sending the request"
        case waiting = "waiting for the answer"
        case receiving = "receiving the answer"
    }

    case cannotResolve(HTTPLookupError)
    case cannotConnect(address: String, cause: SystemError)
    /// The TLS settings cannot be used, or the server did not prove who it is.
    case insecure(address: String, TLSError)
    /// The proxy opened no tunnel.
    case proxyRefused(proxy: String, target: String, status: Int)
    case timedOut(address: String, phase: Phase, timeoutNanoseconds: UInt64)
    /// The server closed or reset the connection before the answer was whole; the text says where.
    case closedEarly(address: String, detail: String)
    case malformedResponse(address: String, HTTPParseError)
    case responseTooLarge(address: String, limitBytes: Int)
    /// Nothing was sent: the request itself is wrong.
    case invalidRequest(HTTPSerializationError)
    case cancelled
    /// This machine has no descriptors or threads left, or the like.
    case outOfResources(SystemError)

    package var description: String {
        switch self {
        case .cannotResolve(let error): "cannot look up \(error.host): \(error.reason)"
        case .cannotConnect(let address, let cause): "cannot connect to \(address): \(cause.reason)"
        case .insecure(let address, let error): "no secure connection to \(address): \(error)"
        case .proxyRefused(let proxy, let target, 407):
            "the proxy \(proxy) wants to know who asks for \(target): give it a user name and a password that it knows"
        case .proxyRefused(let proxy, let target, let status):
            "the proxy \(proxy) answered \(status) (\(HTTPStatusText.reason(for: status))) when asked to connect to \(target)"
                + (status < 500 ? ": allow it there, or go around the proxy" : "")
        case .timedOut(let address, let phase, let timeout):
            "no answer from \(address) within \(Self.seconds(timeout)) s: still \(phase.rawValue)"
        case .closedEarly(let address, let detail): "\(address) gave no whole answer: \(detail)"
        case .malformedResponse(let address, let error): "\(address) answered something that is no HTTP/1.1: \(error)"
        case .responseTooLarge(let address, let limit): "\(address) answered more than the \(limit) bytes that are allowed"
        case .invalidRequest(let error): "the request cannot be sent: \(error)"
        case .cancelled: "the request was cancelled"
        case .outOfResources(let cause): "cannot send a request: \(cause)"
        }
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds % 1000 == 0 { return "\(milliseconds / 1000)" }
        let fraction = String(milliseconds % 1000 + 1000).dropFirst()
        return "\(milliseconds / 1000).\(fraction)"
    }
}
