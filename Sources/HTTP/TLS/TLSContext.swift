import COpenSSL
import SystemIO

/// Loaded certificates, keys and rules: what all TLS connections of one client or listener share.
final class TLSContext: @unchecked Sendable {
    // Never changed after the initialiser; making sessions from one SSL_CTX is for any thread (openssl-threads(7)).
    private let context: OpaquePointer
    private let role: Role

    private enum Role {
        case client(verifiesServer: Bool)
        case server
    }

    init(client settings: TLSClientSettings) throws(TLSError) {
        role = .client(verifiesServer: settings.verifiesServer)
        context = try Self.make(TLS_client_method(), settings.minimumVersion)
        // From here on `deinit` frees the context, also when this throws.
        if settings.verifiesServer {
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { TLSSession.noteVerification($0, $1) }
            if let file = settings.authoritiesFile {
                try trust(file)
            } else {
                SSL_CTX_set_default_verify_paths(context)
            }
        }
        if let identity = settings.identity { try load(identity) }
        let protocols: [UInt8] = [8] + Array("http/1.1".utf8)
        SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
    }

    init(server settings: TLSServerSettings) throws(TLSError) {
        role = .server
        context = try Self.make(TLS_server_method(), settings.minimumVersion)
        try load(settings.identity)
        // Resumption would save little here, and each ticket or cached session holds memory.
        SSL_CTX_set_num_tickets(context, 0)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        SSL_CTX_set_options(context, UInt64(1) << 14 /* SSL_OP_NO_TICKET */ | UInt64(1) << 30 /* SSL_OP_NO_RENEGOTIATION */)
        if let file = settings.clientAuthoritiesFile {
            try trust(file)
            SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file))
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
    }

    deinit {
        SSL_CTX_free(context)
    }

    /// A session over the socket `descriptor`, which must outlive it. `serverName` is what a client's peer must prove to be.
    func session(over descriptor: Int32, serverName: String? = nil) throws(TLSError) -> TLSSession {
        guard let session = SSL_new(context) else { throw .failed("no memory for a session") }
        // From here on it is freed with its owner, also when this throws.
        let owner = TLSSession(owning: session, expectedName: serverName)
        guard let bio = SocketBIO.make(descriptor) else { throw .failed("no memory for a session") }
        SSL_set_bio(session, bio, bio)
        switch role {
        case .server: SSL_set_accept_state(session)
        case .client(let verifiesServer):
            SSL_set_connect_state(session)
            if let serverName { try Self.expect(serverName, session, verifiesServer) }
        }
        return owner
    }

    /// When the own certificate ends, in seconds since 1970; nil without one.
    var certificateEndSeconds: Int? {
        SSL_CTX_get0_certificate(context).flatMap { PeerCertificate.seconds(X509_get0_notAfter($0)) }
    }

    private static func expect(_ name: String, _ session: OpaquePointer, _ verifies: Bool) throws(TLSError) {
        let isAddress =
            name.utf8.contains(UInt8(ascii: ":")) || name.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
        if isAddress {
            // The zone of a link-local address (`fe80::1%eth0`) is this machine's word, and in no certificate.
            let address = String(name.prefix { $0 != "%" })
            guard !verifies || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), address) == 1 else {
                throw .failed("\(name) is no address")
            }
            return
        }
        guard !verifies || SSL_set1_host(session, name) == 1 else { throw .failed("\(name) is no host name") }
        // Server name indication has no place for addresses (RFC 6066 §3).
        name.withCString { name in
            _ = SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), UnsafeMutableRawPointer(mutating: name))
        }
    }

    private static func make(_ method: OpaquePointer?, _ minimumVersion: TLSVersion) throws(TLSError) -> OpaquePointer {
        guard let context = SSL_CTX_new(method) else { throw .failed(OpenSSLQueue.reason()) }
        let minimum = minimumVersion == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(minimum), nil)
        // A write takes what fits, from wherever the bytes are by then; an idle session holds no buffers.
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(modes), nil)
        // Never ask on a terminal.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
        return context
    }

    private func trust(_ file: String) throws(TLSError) {
        ERR_clear_error()
        guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
            throw .cannotLoad(file: file, purpose: "authorities", reason: OpenSSLQueue.reason())
        }
    }

    private func load(_ identity: TLSIdentity) throws(TLSError) {
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(context, identity.certificateFile) == 1 else {
            throw .cannotLoad(file: identity.certificateFile, purpose: "the certificate", reason: OpenSSLQueue.reason())
        }
        guard SSL_CTX_use_PrivateKey_file(context, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
            let reason = OpenSSLQueue.reason()
            if reason.contains("mismatch") { throw .keyMismatch(certificateFile: identity.certificateFile, keyFile: identity.keyFile) }
            throw .cannotLoad(file: identity.keyFile, purpose: "the private key", reason: reason)
        }
    }
}

/// OpenSSL's errors of the calling thread.
enum OpenSSLQueue {
    /// The words for the first one; empties the queue.
    static func reason() -> String {
        let code = ERR_get_error()
        defer { ERR_clear_error() }
        if code == 0 { return "unknown error" }
        // System errors carry errno in place of a reason.
        if code & (UInt(Int32.max) + 1) != 0 { return SystemError(call: "", subject: "", code: Int32(code & UInt(Int32.max))).reason }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
