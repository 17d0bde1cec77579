/// A version of TLS; older ones than these are not spoken (RFC 8996).
package enum TLSVersion: String, Equatable, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// A certificate chain and its private key, as PEM files. The key must not need a passphrase.
package struct TLSIdentity: Equatable, Sendable {
    package var certificateFile: String
    package var keyFile: String

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// How a client trusts a server.
package struct TLSClientSettings: Equatable, Sendable {
    /// A PEM file of authorities to trust in place of those of the system.
    package var authoritiesFile: String?
    /// What the client proves itself with, where the server asks.
    package var identity: TLSIdentity?
    /// The name that the certificate must be for, when it is not the host of the URL.
    package var serverName: String?
    /// The oldest version that is spoken.
    package var minimumVersion = TLSVersion.tls12
    /// False takes any certificate: then anyone on the way can read along.
    package var verifiesServer = true

    package init(
        authoritiesFile: String? = nil, identity: TLSIdentity? = nil, serverName: String? = nil, minimumVersion: TLSVersion = .tls12,
        verifiesServer: Bool = true
    ) {
        self.authoritiesFile = authoritiesFile
        self.identity = identity
        self.serverName = serverName
        self.minimumVersion = minimumVersion
        self.verifiesServer = verifiesServer
    }

    var files: [String] { [authoritiesFile, identity?.certificateFile, identity?.keyFile].compactMap(\.self) }
}

/// What a listener proves itself with, and whom it lets in.
package struct TLSServerSettings: Equatable, Sendable {
    package var identity: TLSIdentity
    /// When set, only clients with a certificate by one of these authorities get in.
    package var clientAuthoritiesFile: String?
    /// The oldest version that is spoken.
    package var minimumVersion = TLSVersion.tls12

    package init(identity: TLSIdentity, clientAuthoritiesFile: String? = nil, minimumVersion: TLSVersion = .tls12) {
        self.identity = identity
        self.clientAuthoritiesFile = clientAuthoritiesFile
        self.minimumVersion = minimumVersion
    }

    var files: [String] { [identity.certificateFile, identity.keyFile, clientAuthoritiesFile].compactMap(\.self) }
}

extension TLSClientSettings {
    /// Loads the files as a connection would, and throws what is wrong with them. Gives when the client's certificate ends, in
    /// seconds since 1970; nil without one.
    package func check() throws(TLSError) -> Int? { try TLSContext(client: self).certificateEndSeconds }
}

extension TLSServerSettings {
    /// The same for a listener's files.
    package func check() throws(TLSError) -> Int? { try TLSContext(server: self).certificateEndSeconds }
}
