import Glibc
import SystemIO

/// One pipe's way: read → whole lines → log.
struct CapturedPipe: ~Copyable {
    private static let readBytes = 256 * 1024

    private let state: CaptureState
    private var assembler: LineAssembler
    private var outlet: CaptureOutlet
    private var buffer: [UInt8] = []

    /// `stream`: the index of its log.
    init(_ state: CaptureState, stream: Int, maximumLineBytes: Int) {
        self.state = state
        assembler = LineAssembler(maximumLineBytes: maximumLineBytes)
        outlet = CaptureOutlet(state, stream: stream)
    }

    /// Puts what is waiting into the log. False: it can't be now, so nothing is to be read.
    mutating func flush() -> Bool {
        let blockage = outlet.flush()
        isBlocked = blockage != nil
        if blockage != nil { state.note(blockage) }
        return !isBlocked
    }

    private(set) var isBlocked = false

    /// Reads what is there from a descriptor that is ready, and writes its lines. False at the end of input.
    mutating func read(_ descriptor: Int32) -> Bool {
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: Self.readBytes) }
        let count = buffer.withUnsafeMutableBytes { bytes in
            retryingOnInterrupt { Glibc.read(descriptor, bytes.baseAddress, bytes.count) }
        }
        if count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) { return true }
        // Also where a terminal went away (EIO), or the descriptor was never open (EBADF).
        guard count > 0 else {
            finish()
            return false
        }
        let dropped = buffer.withUnsafeBytes { bytes in
            assembler.take(UnsafeRawBufferPointer(rebasing: bytes[..<count]), into: &outlet.lines)
        }
        state.drop(.tooLong, messages: 0, bytes: dropped)
        _ = flush()
        return true
    }

    /// Nothing more comes: an unfinished line is one.
    mutating func finish() {
        assembler.finish(into: &outlet.lines)
        buffer = []
        _ = flush()
    }

    /// What is still waiting can't be written any more.
    mutating func giveUp() {
        let waiting = outlet.waiting
        state.drop(.stopped, messages: waiting.lines, bytes: waiting.bytes)
    }

    /// The source has ended: its last segment can go as soon as it is delivered.
    mutating func seal() { outlet.seal() }
}
