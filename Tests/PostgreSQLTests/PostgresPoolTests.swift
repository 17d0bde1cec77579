import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import PostgreSQL

@Suite(.timeLimit(.minutes(5)))
struct PostgresPoolTests {
    private func withPool(
        maximum: Int = 4, acquireMilliseconds: Int = 60_000, idleSeconds: Int = 600, retrySeconds: Int = 60,
        _ body: (PostgresPool) throws -> Void
    ) throws {
        let pool = PostgresPool(
            PostgresSettings(
                try PostgresServer.shared().newDatabase(), maximumConnections: maximum, acquireTimeoutMilliseconds: acquireMilliseconds,
                idleSeconds: idleSeconds, retrySeconds: retrySeconds))
        defer { pool.close() }
        try body(pool)
    }

    private func serverProcess(_ connection: PostgresConnection) throws(PostgresError) -> Int {
        try connection.execute(statement("SELECT pg_backend_pid() AS pid")).first?.value("pid") ?? 0
    }

    private func serverProcess(_ pool: PostgresPool) throws -> Int {
        try pool.perform { (connection, _) throws(PostgresError) in try serverProcess(connection) }
    }

    @Test
    func `threads share a bounded number of connections`() throws {
        try withPool(maximum: 3) { pool throws in
            let processes = Mutex<Set<Int>>([])
            try onThreads(12) { _ in
                for _ in 0..<20 {
                    let process = try serverProcess(pool)
                    processes.withLock { _ = $0.insert(process) }
                }
            }
            #expect((1...3).contains(processes.withLock { $0.count }))
            #expect((1...3).contains(pool.openConnections))
        }
    }

    @Test
    func `waiting for a connection ends`() throws {
        try withPool(maximum: 1, acquireMilliseconds: 10) { pool throws in
            try pool.perform { (_, _) throws(PostgresError) in
                do throws(PostgresError) {
                    try pool.execute(statement("SELECT 1"))
                    Issue.record("there was a second connection")
                } catch {
                    #expect(error.kind == .pool && error.message.contains("none of 1 connections became free in 10 ms"))
                }
            }
            try pool.execute(statement("SELECT 1"))
        }
    }

    @Test
    func `a connection that the server has closed is replaced before it is used`() throws {
        try withPool(retrySeconds: 0) { pool throws in
            let first = try serverProcess(pool)
            // Of another pool: this one's connection is idle when it happens.
            let other = try PostgresConnection(pool.settings)
            try other.execute(statement("SELECT pg_terminate_backend($1::int, 60000)"), [.integer(first)])
            #expect(try serverProcess(pool) != first)
            #expect(pool.openConnections == 1)
        }
    }

    @Test
    func `what was lost in the middle is run again, and told that it may have happened`() throws {
        try withPool { pool throws in
            var runs: [Bool] = []
            let value = try pool.perform { (connection, mayHaveHappened) throws(PostgresError) -> Int in
                runs.append(mayHaveHappened)
                if runs.count < 3 { try connection.execute(statement("SELECT pg_terminate_backend(pg_backend_pid())")) }
                return runs.count
            }
            #expect(value == 3)
            #expect(runs == [false, true, true])
        }
    }

    @Test
    func `what was lost in a transaction before its end has not happened`() throws {
        try withPool { pool throws in
            var runs: [Bool] = []
            try pool.perform { (connection, mayHaveHappened) throws(PostgresError) in
                runs.append(mayHaveHappened)
                try connection.transaction { (connection) throws(PostgresError) in
                    if runs.count < 2 { try connection.execute(statement("SELECT pg_terminate_backend(pg_backend_pid())")) }
                }
            }
            #expect(runs == [false, false])
        }
    }

