import SystemIO

/// Why a server could not start to listen.
package enum HTTPServerError: Error, Equatable, Sendable, CustomStringConvertible {
    case badListenAddress(String)
    case cannotResolve(HTTPLookupError)
    case cannotListen(address: String, cause: SystemError)
    /// Another program answers on this socket file.
    case socketInUse(path: String)
    /// Something that is no socket stands where the socket file should be made.
    case pathTaken(path: String)
    case badTLSSettings(TLSError)
    case outOfResources(SystemError)

    package var description: String {
        switch self {
        case .badListenAddress(let text):
            "\(ASCIIText.quoted(text.utf8)) is no address to listen on; use for example 127.0.0.1:9144, [::1]:9144 or unix:/run/name.sock"
        case .cannotResolve(let error): "cannot look up \(error.host) to listen on it: \(error.reason)"
        case .cannotListen(let address, let cause): "cannot listen on \(address): \(cause.reason)"
        case .socketInUse(let path): "cannot listen on unix:\(path): another program listens there"
        case .pathTaken(let path): "cannot listen on unix:\(path): there is a file that is no socket; move it or choose another path"
        case .badTLSSettings(let error): "cannot listen with TLS: \(error)"
        case .outOfResources(let cause): "cannot start to listen: \(cause)"
        }
    }
}
