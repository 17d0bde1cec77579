/// TLS settings that cannot be used, or a peer that cannot be trusted.
package enum TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    case cannotLoad(file: String, purpose: String, reason: String)
    case keyMismatch(certificateFile: String, keyFile: String)
    /// Handshake or connection failed; the text is OpenSSL's.
    case failed(String)

    package var description: String {
        switch self {
        case .cannotLoad(let file, let purpose, let reason): "cannot load \(purpose) from \(file): \(reason); it must be a PEM file"
        case .keyMismatch(let certificate, let key): "the private key in \(key) does not belong to the certificate in \(certificate)"
        case .failed(let reason): "TLS failed: \(reason)"
        }
    }
}
