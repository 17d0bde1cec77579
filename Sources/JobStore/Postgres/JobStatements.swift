import PostgreSQL

/// What a ``PostgresJobStore`` says to the server. Each is atomic by itself, so that none needs a transaction around it.
enum JobStatements {
    static let channel = "transcode_jobs"

    // MARK: Keys

    static let addKey = PostgresStatement(
        "key.add", "INSERT INTO api_keys (id, name, hash, quota_bytes, created_at) VALUES ($1::uuid, $2, $3, $4::bigint, $5::bigint)")
    static let keys = PostgresStatement(
        "key.list", "SELECT id, name, hash, quota_bytes, created_at FROM api_keys ORDER BY created_at, id")
    static let keyByHash = PostgresStatement(
        "key.find", "SELECT id, name, hash, quota_bytes, created_at FROM api_keys WHERE hash = $1")
    static let hasKey = PostgresStatement("key.exists", "SELECT 1 FROM api_keys WHERE id = $1::uuid")
    static let quota = PostgresStatement("key.quota", "SELECT quota_bytes FROM api_keys WHERE id = $1::uuid")
    static let removeKey = PostgresStatement("key.remove", "DELETE FROM api_keys WHERE id = $1::uuid")

    // MARK: Jobs

    /// No row where it would pass the quota. The row of `key_usage` is locked first, by everybody who adds to a key: the check sees what
    /// they have stored.
    static let create = PostgresStatement(
        "job.create",
        """
        WITH quota AS (
            SELECT (SELECT quota_bytes FROM api_keys WHERE id = $2::uuid) AS bytes
        ), added AS (
            INSERT INTO key_usage AS held (key_id, jobs, used_bytes)
            SELECT $2::uuid, 1, $11::bigint FROM quota WHERE bytes IS NULL OR $11::bigint <= bytes
            ON CONFLICT (key_id) DO UPDATE SET jobs = held.jobs + 1, used_bytes = held.used_bytes + excluded.used_bytes
            WHERE (SELECT bytes FROM quota) IS NULL OR held.used_bytes + excluded.used_bytes <= (SELECT bytes FROM quota)
            RETURNING key_id
        )
        INSERT INTO jobs (
            id, key_id, key_name, file_name, input_bytes, created_at, traceparent, tracestate, status, attempts, available_at, is_cancelling, progress,
            outputs, stored_bytes, claimable_at)
        SELECT $1::uuid, key_id, $3, $4, $5::bigint, $6::bigint, $7, $14, $8, $9::integer, $10::bigint, false, 0, $12::jsonb, $11::bigint,
            clock_timestamp() + $13::bigint * interval '1 microsecond'
        FROM added
        RETURNING pg_notify('transcode_jobs', '')
        """)
    static let job = PostgresStatement("job.get", "SELECT \(JobRow.columns) FROM jobs WHERE id = $1::uuid")
    static let cancel = PostgresStatement(
        "job.cancel",
        """
        UPDATE jobs SET
            status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END,
            finished_at = CASE WHEN status = 'queued' THEN $2::bigint ELSE finished_at END,
            claimable_at = CASE WHEN status = 'queued' THEN NULL ELSE claimable_at END,
            is_cancelling = status = 'processing'
        WHERE id = $1::uuid AND status IN ('queued', 'processing')
        RETURNING \(JobRow.columns)
        """)
    static let remove = PostgresStatement(
        "job.remove",
        """
        WITH gone AS (
            DELETE FROM jobs WHERE id = $1::uuid AND status NOT IN ('queued', 'processing') RETURNING key_id, stored_bytes
        ), freed AS (
            UPDATE key_usage SET jobs = jobs - 1, used_bytes = used_bytes - gone.stored_bytes
            FROM gone WHERE key_usage.key_id = gone.key_id
        )
        SELECT 1 FROM gone
        """)

    static func list(_ query: JobQuery) -> (PostgresStatement, [PostgresValue]) {
        var name = "job.list"
        var conditions: [String] = []
        var values: [PostgresValue] = [.integer(query.limit)]
        func add(_ part: String, _ condition: String, _ value: PostgresValue) {
            values.append(value)
            name += "." + part
            conditions.append(condition + "$\(values.count)" + (part == "status" ? "" : "::uuid"))
        }
        if let id = query.keyID { add("key", "key_id = ", .text(id)) }
        if let status = query.status { add("status", "status = ", .text(status.rawValue)) }
        if let id = query.before { add("before", "id < ", .text(id)) }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        return (PostgresStatement(name, "SELECT \(JobRow.columns) FROM jobs\(filter) ORDER BY id DESC LIMIT $1::bigint"), values)
    }

