import Glibc
import SystemIO

/// What a non-blocking call on a stream came to.
enum StreamResult {
    case moved(Int)
    /// To be called again when the socket is ready for this. TLS may have to read in order to write.
    case wouldBlock(Epoll.Interest)
    /// The peer sends no more.
    case ended
    case failed(StreamFailure)
}

enum StreamFailure: Equatable {
    case system(SystemError)
    case tls(TLSError)

    var description: String {
        switch self {
        case .system(let error): error.description
        case .tls(let error): error.description
        }
    }
}

/// A connected non-blocking socket, with TLS or without. No call raises SIGPIPE.
final class SocketStream {
    let descriptor: FileDescriptor
    private var tls: TLSSession?

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    deinit {
        // It says goodbye on the socket, so before that is closed.
        tls = nil
    }

    /// Speaks TLS from here on. `serverName` is for clients: what the peer must prove to be.
    func secure(with context: TLSContext, serverName: String? = nil) throws(TLSError) {
        tls = try context.session(over: descriptor.rawValue, serverName: serverName)
    }

    /// Goes on with the TLS handshake; `.moved` once it is done, or where there is none. Reads and writes do so too.
    func handshake() -> StreamResult {
        tls?.handshake() ?? .moved(0)
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        if let tls { return tls.receive(into: buffer) }
        let count = retryingOnInterrupt { recv(descriptor.rawValue, buffer.baseAddress, buffer.count, 0) }
        if count > 0 { return .moved(count) }
        return count == 0 ? .ended : failure("recv", .readable)
    }

    /// Sends what fits of the rest of `output`.
    func send(_ output: OutgoingPieces) -> StreamResult {
        if let tls { return output.first.map { tls.send($0) } ?? .moved(0) }
        let capacity = 16
        let count: Int = withUnsafeTemporaryAllocation(of: iovec.self, capacity: capacity) { vectors in
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = output.fill(vectors)
            return retryingOnInterrupt { sendmsg(descriptor.rawValue, &message, Int32(MSG_NOSIGNAL)) }
        }
        return count >= 0 ? .moved(count) : failure("sendmsg", .writable)
    }

    /// Says that nothing more will be sent.
    func finishSending() {
        tls?.finishSending()
        shutdown(descriptor.rawValue, Int32(SHUT_WR))
    }

    /// Whether a connection on which nothing is due is still good: open, and without stray bytes.
    var isQuiet: Bool {
        var byte: UInt8 = 0
        let count = retryingOnInterrupt { recv(descriptor.rawValue, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) }
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
    }

    private func failure(_ call: String, _ interest: Epoll.Interest) -> StreamResult {
        errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock(interest) : .failed(.system(SystemError(call: call, subject: "socket")))
    }
}

/// Memory of the caller that is on its way out, in order, without being joined or copied.
struct OutgoingPieces {
    private let pieces: [UnsafeRawBufferPointer]
    private var index = 0
    private var offset = 0

    init(_ pieces: [UnsafeRawBufferPointer]) {
        self.pieces = pieces.filter { !$0.isEmpty }
    }

    var isDone: Bool { index == pieces.count }

    /// What is left of the first piece that is not out.
    var first: UnsafeRawBufferPointer? {
        index < pieces.count ? UnsafeRawBufferPointer(rebasing: pieces[index][offset...]) : nil
    }

    func fill(_ vectors: UnsafeMutableBufferPointer<iovec>) -> Int {
        var count = 0
        for piece in pieces[index...].prefix(vectors.count) {
            let skipped = count == 0 ? offset : 0
            vectors[count].iov_base = UnsafeMutableRawPointer(mutating: piece.baseAddress).map { $0 + skipped }
            vectors[count].iov_len = piece.count - skipped
            count += 1
        }
        return count
    }

    mutating func advance(by count: Int) {
        var rest = count
        while rest > 0, index < pieces.count {
            let left = pieces[index].count - offset
            if rest < left {
                offset += rest
                return
            }
            rest -= left
            index += 1
            offset = 0
        }
    }
}
