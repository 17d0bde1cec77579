import Glibc
import SystemIO

/// One run: events into files until there are enough of them, or SIGTERM or SIGINT comes.
struct GeneratorRun: ~Copyable {
    private let options: GeneratorOptions
    private var stream: EventStream
    private let files: [LogFile]
    private var turn = 0
    private var stop = StopSignal()
    private let startedNanoseconds = SystemClock.monotonicNanoseconds()

    init(_ options: GeneratorOptions) throws(SystemError) {
        self.options = options
        stream = EventStream(seed: options.seed, extraRoutes: options.extraRoutes)
        Self.raiseDescriptorLimit()
        var files: [LogFile] = []
        for path in options.files {
            files.append(try LogFile(path: path, rotateBytes: options.rotateBytes, rotation: options.rotation))
        }
        self.files = files
    }

    mutating func generate() throws(SystemError) {
        switch options.amount {
        case .lines(let lines): try generateBlocks(lines: lines, bytes: .max)
        case .bytes(let bytes): try generateBlocks(lines: .max, bytes: bytes)
        case .rate(let linesPerSecond, let seconds): try generateLive(linesPerSecond: linesPerSecond, seconds: seconds)
        }
    }

    /// The truth to its file, and a closing sentence to standard error.
    func report() throws(SystemError) {
        if let truthFile = options.truthFile {
            try AtomicFileReplacement.write(
                Array(stream.truth.json(lines: stream.lineCount, bytes: stream.byteCount).utf8), to: truthFile, permissions: 0o644)
        }
        let milliseconds = max(1, Int(SystemClock.monotonicNanoseconds() - startedNanoseconds) / 1_000_000)
        let standardError = FileDescriptor(owning: dup(2))
        try standardError.writeAll(
            "log-generator: \(stream.lineCount) lines, \(stream.byteCount) bytes in \(milliseconds) ms, "
                + "\(stream.byteCount / milliseconds / 1000) MB/s\n")
    }

    /// As fast as it goes, in blocks of whole lines. Log time starts at a fixed moment and goes on by 250 µs a line on average.
    private mutating func generateBlocks(lines: Int, bytes: Int) throws(SystemError) {
        var microseconds = 1_767_603_600_000_000  // 2026-01-05T09:00:00Z
        var steps = RandomSource(seed: options.seed ^ 0x7157)
        // Small blocks where many files take turns, or where a file must not grow far over the size it is rotated at.
        let blockBytes = options.files.count > 1 ? 16 << 10 : min(256 << 10, options.rotateBytes ?? .max)
        var buffer = LineBuffer(capacity: blockBytes + LineBuffer.maximumLineBytes)
        while stream.lineCount < lines && stream.byteCount < bytes && !stop.arrives(withinNanoseconds: 0) {
            buffer.removeAll()
            while buffer.count < blockBytes && stream.lineCount < lines && stream.byteCount < bytes {
                microseconds += steps.next(below: 501)
                stream.append(to: &buffer, at: microseconds)
            }
            try appendInTurn(buffer.bytes)
        }
    }

    /// One write a line, each at its time; after a delay (a slow disk, a stopped process) the due lines follow at once.
    private mutating func generateLive(linesPerSecond: Int, seconds: Int?) throws(SystemError) {
        var buffer = LineBuffer(capacity: LineBuffer.maximumLineBytes)
        let total = seconds.map { $0 * linesPerSecond } ?? .max
        while stream.lineCount < total {
            let due = startedNanoseconds + UInt64(Double(stream.lineCount) * 1e9 / Double(linesPerSecond))
            let now = SystemClock.monotonicNanoseconds()
            // Looking for the signal costs a system call: not for each of the lines that are due already.
            if due > now || stream.lineCount & 1023 == 0 {
                if stop.arrives(withinNanoseconds: due > now ? due - now : 0) { return }
            }
            buffer.removeAll()
            stream.append(to: &buffer, at: Int(SystemClock.wallNanoseconds() / 1000))
            try appendInTurn(buffer.bytes)
        }
    }

    private mutating func appendInTurn(_ lines: UnsafeRawBufferPointer) throws(SystemError) {
        try files[turn].append(lines)
        turn = turn + 1 == files.count ? 0 : turn + 1
    }

    /// To what the system allows: the usual 1,024 is less than `--files` may ask for.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        if getrlimit(resource, &limit) == 0 {
            limit.rlim_cur = limit.rlim_max
            setrlimit(resource, &limit)
        }
    }
}

/// SIGTERM and SIGINT, waited for instead of handled.
struct StopSignal {
    private var signals = sigset_t()

    init() {
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits as long for one of them.
    mutating func arrives(withinNanoseconds nanoseconds: UInt64) -> Bool {
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        return sigtimedwait(&signals, nil, &time) > 0
    }
}
