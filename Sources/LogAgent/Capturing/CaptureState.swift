import Synchronization
import SystemIO
import Tailing

/// What a source that is no file is doing: its thread tells, the endpoints and the reading thread ask.
final class CaptureState: Sendable {
    /// Why what has arrived does not get into the log at present, so that nothing more is read.
    enum Pause: String, Sendable, CaseIterable {
        /// `capture.max_bytes` are on the disk and not delivered yet.
        case budget
        /// The disk does not take them.
        case disk
    }

    /// Why something that a peer sent is in no segment, or not whole.
    enum DropReason: String, Sendable, CaseIterable {
        /// Of a line or message longer than `max_line_bytes` the rest is left out.
        case tooLong = "too_long"
        /// The socket's buffer was full of datagrams that were not read in time.
        case socketBuffer = "socket_buffer"
        /// The same, while reading paused because the budget was used up.
        case budget
        /// The same, while reading paused because the disk took nothing.
        case disk
        /// Could not be written before the agent had to stop.
        case stopped
        /// No message stands there as the framing has it.
        case malformed
    }

    struct Counts: Sendable {
        var pause: Pause?
        var lastDiskError: SystemError?
        /// Messages that are in no segment, by reason. Of ``DropReason/tooLong`` those that were shortened.
        var droppedMessages: [DropReason: UInt64] = [:]
        var droppedBytes: [DropReason: UInt64] = [:]
        var hasEnded = false
        var exec: ExecCounts?
        var syslog: SyslogCounts?
    }

    /// The directories of a source's logs.
    static func directory(of source: String, dataDirectory: String) -> String { "\(dataDirectory)/capture/\(source)" }

    let name: String
    let budget: CaptureBudget
    /// One for each stream, in the order of ``SourceSettings/Kind/streams``.
    let logs: [CaptureLog]
    let log: AgentLog
    /// How entries are made of its lines as they arrive; nil where each is one, or where that can't be told before they are unwrapped.
    let multiline: MultilineSettings?
    private let counts: Mutex<Counts>

    init(_ settings: SourceSettings, dataDirectory: String, log: AgentLog) throws(SystemError) {
        name = settings.name
        self.log = log
        multiline = settings.envelope == nil ? settings.multiline : nil
        let budget = try CaptureBudget(maximumBytes: settings.capture.maximumBytes)
        self.budget = budget
        var logs: [CaptureLog] = []
        for directory in settings.captureDirectories(in: dataDirectory) {
            logs.append(try CaptureLog(directory: directory, budget: budget, segmentBytes: settings.capture.segmentBytes))
        }
        self.logs = logs
        var counts = Counts()
        switch settings.kind {
        case .file, .stdin: break
        case .exec: counts.exec = ExecCounts()
        case .syslog: counts.syslog = SyslogCounts()
        }
        self.counts = Mutex(counts)
    }

    var current: Counts { counts.withLock { $0 } }

    func update<Result>(_ body: (inout sending Counts) -> sending Result) -> sending Result {
        counts.withLock { body(&$0) }
    }

    func drop(_ reason: DropReason, messages: Int, bytes: Int) {
        guard messages > 0 || bytes > 0 else { return }
        update {
            $0.droppedMessages[reason, default: 0] += UInt64(messages)
            $0.droppedBytes[reason, default: 0] += UInt64(bytes)
        }
    }

    var tornLines: Int { logs.reduce(0) { $0 + $1.tornLines } }

    var written: (lines: UInt64, bytes: UInt64) {
        logs.reduce((0, 0)) { sum, log in
            let written = log.written
            return (sum.0 + written.lines, sum.1 + written.bytes)
        }
    }

    /// The log that the sealed segment at `path` belongs to; nil for the segment that is written, and for other files.
    func log(ofSealed path: String) -> CaptureLog? { logs.first { $0.isSealed(path) } }
}
