import SystemIO
import TestSupport
import Testing

@testable import PostgreSQL

func statement(_ text: String, _ name: String = "test.statement") -> PostgresStatement {
    PostgresStatement(name, text, isPrepared: false)
}

@Suite(.timeLimit(.minutes(5)))
struct PostgresConnectionTests {
    private func withConnection(
        observer: StatementObserver? = nil, timeoutMilliseconds: Int = 30_000, _ body: (PostgresConnection) throws -> Void
    ) throws {
        let database = try PostgresServer.shared().newDatabase()
        try body(
            try PostgresConnection(
                PostgresSettings(database, applicationName: "tests", statementTimeoutMilliseconds: timeoutMilliseconds), observer: observer)
        )
    }

    @Test
    func `values come back as they were sent`() throws {
        try withConnection { connection throws in
            let echo = PostgresStatement(
                "echo", "SELECT $1::text AS a, $2::bigint AS b, $3::float8 AS c, $4::boolean AS d, $5::bytea AS e, $6::text AS f")
            for (text, integer, real, boolean) in [
                ("", Int64.min, -0.1, true), ("'; DROP TABLE x; -- \\ $1 🎬 \u{1}\n", Int64.max, 1e300, false),
                ("\\x41", 0, .infinity, true),
            ] {
                let bytes = (0...255).map { UInt8($0) }
                let row = try #require(
                    try connection.execute(
                        echo, [.text(text), .integer(integer), .real(real), .boolean(boolean), .bytes(bytes), .null]
                    ).first)
                #expect(try row.value("a") == text)
                #expect(try row.value("b") == integer)
                #expect(try row.value("c") == real)
                #expect(try row.value("d") == boolean)
                #expect(try row.value("e") == bytes)
                #expect(try row.optional("f", as: String.self) == nil)
                #expect(try row.optional("b", as: Int64.self) == integer)
            }
            #expect(try connection.execute(echo, [.null, .null, .null, .null, .bytes([]), .null]).first?.value("e") == [UInt8]())
        }
    }

    @Test
    func `a column that is missing, null or of another type is told`() throws {
        try withConnection { connection throws in
            let row = try #require(try connection.execute(statement("SELECT 'x' AS a, NULL AS b, -1 AS c")).first)
            for (column, message) in [("z", "no column z"), ("b", "b is not"), ("a", "a is not"), ("c", "c is not")] {
                let error = try #require(throws: PostgresError.self) { try row.value(column, as: UInt64.self) }
                #expect(error.kind == .value && error.description.contains(message) && error.description.contains("test.statement"))
            }
        }
    }

    @Test
    func `an error has its state, its constraint and its statement, and shows no values`() throws {
        try withConnection { connection throws in
            try connection.execute(statement("CREATE TABLE t (id int CONSTRAINT only_once PRIMARY KEY, secret text)"))
            let insert = PostgresStatement("t.insert", "INSERT INTO t VALUES ($1::int, $2)")
            #expect(try connection.execute(insert, [.integer(4711), .text("hunter2")]).affectedRows == 1)
            let error = try #require(throws: PostgresError.self) { try connection.execute(insert, [.integer(4711), .text("hunter2")]) }
            #expect(error.sqlState == "23505" && error.isUniqueViolation)
            #expect(error.kind == .statement && error.severity == "ERROR" && error.constraint == "only_once" && error.detail != nil)
            #expect(error.statement == "t.insert" && !error.mayHaveHappened)
            #expect(
                error.description == #"statement t.insert: duplicate key value violates unique constraint "only_once" (SQLSTATE 23505)"#)
            // The connection goes on.
            #expect(try connection.execute(statement("SELECT count(*) AS n FROM t")).first?.value("n") == 1)
        }
    }

    @Test
    func `a text with NUL is refused before it is sent`() throws {
        try withConnection { connection throws in
            let error = try #require(throws: PostgresError.self) { try connection.execute(statement("SELECT $1"), [.text("a\0b")]) }
            #expect(error.kind == .value && error.sqlState == "22021")
            #expect(connection.isIdle)
        }
    }

    @Test
    func `several statements in one are refused`() throws {
        try withConnection { connection throws in
            let error = try #require(throws: PostgresError.self) { try connection.execute(statement("SELECT 1; SELECT 2")) }
            #expect(error.sqlState == "42601")
        }
    }

    @Test(arguments: [
        "postgresql://user:hunter2@host:notaport/db", "postgresql://user:hunter2@[::1/db", "password=hunter2 nonsense",
        "password='hunter2", "hunter2", "postgresql://user:hunter2@/db?host=/nowhere/at/all",
        "postgresql://user:hunter2@127.0.0.1:1/db", "postgresql://user:hunter2@h\0st/db",
    ])
    func `no error shows the password`(_ text: String) throws {
        let error = try #require(throws: PostgresError.self) { try PostgresConnection(PostgresSettings(text)) }
        #expect(!"\(error)".contains("hunter2"))
        #expect(!error.message.isEmpty && !error.message.contains("\n"))
        #expect(error.kind == .value || error.kind == .connection)
    }

    @Test
    func `a statement that takes too long is ended`() throws {
        try withConnection(timeoutMilliseconds: 50) { connection throws in
            let error = try #require(throws: PostgresError.self) { try connection.execute(statement("SELECT pg_sleep(600)")) }
            #expect(error.sqlState == "57014")
            #expect(connection.isIdle)
        }
    }

    @Test
    func `a transaction is whole or not there`() throws {
        try withConnection { connection throws in
            try connection.execute(statement("CREATE TABLE t (id int PRIMARY KEY)"))
            let insert = PostgresStatement("t.insert", "INSERT INTO t VALUES ($1::int)")
            try connection.transaction { (connection) throws(PostgresError) in
                try connection.execute(insert, [.integer(1)])
                try connection.execute(insert, [.integer(2)])
            }
            #expect(throws: PostgresError.self) {
                try connection.transaction { (connection) throws(PostgresError) in
                    try connection.execute(insert, [.integer(3)])
                    try connection.execute(insert, [.integer(1)])
                }
            }
            #expect(connection.isIdle)
            #expect(try connection.execute(statement("SELECT count(*) AS n FROM t")).first?.value("n") == 2)
        }
    }

    @Test
    func `the observer sees names, rows and errors`() throws {
        final class Seen: Sendable {
            let list = Monitor<[String]>([])
        }
        let seen = Seen()
        try withConnection(observer: { execution in
            seen.list.withLock { $0.append("\(execution.statement.name) \(execution.rows) \(execution.error?.sqlState ?? "-")") }
            #expect(execution.startNanoseconds > 0)
        }) { connection throws in
            try connection.execute(statement("SELECT generate_series(1, 3)", "three"))
            #expect(throws: PostgresError.self) { try connection.execute(statement("SELECT 1/0", "wrong")) }
            try connection.transaction { (connection) throws(PostgresError) in _ = try connection.execute(statement("SELECT 1", "one")) }
        }
        #expect(
            seen.list.withLock { $0 } == [
                "session.configure 1 -", "three 3 -", "wrong 0 22012", "transaction.begin 0 -", "one 1 -", "transaction.commit 0 -",
            ])
    }

    @Test
    func `the session says who it is`() throws {
        try withConnection { connection throws in
            let row = try connection.execute(
                statement("SELECT current_setting('application_name') AS a, current_setting('client_encoding') AS b")
            ).first
            #expect(try row?.value("a") == "tests")
            #expect(try row?.value("b") == "UTF8")
        }
    }
}
