import COpenSSL
import Glibc
import SystemIO

/// OpenSSL's way to a socket. Its own writes with `write(2)`, where a closed peer raises SIGPIPE.
enum SocketBIO {
    // Filled in once by its initialiser, only read since.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE")
        BIO_meth_set_write(method) { bio, bytes, count in
            BIO_clear_flags(bio, SocketBIO.retryFlags)
            let sent = retryingOnInterrupt { send(SocketBIO.descriptor(of: bio), bytes, Int(count), Int32(MSG_NOSIGNAL)) }
            if sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY) }
            return Int32(sent)
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            BIO_clear_flags(bio, SocketBIO.retryFlags)
            let received = retryingOnInterrupt { recv(SocketBIO.descriptor(of: bio), bytes, Int(count), 0) }
            if received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) }
            if received == 0 { BIO_set_flags(bio, BIO_FLAGS_IN_EOF) }
            return Int32(received)
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0
            default: 0
            }
        }
        return method
    }()

    private static let retryFlags = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

    static func make(_ descriptor: Int32) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        // The number itself, one higher so that it is never the null pointer.
        BIO_set_data(bio, UnsafeMutableRawPointer(bitPattern: Int(descriptor) + 1))
        BIO_set_init(bio, 1)
        return bio
    }

    private static func descriptor(of bio: OpaquePointer?) -> Int32 {
        Int32(Int(bitPattern: BIO_get_data(bio)) - 1)
    }
}
