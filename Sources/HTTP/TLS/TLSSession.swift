import COpenSSL
import Glibc
import SystemIO

/// One TLS connection over a non-blocking socket. The handshake happens within the first read or write.
final class TLSSession {
    private let session: OpaquePointer
    private var hasFailed = false

    init(owning session: OpaquePointer) {
        self.session = session
    }

    deinit {
        finishSending()
        SSL_free(session)
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
            return .failed(.tls(.failed(reason())))
        }
    }

    private func reason() -> String {
        let reason = OpenSSLQueue.reason()
        let verification = SSL_get_verify_result(session)
        guard verification != Int(X509_V_OK), let text = X509_verify_cert_error_string(verification) else { return reason }
        return "\(reason): \(String(cString: text))"
    }
}
