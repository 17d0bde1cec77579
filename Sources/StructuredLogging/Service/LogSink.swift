import Glibc
import SystemIO

/// One place where a service's lines go: a file, or a descriptor of somebody else's. Lines arrive whole and in order. Belongs to one
/// ``ServiceLogOutput``, which guards it.
///
/// - A *file* takes a line at once. One that can't be written now (a full disk) is kept in memory and written before the next one, up to
///   ``maximumPendingBytes``; lines beyond that are dropped.
/// - A *pipe, socket or terminal* takes lines as fast as its reader does: writing waits, until the service stops. When the reader is
///   gone, its lines are dropped.
struct LogSink: ~Copyable {
    static let maximumPendingBytes = 1 << 20
    /// A pipe that polls as writable takes so much without waiting.
    private static let pieceBytes = 4096

    /// Of a file; nil for a descriptor that is lent.
    private let path: String?
    private var file: FileDescriptor?
    private var descriptor: Int32
    private var isRegular: Bool
    /// Bytes that no write took yet, and how many lines end in them.
    private var pending: [UInt8] = []
    private var pendingLines: UInt64 = 0
    private(set) var statistics = LogStatistics()

    /// Appends to the file at `path`, which is made where it is not there.
    init(path: String) throws(SystemError) {
        self.path = path
        let opened = try Self.open(path)
        descriptor = opened.rawValue
        file = consume opened
        isRegular = Self.isRegular(descriptor)
    }

    /// `descriptor` stays the caller's, and open.
    init(descriptor: Int32) {
        path = nil
        file = nil
        self.descriptor = descriptor
        isRegular = Self.isRegular(descriptor)
    }

    /// Goes on in the file that is at the path now; what is pending goes there. On failure, the old file stays.
    mutating func reopen() throws(SystemError) {
        guard let path else { return }
        let opened = try Self.open(path)
        descriptor = opened.rawValue
        file = consume opened
        isRegular = Self.isRegular(descriptor)
    }

    /// Takes a line with its newline. `stop` tells when waiting must end.
    mutating func append(_ line: [UInt8], stop: StopSignal) {
        if pending.count + line.count > Self.maximumPendingBytes {
            // Room may have come meanwhile.
            flush(stop: stop)
            if pending.count + line.count > Self.maximumPendingBytes {
                statistics.droppedUnwritable += 1
                return
            }
        }
        pending += line
        pendingLines += 1
        flush(stop: stop)
    }

    /// Writes what is pending, as far as that goes.
    mutating func flush(stop: StopSignal) {
        var start = 0
        defer {
            if start == pending.count {
                statistics.written += pendingLines
                pendingLines = 0
                pending.removeAll(keepingCapacity: pending.capacity <= 256 << 10)
            } else if start > 0 {
                let done = UInt64(pending[..<start].count { $0 == UInt8(ascii: "\n") })
                statistics.written += done
                pendingLines -= done
                pending.removeSubrange(..<start)
            }
        }
        while start < pending.count {
            if !isRegular && !waitForRoom(stop) {
                start = pending.count
                statistics.droppedStopping += pendingLines
                pendingLines = 0
                return
            }
            let count = pending.withUnsafeBytes { bytes in
                let rest = isRegular ? bytes.count - start : min(Self.pieceBytes, bytes.count - start)
                return retryingOnInterrupt { Glibc.write(descriptor, bytes.baseAddress.map { $0 + start }, rest) }
            }
            if count >= 0 {
                start += count
                continue
            }
            if errno == EAGAIN || errno == EWOULDBLOCK { continue }
            statistics.failedWrites += 1
            if isRegular { return }
            start = pending.count
            statistics.droppedReaderGone += pendingLines
            pendingLines = 0
            return
        }
    }

    /// False: the time to stop came first.
    private mutating func waitForRoom(_ stop: StopSignal) -> Bool {
        var hasWaited = false
        let start = SystemClock.monotonicNanoseconds()
        defer {
            if hasWaited { statistics.waitedNanoseconds += SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds()) }
        }
        while true {
            // Errors and hang-ups make the next write tell.
            var polled = [
                pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0), pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let timeout: Int32
            if let deadline = stop.deadlineNanoseconds {
                timeout =
                    hasWaited
                    ? Int32(clamping: SystemClock.nanoseconds(from: SystemClock.monotonicNanoseconds(), to: deadline) / 1_000_000) : 0
                polled.removeLast()
            } else {
                timeout = hasWaited ? -1 : 0
            }
            let count = poll(&polled, nfds_t(polled.count), timeout)
            if count > 0 && polled[0].revents != 0 { return true }
            if let deadline = stop.deadlineNanoseconds, SystemClock.monotonicNanoseconds() >= deadline { return false }
            hasWaited = true
        }
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_APPEND)
    }

    private static func isRegular(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
