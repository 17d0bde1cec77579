import Glibc
import Synchronization
import SystemIO

/// Where the lines of all loggers of a program go. Lives as long as the program.
///
/// Of equal events (level, logger, message) five are written in ten seconds; then one line tells how many were held back.
/// A line for which the reader has no room is dropped, and told once there is room again. A program that writes to a pipe
/// ignores `SIGPIPE`.
package final class LogOutput: Sendable {
    /// What did not become a line, since the start.
    package struct Losses: Equatable, Sendable {
        package var heldBack: UInt64 = 0
        package var dropped: UInt64 = 0
    }

    private struct State {
        var limit: RepeatLimit
        var line = LogLine()
        var losses = Losses()
        /// Dropped lines that no line has told yet.
        var untoldDrops: UInt64 = 0
        /// The last line was written in part.
        var isTorn = false
    }

    private let service: String
    private let descriptor: Int32
    private let wallClock: @Sendable () -> UInt64
    private let monotonicClock: @Sendable () -> UInt64
    private let state: Mutex<State>

    /// `descriptor` stays the caller's, and open. Clocks give nanoseconds.
    package init(
        service: String, descriptor: Int32 = STDERR_FILENO, admittedPerWindow: Int = 5, windowNanoseconds: UInt64 = 10_000_000_000,
        wallClock: @escaping @Sendable () -> UInt64 = SystemClock.wallNanoseconds,
        monotonicClock: @escaping @Sendable () -> UInt64 = SystemClock.monotonicNanoseconds
    ) {
        self.service = service
        self.descriptor = descriptor
        self.wallClock = wallClock
        self.monotonicClock = monotonicClock
        state = Mutex(State(limit: RepeatLimit(admittedPerWindow: admittedPerWindow, windowNanoseconds: windowNanoseconds)))
    }

    package var losses: Losses { state.withLock { $0.losses } }

    /// Tells what was held back in windows that have ended; at the end of the program in all. Writing an event does it, too.
    package func tellHeldBack(all: Bool = false) {
        state.withLock { tellHeldBack(all: all, now: monotonicClock(), &$0) }
    }

    func write(_ event: LogEvent) {
        state.withLock { state in
            let now = monotonicClock()
            tellHeldBack(all: false, now: now, &state)
            if !event.mayBeHeldBack
                || state.limit.admits(.init(level: event.level, logger: event.logger, message: event.message), now: now)
            {
                emit(event, &state)
            } else {
                state.losses.heldBack += 1
            }
        }
    }

    private func tellHeldBack(all: Bool, now: UInt64, _ state: inout State) {
        for heldBack in state.limit.close(now: now, all: all) {
            let key = heldBack.key
            emit(
                LogEvent(
                    level: key.level, logger: key.logger, message: "Repeats of a message were held back.",
                    fields: [
                        "log.message": .string(key.message.isEmpty ? "various" : key.message), "log.held_back": .unsigned(heldBack.count),
                    ]), &state)
        }
    }

    private func emit(_ event: LogEvent, _ state: inout State) {
        if state.untoldDrops > 0 && hasRoom {
            let told = LogEvent(
                level: .warning, logger: "log", message: "Log lines were dropped: their reader was too slow.",
                fields: ["log.dropped": .unsigned(state.untoldDrops)])
            if put(told, &state) { state.untoldDrops = 0 }
        }
        if !hasRoom || !put(event, &state) {
            state.losses.dropped += 1
            state.untoldDrops += 1
        }
    }

    private func put(_ event: LogEvent, _ state: inout State) -> Bool {
        state.line.make(event, service: service, wallNanoseconds: wallClock())
        let bytes = state.isTorn ? [UInt8(ascii: "\n")] + state.line.bytes : state.line.bytes
        let count = bytes.span.bytes.withUnsafeBytes { raw in
            retryingOnInterrupt { Glibc.write(descriptor, raw.baseAddress, raw.count) }
        }
        if count > 0 { state.isTorn = count < bytes.count }
        return count == bytes.count
    }

    /// Whether a write would go ahead: a pipe then takes a whole line, as that is no longer than `PIPE_BUF`.
    private var hasRoom: Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return retryingOnInterrupt { Glibc.poll(&poll, 1, 0) } == 1 && Int32(poll.revents) & POLLOUT != 0
    }
}
