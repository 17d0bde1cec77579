/// A certificate chain and its private key, as PEM files. The key must not need a passphrase.
package struct TLSIdentity: Equatable, Sendable {
    package var certificateFile: String
    package var keyFile: String

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// How a client trusts a server. TLS 1.2 is the oldest that is spoken.
package struct TLSClientSettings: Equatable, Sendable {
    /// A PEM file of authorities to trust in place of those of the system.
    package var authoritiesFile: String?
    /// What the client proves itself with, where the server asks.
    package var identity: TLSIdentity?
    /// The name that the certificate must be for, when it is not the host of the URL.
    package var serverName: String?
    /// False takes any certificate: then anyone on the way can read along.
    package var verifiesServer = true

    package init(authoritiesFile: String? = nil, identity: TLSIdentity? = nil, serverName: String? = nil, verifiesServer: Bool = true) {
        self.authoritiesFile = authoritiesFile
        self.identity = identity
        self.serverName = serverName
        self.verifiesServer = verifiesServer
    }
}

/// What a listener proves itself with, and whom it lets in.
package struct TLSServerSettings: Equatable, Sendable {
    package var identity: TLSIdentity
    /// When set, only clients with a certificate by one of these authorities get in.
    package var clientAuthoritiesFile: String?

    package init(identity: TLSIdentity, clientAuthoritiesFile: String? = nil) {
        self.identity = identity
        self.clientAuthoritiesFile = clientAuthoritiesFile
    }
}
