import Glibc
import SystemIO

/// What a non-blocking call on a stream came to.
enum StreamResult {
    case moved(Int)
    case wouldBlock
    /// The peer sends no more.
    case ended
    case failed(SystemError)
}

/// A connected non-blocking socket. No call raises SIGPIPE.
struct SocketStream: ~Copyable, Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        let count = retryingOnInterrupt { recv(descriptor.rawValue, buffer.baseAddress, buffer.count, 0) }
        if count > 0 { return .moved(count) }
        return count == 0 ? .ended : failure("recv")
    }

    /// Sends what fits of the rest of `output`.
    func send(_ output: borrowing OutgoingPieces) -> StreamResult {
        let capacity = 16
        let count: Int = withUnsafeTemporaryAllocation(of: iovec.self, capacity: capacity) { vectors in
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = output.fill(vectors)
            return retryingOnInterrupt { sendmsg(descriptor.rawValue, &message, Int32(MSG_NOSIGNAL)) }
        }
        return count >= 0 ? .moved(count) : failure("sendmsg")
    }

    /// Says that nothing more will be sent.
    func finishSending() {
        shutdown(descriptor.rawValue, Int32(SHUT_WR))
    }

    /// Whether a connection on which nothing is due is still good: open, and without stray bytes.
    var isQuiet: Bool {
        var byte: UInt8 = 0
        let count = retryingOnInterrupt { recv(descriptor.rawValue, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) }
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
    }

    private func failure(_ call: String) -> StreamResult {
        errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(SystemError(call: call, subject: "socket"))
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
