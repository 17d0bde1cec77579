/// Of a source that is no file, in `/api/v1/status`.
struct CaptureReport: Codable, Equatable, Sendable {
    struct Exec: Codable, Equatable, Sendable {
        var running: Bool
        var pid: Int32?
        var starts: UInt64
        var restarts: UInt64
        var uptimeSeconds: Double?
        /// How it ended last; nil before.
        var lastEnding: String?
        var nextStartSeconds: Double?
    }

    struct Syslog: Codable, Equatable, Sendable {
        /// With the real ports.
        var addresses: [String]
        var connections: Int
        var messages: [String: UInt64]
    }

    var capturedLines: UInt64
    var capturedBytes: UInt64
    var storedBytes: UInt64
    var maximumBytes: UInt64
    /// Why it is not read at present: "budget" or "disk"; nil while it is.
    var paused: String?
    var lastDiskError: String?
    /// Messages that are in no segment, by reason.
    var dropped: [String: UInt64]
    var ended: Bool
    var exec: Exec?
    var syslog: Syslog?

    init(_ capture: CaptureState, now: UInt64) {
        let counts = capture.current
        (capturedLines, capturedBytes) = capture.written
        storedBytes = capture.budget.usedBytes
        maximumBytes = capture.budget.maximumBytes
        paused = counts.pause?.rawValue
        lastDiskError = counts.lastDiskError?.description
        dropped = Dictionary(uniqueKeysWithValues: counts.droppedMessages.map { ($0.rawValue, $1) })
        ended = counts.hasEnded
        exec = counts.exec.map { exec in
            Exec(
                running: exec.pid != nil, pid: exec.pid, starts: exec.starts, restarts: exec.restarts,
                uptimeSeconds: exec.pid == nil ? nil : StatusReport.seconds(from: exec.startedAt, to: now),
                lastEnding: exec.lastEnding?.description,
                nextStartSeconds: exec.nextStartAt.map { StatusReport.seconds(from: now, to: $0) })
        }
        syslog = counts.syslog.map { syslog in
            Syslog(
                addresses: syslog.addresses, connections: syslog.connections,
                messages: Dictionary(uniqueKeysWithValues: syslog.messages.map { ($0.rawValue, $1) }))
        }
    }
}