    @Test
    func `an error of the statement itself is not tried again`() throws {
        try withPool { pool throws in
            var runs = 0
            #expect(throws: PostgresError.self) {
                try pool.perform { (connection, _) throws(PostgresError) in
                    runs += 1
                    _ = try connection.execute(statement("SELECT 1/0"))
                }
            }
            #expect(runs == 1)
        }
    }

    @Test
    func `transactions in each other's way both succeed in the end`() throws {
        try withPool { pool throws in
            try pool.execute(statement("CREATE TABLE t (id int PRIMARY KEY, n int)"))
            try pool.execute(statement("INSERT INTO t VALUES (0, 0), (1, 0)"))
            let conflicts = Atomic(0)
            try onThreads(2) { index in
                for _ in 0..<10 {
                    try pool.perform { (connection, _) throws(PostgresError) in
                        do throws(PostgresError) {
                            try connection.transaction { (connection) throws(PostgresError) in
                                // Each takes the rows in its own order: a deadlock, whenever both have one.
                                for step in 0..<2 {
                                    try connection.execute(
                                        statement("UPDATE t SET n = n + 1 WHERE id = $1::int"), [.integer((index + step) % 2)])
                                }
                            }
                        } catch {
                            if error.isConflict { conflicts.add(1, ordering: .relaxed) }
                            throw error
                        }
                    }
                }
            }
            #expect(try pool.execute(statement("SELECT min(n) AS a, max(n) AS b FROM t")).first?.value("a") == 20)
        }
    }

    @Test
    func `idle connections are closed`() throws {
        try withPool(idleSeconds: 0) { pool throws in
            try pool.execute(statement("SELECT 1"))
            pool.closeIdle()
            #expect(pool.openConnections == 0)
            try pool.execute(statement("SELECT 1"))
        }
    }

    @Test
    func `a connection left in a transaction is not given to the next`() throws {
        try withPool(maximum: 1) { pool throws in
            let first = try pool.perform { (connection, _) throws(PostgresError) in
                try connection.execute(statement("BEGIN"))
                return try serverProcess(connection)
            }
            #expect(try serverProcess(pool) != first)
        }
    }

    @Test
    func `a closed pool says so, also to those who wait`() throws {
        try withPool(maximum: 1) { pool throws in
            let isHeld = Atomic(false)
            try onThreads(2) { index in
                if index == 0 {
                    try pool.perform { (_, _) throws(PostgresError) in
                        isHeld.store(true, ordering: .sequentiallyConsistent)
                        do throws(PostgresError) {
                            try pool.execute(statement("SELECT 1"))
                            Issue.record("it did not wait")
                        } catch {
                            #expect(error.kind == .pool)
                        }
                    }
                } else {
                    try waitUntil("a connection in use") { isHeld.load(ordering: .sequentiallyConsistent) }
                    pool.close()
                }
            }
            #expect(throws: PostgresError.self) { try pool.execute(statement("SELECT 1")) }
            #expect(pool.openConnections == 0)
        }
    }
}

@Suite(.timeLimit(.minutes(5)))
struct PostgresListenerTests {
    @Test
    func `notifications arrive, also after the connection was lost`() throws {
        let settings = PostgresSettings(try PostgresServer.shared().newDatabase(), applicationName: "listener")
        let events = Mutex<[PostgresListener.Event]>([])
        let listener = try PostgresListener(settings, channels: ["news", "other_1"]) { event in events.withLock { $0.append(event) } }
        defer { listener.stop() }
        func listening() -> Int { events.withLock { $0.count { $0 == .listening } } }
        func notified(_ channel: String, _ payload: String) -> Bool {
            events.withLock { $0.contains(.notified(PostgresNotification(channel: channel, payload: payload))) }
        }
        let connection = try PostgresConnection(PostgresSettings(settings.connection))
        let notify = PostgresStatement("notify", "SELECT pg_notify($1, $2)")

        try waitUntil("listening") { listening() == 1 }
        try connection.execute(notify, [.text("news"), .text("first")])
        try connection.execute(notify, [.text("other_1"), .text("")])
        try connection.execute(notify, [.text("unheard"), .text("never")])
        try waitUntil("notifications") { notified("news", "first") && notified("other_1", "") }

        try connection.execute(
            statement(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listener' AND datname = current_database()"
            ))
        try waitUntil("listening again") { listening() == 2 }
        try connection.execute(notify, [.text("news"), .text("second")])
        try waitUntil("a notification") { notified("news", "second") }
        #expect(!notified("unheard", "never"))
        #expect(events.withLock { $0.contains { if case .lost = $0 { true } else { false } } })
    }
}
