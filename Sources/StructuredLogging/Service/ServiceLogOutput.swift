import Glibc
import Synchronization
import SystemIO

/// Where the lines of a service go: standard output, a file, or both. Lives as long as the program.
///
/// Other programs count these lines, so none is held back as a repeat, and none is dropped because a reader is slow: when a call
/// returns, the line is in the file and in the pipe. A file is written first. The price is that a reader who stops reading stops the
/// service: ``LogStatistics/waitedNanoseconds`` tells, and a service with a file can do without standard output. What is dropped all
/// the same, and why, is counted. A program that writes to a pipe ignores `SIGPIPE`.
package final class ServiceLogOutput: Sendable {
    private struct State: ~Copyable {
        var line = LogLine()
        var file: LogSink?
        var standardOutput: LogSink?
    }

    private let service: String
    private let wallClock: @Sendable () -> UInt64
    private let stop: StopSignal
    private let state: Mutex<State>
    private let mustReopen = Atomic<Bool>(false)
    private let published = Mutex(LogStatistics())

    /// `file` is appended to. `descriptor`, which stays the caller's, is standard output but in tests; nil: none.
    package init(
        service: String, file: String?, descriptor: Int32? = STDOUT_FILENO,
        wallClock: @escaping @Sendable () -> UInt64 = SystemClock.wallNanoseconds
    ) throws(SystemError) {
        self.service = service
        self.wallClock = wallClock
        stop = try StopSignal()
        var first = State()
        first.line.escapesInvisible = true
        if let file { first.file = try LogSink(path: file) }
        if let descriptor { first.standardOutput = LogSink(descriptor: descriptor) }
        state = Mutex(first)
    }

    /// What became of the lines so far. Never waits.
    package var statistics: LogStatistics { published.withLock { $0 } }

    /// Opens the file anew before the next line is written: after it was renamed. Never waits. Where that fails, the old file stays, and
    /// a line tells.
    package func reopen() { mustReopen.store(true, ordering: .releasing) }

    /// Writes what a full disk has kept back, as far as it goes.
    package func flush() {
        state.withLock { state in
            state.file?.flush(stop: stop)
            state.standardOutput?.flush(stop: stop)
            publish(&state)
        }
    }

    /// From here on, writing waits for a reader no longer than so.
    package func stopWaiting(afterNanoseconds nanoseconds: UInt64) {
        stop.stop(atNanoseconds: SystemClock.monotonicNanoseconds() + nanoseconds)
    }

    func write(_ entry: ServiceLogEntry) {
        state.withLock { state in
            if mustReopen.exchange(false, ordering: .acquiringAndReleasing) { reopen(&state) }
            put(entry, &state)
            publish(&state)
        }
    }

    private func reopen(_ state: inout State) {
        do throws(SystemError) { try state.file?.reopen() } catch {
            let told = ServiceLogEntry(
                level: .error, logger: "log", message: "The log file can't be opened again; lines go on into the old one.",
                source: LogSource(fileID: #fileID, function: #function, line: #line), context: .none, fields: .none,
                exception: error.description)
            put(told, &state)
        }
    }

    private func put(_ entry: ServiceLogEntry, _ state: inout State) {
        state.line.make(entry, service: service, wallNanoseconds: wallClock())
        state.file?.append(state.line.bytes, stop: stop)
        state.standardOutput?.append(state.line.bytes, stop: stop)
    }

    private func publish(_ state: inout State) {
        let statistics = (state.file?.statistics ?? LogStatistics()) + (state.standardOutput?.statistics ?? LogStatistics())
        published.withLock { $0 = statistics }
    }
}
