import Foundation
import Synchronization
import TestSupport

/// A thread that writes transcode events to two logs until it is told to stop: one is rotated by renaming, as logrotate does it, the
/// other by copying and truncating. Nothing that it wrote is ever deleted.
final class LoggingProgram: Sendable {
    private let logs: String
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var lineCount = 0
        var rotations = 0
        var isRotating = false
        var isStopping = false
        var failure: (any Error)?
    }

    /// Writes about `linesPerSecond` to `renamed.log` and `copied.log`, and rotates neither yet.
    init(logs: String, linesPerSecond: Int) {
        self.logs = logs
        let thread = Thread { [self] in
            do { try run(linesPerSecond: linesPerSecond) } catch { state.withLock { $0.failure = error } }
            ended.signal()
        }
        thread.start()
    }

    var lineCount: Int { state.withLock { $0.lineCount } }
    var rotations: Int { state.withLock { $0.rotations } }

    /// `copytruncate` takes unread lines away for a moment; with kills in between, what is found again depends on the copies alone.
    /// `TAILSPAN_KILL_COPYTRUNCATE=1` adds it to the renames.
    private let copiesAndTruncates = ProcessInfo.processInfo.environment["TAILSPAN_KILL_COPYTRUNCATE"] != nil

    func beginRotating() { state.withLock { $0.isRotating = true } }

    func stop() throws {
        state.withLock { $0.isStopping = true }
        ended.wait()
        ended.signal()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func run(linesPerSecond: Int) throws {
        var events = TranscodeEvents()
        let renamed = "\(logs)/renamed.log"
        let copied = "\(logs)/copied.log"
        var renamedFile = try LogFile(renamed)
        let copiedFile = try LogFile(copied)
        let lines = 10
        while !state.withLock({ $0.isStopping }) {
            try write(lines, of: &events, to: Bool.random() ? renamedFile : copiedFile)
            // About once in 0.4 s each.
            switch state.withLock({ $0.isRotating }) ? Int.random(in: 0..<max(2, linesPerSecond / lines * 2 / 5)) : -1 {
            case 0:
                try rotate(renamed)
                // A program goes on in the old file until it is told.
                try write(3, of: &events, to: renamedFile)
                renamedFile = try LogFile(renamed)
                state.withLock { $0.rotations += 1 }
            case 1 where copiesAndTruncates:
                let count = state.withLock { state in
                    state.rotations += 1
                    return state.rotations
                }
                try FileManager.default.copyItem(atPath: copied, toPath: "\(copied).2026-\(10000 + count)")
                copiedFile.truncate()
            default: break
            }
            usleep(UInt32(1_000_000 * lines / linesPerSecond))
        }
    }

    private func write(_ count: Int, of events: inout TranscodeEvents, to file: LogFile) throws {
        var bytes: [UInt8] = []
        for _ in 0..<count { bytes += Array(events.next().utf8) + [0x0a] }
        // Now and then a line is written in two parts.
        let cut = Bool.random() ? bytes.count : Int.random(in: 0...bytes.count)
        try file.write(Array(bytes[..<cut]))
        if cut < bytes.count { try file.write(Array(bytes[cut...])) }
        state.withLock { $0.lineCount += count }
    }
}
