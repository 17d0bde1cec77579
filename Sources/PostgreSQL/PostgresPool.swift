import SystemIO

/// A bounded number of connections that any threads share. They are made when they are needed, replaced when they are lost, and closed
/// when nobody has needed them for a while.
package final class PostgresPool: Sendable {
    private struct State: Sendable {
        /// The one used last is at the end.
        var idle: [(connection: PostgresConnection, since: UInt64)] = []
        /// Idle, in use, or being made.
        var open = 0
        var isClosed = false

        /// Takes those out that were idle for longer than `seconds`, and gives them back to be closed outside of the lock.
        mutating func takeExpired(_ seconds: Int) -> [(connection: PostgresConnection, since: UInt64)] {
            let now = SystemClock.monotonicNanoseconds()
            let expired = Array(idle.prefix { SystemClock.nanoseconds(from: $0.since, to: now) > UInt64(seconds) * 1_000_000_000 })
            idle.removeFirst(expired.count)
            open -= expired.count
            return expired
        }
    }

    package let settings: PostgresSettings
    private let observer: StatementObserver?
    private let state = Monitor(State())

    /// Connects nothing yet.
    package init(_ settings: PostgresSettings, observer: StatementObserver? = nil) {
        precondition(settings.maximumConnections > 0, "a pool has at least one connection")
        self.settings = settings
        self.observer = observer
    }

    deinit { close() }

    /// Runs `body`, again where two transactions were in each other's way or the connection was lost, for as long as the settings say.
    ///
    /// A lost connection leaves open whether the statement it was in happened. `body` is told when an earlier run of it may have done its
    /// work, and then has to look, unless doing it twice is the same as doing it once.
    package func perform<Result>(
        _ body: (PostgresConnection, _ mayHaveHappened: Bool) throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        let deadline = SystemClock.monotonicNanoseconds() + UInt64(settings.retrySeconds) * 1_000_000_000
        var mayHaveHappened = false
        var delay: UInt64 = 10_000_000
        while true {
            do throws(PostgresError) {
                let connection = try acquire()
                defer { release(connection) }
                return try body(connection, mayHaveHappened)
            } catch {
                // 57P03: the server is starting or stopping; 53300: it has too many connections; 26000: prepared anew the next time.
                let isPassing = error.kind == .connection || error.isConflict || ["57P03", "53300", "26000"].contains(error.sqlState)
                let now = SystemClock.monotonicNanoseconds()
                guard isPassing, now < deadline, !isClosed else { throw error }
                mayHaveHappened = mayHaveHappened || error.mayHaveHappened
                pause(min(UInt64.random(in: delay / 2...delay), deadline - now))
                delay = min(delay * 2, 1_000_000_000)
            }
        }
    }

    /// Runs one statement that may be run twice.
    @discardableResult
    package func execute(_ statement: PostgresStatement, _ values: [PostgresValue] = []) throws(PostgresError) -> PostgresResult {
        try perform { (connection, _) throws(PostgresError) in try connection.execute(statement, values) }
    }

    /// Closes what is idle now, and the others when they are given back. Calls after this one throw.
    package func close() {
        let closing = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            state.open -= state.idle.count
            return state.idle
        }
        state.broadcast()
        withExtendedLifetime(closing) {}
    }

    /// Closes connections that were idle too long. So does every call; this is for when there are none.
    package func closeIdle() {
        let closing = state.withLock { $0.takeExpired(settings.idleSeconds) }
        withExtendedLifetime(closing) {}
    }

    /// Connections that are open now.
    package var openConnections: Int { state.withLock { $0.open } }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Returns after the time, or once the pool is closed.
    private func pause(_ nanoseconds: UInt64) {
        let end = SystemClock.monotonicNanoseconds() + nanoseconds
        state.wait { $0.isClosed || SystemClock.monotonicNanoseconds() >= end ? .done(()) : .wait(untilNanoseconds: end) }
    }

    // MARK: One connection

    private func acquire() throws(PostgresError) -> PostgresConnection {
        enum Turn { case idle(PostgresConnection), make, closed, late }
        let deadline = SystemClock.monotonicNanoseconds() + UInt64(settings.acquireTimeoutMilliseconds) * 1_000_000
        while true {
            let maximum = settings.maximumConnections
            let turn: Turn = state.wait { state in
                if state.isClosed { return .done(.closed) }
                if let last = state.idle.popLast() { return .done(.idle(last.connection)) }
                if state.open < maximum {
                    state.open += 1
                    return .done(.make)
                }
                return SystemClock.monotonicNanoseconds() >= deadline ? .done(.late) : .wait(untilNanoseconds: deadline)
            }
            switch turn {
            case .idle(let connection):
                if connection.isIdle { return connection }
                forget()
            case .make:
                do throws(PostgresError) {
                    return try PostgresConnection(settings, observer: observer)
                } catch {
                    forget()
                    throw error
                }
            case .closed: throw PostgresError(.pool, "the connections are closed")
            case .late:
                throw PostgresError(
                    .pool, "none of \(maximum) connections became free in \(settings.acquireTimeoutMilliseconds) ms; allow more of them")
            }
        }
    }

    private func release(_ connection: PostgresConnection) {
        let isGood = connection.isIdle
        let closing = state.withLock { state in
            if isGood && !state.isClosed {
                state.idle.append((connection, SystemClock.monotonicNanoseconds()))
            } else {
                state.open -= 1
            }
            return state.takeExpired(settings.idleSeconds)
        }
        state.signal()
        withExtendedLifetime(closing) {}
    }

    private func forget() {
        state.withLock { $0.open -= 1 }
        state.signal()
    }
}
