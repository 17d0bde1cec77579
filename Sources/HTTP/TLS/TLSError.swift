/// TLS settings that cannot be used, or a peer that cannot be trusted.
package enum TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    case cannotLoad(file: String, purpose: String, reason: String)
    case keyMismatch(certificateFile: String, keyFile: String)
    /// The peer's certificate was not taken.
    case untrusted(CertificateProblem)
    /// Handshake or connection failed; the text is OpenSSL's.
    case failed(String)

    package var description: String {
        switch self {
        case .cannotLoad(let file, let purpose, let reason): "cannot load \(purpose) from \(file): \(reason); it must be a PEM file"
        case .keyMismatch(let certificate, let key):
            "the private key in \(key) does not belong to the certificate in \(certificate); put the two that were made together there"
        case .untrusted(let problem): problem.description
        case .failed(let reason): "TLS failed: \(reason)" + (Self.advice(for: reason).map { "; \($0)" } ?? "")
        }
    }

    /// What to do about OpenSSL's words, which for an alert are those of the peer (RFC 8446 §6).
    private static func advice(for reason: String) -> String? {
        let table: [(word: String, advice: String)] = [
            ("alert certificate required", "the server wants a client certificate: set its file and that of its key"),
            ("alert unknown ca", "the server does not trust the authority of the client certificate: use one that it knows"),
            ("alert certificate expired", "the server says that the client certificate has ended: renew it"),
            ("alert certificate revoked", "the server says that the client certificate was revoked: get another"),
            ("alert bad certificate", "the server does not take the client certificate: set the one that it expects"),
            ("alert certificate unknown", "the server does not take the client certificate: set the one that it expects"),
            ("alert unsupported certificate", "the server cannot use the client certificate: it must be one for clients"),
            ("alert unrecognized name", "the server has no certificate for this name: check the host, or set the server name"),
            ("alert handshake failure", "the two have no method in common, or the server wants a client certificate"),
            ("protocol version", "the two have no version of TLS in common: check the minimum version of both"),
            ("unsupported protocol", "the two have no version of TLS in common: check the minimum version of both"),
            ("wrong version number", "the server speaks no TLS on this port: check the port, or use http://"),
            ("packet length too long", "the server speaks no TLS on this port: check the port, or use http://"),
        ]
        return table.first { reason.contains($0.word) }?.advice
    }
}

/// Why a peer's certificate was not taken.
package struct CertificateProblem: Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// Seconds since 1970.
        case expired(since: Int)
        case notYetValid(until: Int)
        /// None of the trusted authorities has signed it.
        case unknownAuthority(issuer: String)
        /// It is for other names than the one that was asked for.
        case wrongName(expected: String, names: [String])
        /// OpenSSL's words.
        case other(String)
    }

    package let kind: Kind
    /// Whom the certificate is for, `/CN=loki.example`.
    package let subject: String

    package init(_ kind: Kind, subject: String) {
        self.kind = kind
        self.subject = subject
    }

    package var description: String {
        switch kind {
        case .expired(let end): "the certificate of \(subject) has ended on \(Self.day(end)): it must be renewed"
        case .notYetValid(let start): "the certificate of \(subject) begins on \(Self.day(start)) only: check the clocks of both machines"
        case .unknownAuthority(let issuer) where issuer == subject:
            "the certificate of \(subject) was signed by nobody but itself: trust it with a file of own authorities"
        case .unknownAuthority(let issuer):
            "the certificate of \(subject) was signed by \(issuer), which is not trusted: name a file with the authority's certificate,"
                + " and check that the server sends the ones in between"
        case .wrongName(let expected, let names):
            "the certificate of \(subject) is not for \(expected), but for \(names.isEmpty ? "no name" : names.joined(separator: ", ")):"
                + " use one of these, or set the server name"
        case .other(let reason): "the certificate of \(subject) is not taken: \(reason)"
        }
    }

    private static func day(_ seconds: Int) -> String { HTTPDate.format(seconds) }
}
