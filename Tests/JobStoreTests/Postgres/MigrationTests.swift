import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import JobStore

@Suite(.timeLimit(.minutes(5)))
struct MigrationTests {
    private typealias Migration = JobStoreMigrations.Migration

    private func withPool(_ body: (PostgresPool) throws -> Void) throws {
        let pool = PostgresPool(PostgresSettings(try PostgresServer.shared().newDatabase()))
        defer { pool.close() }
        try body(pool)
    }

    private func tables(_ pool: PostgresPool) throws -> [String] {
        let rows = try pool.execute(
            PostgresStatement("tables", "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
        return try (0..<rows.count).map { try rows[$0].value("name") }
    }

    @Test
    func `an empty database gets all tables, and a second time nothing`() throws {
        try withPool { pool throws in
            #expect(try JobStoreMigrations.migrate(pool) == [1, 2])
            #expect(try tables(pool) == ["api_keys", "jobs", "key_usage", "schema_migrations"])
            #expect(try JobStoreMigrations.migrate(pool) == [])
            #expect(try JobStoreMigrations.migrate(pool.settings) == [])
        }
    }

    @Test
    func `instances that start at once take each version once`() throws {
        let database = try PostgresServer.shared().newDatabase()
        let migrations = (1...5).map { version in
            Migration(
                version: version, name: "table \(version)",
                statements: ["CREATE TABLE table\(version) (id int)", "INSERT INTO table\(version) VALUES (1)"])
        }
        let taken = Mutex<[Int]>([])
        try onThreads(6) { _ in
            let pool = PostgresPool(PostgresSettings(database))
            defer { pool.close() }
            let versions = try JobStoreMigrations.migrate(pool, to: migrations)
            taken.withLock { $0 += versions }
        }
        #expect(taken.withLock { $0.sorted() } == [1, 2, 3, 4, 5])
    }

    @Test
    func `a version that fails leaves nothing of it, and is taken when it is mended`() throws {
        try withPool { pool throws in
            let good = Migration(version: 1, name: "good", statements: ["CREATE TABLE one (id int)"])
            let bad = Migration(version: 2, name: "bad", statements: ["CREATE TABLE two (id int)", "CREATE TABLE two (id int)"])
            let error = try #require(throws: JobStoreError.self) { try JobStoreMigrations.migrate(pool, to: [good, bad]) }
            #expect(error.description.contains("migration.2") && error.description.contains("42P07"))
            #expect(try tables(pool) == ["one", "schema_migrations"])
            let mended = Migration(version: 2, name: "mended", statements: ["CREATE TABLE two (id int)"])
            #expect(try JobStoreMigrations.migrate(pool, to: [good, mended]) == [2])
        }
    }

    @Test
    func `a schema that is newer than the program is refused`() throws {
        try withPool { pool throws in
            try JobStoreMigrations.migrate(pool)
            try pool.execute(PostgresStatement("newer", "INSERT INTO schema_migrations (version, name) VALUES (1000, 'later')"))
            let message = "the database has schema version 1000, this program knows \(JobStoreMigrations.currentVersion); "
            let error = try #require(throws: JobStoreError.self) { try PostgresJobStore(pool.settings) }
            #expect(error.description.contains(message))
        }
    }

    @Test
    func `versions count up from one`() {
        #expect(JobStoreMigrations.all.map(\.version) == Array(1...JobStoreMigrations.all.count))
    }
}
