import COpenSSL
import Glibc
import SystemIO

/// One TLS connection over a non-blocking socket. The handshake happens within the first read or write.
final class TLSSession {
    private let session: OpaquePointer
    /// What the peer must prove to be.
    private let expectedName: String?
    private var hasFailed = false
    /// Why the peer's certificate was not taken.
    private var problem: CertificateProblem?

    init(owning session: OpaquePointer, expectedName: String? = nil) {
        self.session = session
        self.expectedName = expectedName
        // For the callback of verification, which only runs within calls on this object.
        SSL_set_ex_data(session, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        finishSending()
        SSL_free(session)
    }

    /// OpenSSL's question whether to go on (`SSL_CTX_set_verify(3)`): never past an error, but what it was is kept.
    static func noteVerification(_ isGood: Int32, _ store: OpaquePointer?) -> Int32 {
        if isGood == 1 { return 1 }
        guard let raw = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let object = SSL_get_ex_data(OpaquePointer(raw), 0)
        else { return 0 }
        let session = Unmanaged<TLSSession>.fromOpaque(object).takeUnretainedValue()
        session.problem = PeerCertificate.problem(store, expectedName: session.expectedName)
        return 0
    }

    /// Goes on with the handshake; `.moved` once it is done.
    func handshake() -> StreamResult {
        perform("TLS handshake") { SSL_do_handshake(session) }
    }

    /// `buffer` should have room for a record (16 KiB), so that nothing stays behind where poll does not see it.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        perform("TLS read") { SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count)) }
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> StreamResult {
        perform("TLS write") { SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count)) }
    }

    /// Tells the peer that the end is meant, as far as the socket takes it now.
    func finishSending() {
        guard !hasFailed, SSL_is_init_finished(session) == 1, SSL_get_shutdown(session) & SSL_SENT_SHUTDOWN == 0 else { return }
        ERR_clear_error()
        SSL_shutdown(session)
    }

    private func perform(_ name: String, _ call: () -> Int32) -> StreamResult {
        ERR_clear_error()
        errno = 0
        let result = call()
        if result > 0 { return .moved(Int(result)) }
        let code = errno
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .wouldBlock(.readable)
        case SSL_ERROR_WANT_WRITE: return .wouldBlock(.writable)
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL:
            hasFailed = true
            return .failed(
                code == 0
                    ? .tls(.failed("the peer closed the connection")) : .system(SystemError(call: name, subject: "socket", code: code)))
        default:
            hasFailed = true
            let reason = OpenSSLQueue.reason()
            return .failed(.tls(problem.map(TLSError.untrusted) ?? .failed(reason)))
        }
    }
}
