import PostgreSQL

/// The tables of a ``PostgresJobStore``, version by version. A version that was published is never changed: a new one follows it.
package enum JobStoreMigrations {
    struct Migration: Sendable {
        let version: Int
        let name: String
        let statements: [String]
    }

    /// The version that this program works with.
    package static let currentVersion = all.last?.version ?? 0

    /// Brings the database to ``currentVersion``, and gives the versions that it took. Each is one transaction; any number of instances may
    /// do this at once. Throws ``JobStoreError/broken(_:)`` where the database is newer than this program.
    @discardableResult
    package static func migrate(_ pool: PostgresPool) throws(JobStoreError) -> [Int] { try migrate(pool, to: all) }

    /// As ``migrate(_:)``, for a program that does only this.
    @discardableResult
    package static func migrate(_ settings: PostgresSettings) throws(JobStoreError) -> [Int] {
        let pool = PostgresPool(settings)
        defer { pool.close() }
        return try migrate(pool)
    }

    static func migrate(_ pool: PostgresPool, to migrations: [Migration]) throws(JobStoreError) -> [Int] {
        var done: [Int] = []
        let newest = migrations.last?.version ?? 0
        while true {
            let step = try JobStoreError.mapping { () throws(PostgresError) -> Step in
                try pool.perform { (connection, _) throws(PostgresError) in
                    try connection.transaction { (connection) throws(PostgresError) in try next(of: migrations, on: connection) }
                }
            }
            switch step {
            case .took(let version): done.append(version)
            case .current: return done
            case .newer(let version):
                throw .broken(
                    "the database has schema version \(version), this program knows \(newest); use a program as new as the one that made it"
                )
            }
        }
    }

    private enum Step { case took(Int), current, newer(Int) }

    private static func next(of migrations: [Migration], on connection: PostgresConnection) throws(PostgresError) -> Step {
        func run(_ name: String, _ text: String, _ values: [PostgresValue] = []) throws(PostgresError) -> PostgresResult {
            try connection.execute(PostgresStatement("migration." + name, text, isPrepared: false), values)
        }
        // Until the transaction ends. The number is ours: "jobs".
        _ = try run("lock", "SELECT pg_advisory_xact_lock(1785688691)")
        // To create a table that is there takes more rights, and tells so in the server's log.
        if try run("find", "SELECT to_regclass('schema_migrations')::text AS name").first?.optional("name", as: String.self) == nil {
            _ = try run(
                "prepare",
                """
                CREATE TABLE schema_migrations (
                    version integer PRIMARY KEY,
                    name text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
                )
                """)
        }
        let version: Int =
            try run("version", "SELECT coalesce(max(version), 0) AS version FROM schema_migrations").first?.value("version") ?? 0
        if version > migrations.last?.version ?? 0 { return .newer(version) }
        guard let migration = migrations.first(where: { $0.version > version }) else { return .current }
        for statement in migration.statements { _ = try run("\(migration.version)", statement) }
        _ = try run(
            "record", "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)",
            [.integer(migration.version), .text(migration.name)])
        return .took(migration.version)
    }

    static let all = [
        Migration(
            version: 1, name: "keys and jobs",
            statements: [
                """
                CREATE TABLE api_keys (
                    id uuid PRIMARY KEY,
                    name text NOT NULL CONSTRAINT api_keys_name UNIQUE,
                    hash bytea NOT NULL CONSTRAINT api_keys_hash UNIQUE CHECK (octet_length(hash) = 32),
                    quota_bytes bigint CHECK (quota_bytes >= 0),
                    created_at bigint NOT NULL
                )
                """,
                // What each key's jobs hold, also after the key was removed. A row is the lock of its key's quota.
                """
                CREATE TABLE key_usage (
                    key_id uuid PRIMARY KEY,
                    jobs bigint NOT NULL CHECK (jobs >= 0),
                    used_bytes bigint NOT NULL CHECK (used_bytes >= 0)
                )
                """,
                // Times are nanoseconds since 1970 as the instances have them, but for `claimable_at`, which is the database's: when a
                // queued job is due, or when the lease of one in processing ends.
                """
                CREATE TABLE jobs (
                    id uuid PRIMARY KEY,
                    key_id uuid NOT NULL,
                    key_name text NOT NULL,
                    file_name text NOT NULL,
                    input_bytes bigint NOT NULL CHECK (input_bytes >= 0),
                    created_at bigint NOT NULL,
                    traceparent text,
                    status text NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
                    attempts integer NOT NULL CHECK (attempts >= 0),
                    started_at bigint,
                    finished_at bigint,
                    available_at bigint NOT NULL,
                    is_cancelling boolean NOT NULL CHECK (NOT is_cancelling OR status = 'processing'),
                    progress double precision NOT NULL,
                    media jsonb,
                    outputs jsonb NOT NULL,
                    transcript jsonb,
                    failure jsonb,
                    stored_bytes bigint NOT NULL CHECK (stored_bytes >= 0),
                    worker text CHECK (worker IS NOT NULL OR status <> 'processing'),
                    claim_id uuid,
                    claimable_at timestamptz CHECK ((claimable_at IS NOT NULL) = (status IN ('queued', 'processing')))
                )
                """,
                // What a claim walks through: few, and in the order of creation.
                "CREATE INDEX jobs_open ON jobs (id) WHERE status IN ('queued', 'processing')",
                "CREATE INDEX jobs_of_key ON jobs (key_id, id)",
                "CREATE INDEX jobs_by_status ON jobs (status, id)",
            ]),
        Migration(version: 2, name: "tracestate", statements: ["ALTER TABLE jobs ADD COLUMN tracestate text"]),
    ]
}