    // MARK: Workers

    static let claim = PostgresStatement(
        "job.claim",
        """
        UPDATE jobs SET
            status = 'processing', attempts = attempts + 1, started_at = $2::bigint, progress = 0, worker = $1, claim_id = $3::uuid,
            claimable_at = clock_timestamp() + $4::bigint * interval '1 microsecond'
        WHERE id = (
            SELECT id FROM jobs WHERE status IN ('queued', 'processing') AND claimable_at <= clock_timestamp()
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING \(JobRow.columns)
        """)
    /// For a claim whose answer was lost.
    static let claimed = PostgresStatement(
        "job.claimed", "SELECT \(JobRow.columns) FROM jobs WHERE status IN ('queued', 'processing') AND claim_id = $1::uuid")
    static let renew = PostgresStatement(
        "job.renew",
        """
        UPDATE jobs SET claimable_at = clock_timestamp() + $3::bigint * interval '1 microsecond', progress = $4::double precision
        WHERE id = $1::uuid AND worker = $2 AND status = 'processing'
        RETURNING is_cancelling
        """)
    /// No row: the lease was lost. One that is not stored: its outputs would pass the quota of its key, whose row is locked first.
    static let finish = PostgresStatement(
        "job.finish",
        """
        WITH held AS (
            SELECT id, key_id, $14::bigint - stored_bytes AS growth,
                CASE WHEN is_cancelling AND $3 = 'queued' THEN 'cancelled' ELSE $3 END AS ending
            FROM jobs WHERE id = $1::uuid AND worker = $2 AND status = 'processing'
            FOR UPDATE
        ), counted AS (
            UPDATE key_usage AS usage SET used_bytes = usage.used_bytes + held.growth
            FROM held LEFT JOIN api_keys ON api_keys.id = held.key_id
            WHERE usage.key_id = held.key_id
                AND (held.growth <= 0 OR quota_bytes IS NULL OR usage.used_bytes + held.growth <= quota_bytes)
            RETURNING usage.key_id
        ), changed AS (
            UPDATE jobs SET
                status = held.ending, attempts = $4::integer, started_at = $5::bigint,
                finished_at = CASE WHEN held.ending = $3 THEN $6::bigint ELSE $7::bigint END,
                available_at = $8::bigint, is_cancelling = false, progress = $9::double precision, media = $10::jsonb,
                outputs = $11::jsonb, transcript = $12::jsonb, failure = $13::jsonb, stored_bytes = $14::bigint,
                claimable_at = CASE WHEN held.ending = 'queued' THEN clock_timestamp() + $15::bigint * interval '1 microsecond' END
            FROM held JOIN counted USING (key_id) WHERE jobs.id = held.id
            RETURNING jobs.id
        )
        SELECT changed.id IS NOT NULL AS is_stored,
            CASE WHEN changed.id IS NOT NULL AND ending = 'queued' THEN pg_notify('transcode_jobs', '') END
        FROM held LEFT JOIN changed USING (id)
        """)
    /// For a `finish` whose answer was lost: the job is as that one leaves it. A later claim would have counted another attempt.
    static let finished = PostgresStatement(
        "job.finished", "SELECT 1 FROM jobs WHERE id = $1::uuid AND worker = $2 AND status <> 'processing' AND attempts = $3::integer")

    // MARK: State

    static let usage = PostgresStatement("key.usage", "SELECT jobs, used_bytes FROM key_usage WHERE key_id = $1::uuid")
    static let usages = PostgresStatement(
        "key.usages",
        """
        SELECT name, quota_bytes, coalesce(jobs, 0) AS jobs, coalesce(used_bytes, 0) AS used_bytes
        FROM api_keys LEFT JOIN key_usage ON key_id = id ORDER BY name COLLATE "C"
        """)
    static let counts = PostgresStatement(
        "job.counts",
        """
        SELECT count(*) FILTER (WHERE status = 'queued') AS queued, count(*) FILTER (WHERE status = 'processing') AS processing
        FROM jobs WHERE status IN ('queued', 'processing')
        """)
    static let check = PostgresStatement("check", "SELECT 1")
}
