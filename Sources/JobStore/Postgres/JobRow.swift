import PostgreSQL

/// Jobs and keys as rows.
enum JobRow {
    static let columns = """
        id, key_id, key_name, file_name, input_bytes, created_at, traceparent, tracestate, status, attempts, started_at, finished_at, \
        available_at, is_cancelling, progress, media, outputs, transcript, failure
        """

    static func job(_ row: PostgresRow) throws(JobStoreError) -> Job {
        var job = try JobStoreError.mapping { () throws(PostgresError) in
            var job = Job(
                id: try row.value("id"), keyID: try row.value("key_id"), keyName: try row.value("key_name"),
                fileName: try row.value("file_name"), inputBytes: try row.value("input_bytes"), createdAt: try row.value("created_at"),
                traceparent: try row.optional("traceparent"), tracestate: try row.optional("tracestate"))
            job.attempts = try row.value("attempts")
            job.startedAt = try row.optional("started_at")
            job.finishedAt = try row.optional("finished_at")
            job.availableAt = try row.value("available_at")
            job.isCancelling = try row.value("is_cancelling")
            job.progress = try row.value("progress")
            return job
        }
        let status = try JobStoreError.mapping { () throws(PostgresError) in try row.value("status", as: String.self) }
        guard let known = JobStatus(rawValue: status) else { throw .broken("job \(job.id) has the unknown status \(status)") }
        job.status = known
        job.media = try decode(row, "media", of: job.id)
        job.outputs = try decode(row, "outputs", of: job.id) ?? []
        job.transcript = try decode(row, "transcript", of: job.id)
        job.failure = try decode(row, "failure", of: job.id)
        return job
    }

    private static func decode<Value: Decodable>(_ row: PostgresRow, _ column: String, of id: String) throws(JobStoreError) -> Value? {
        let text = try JobStoreError.mapping { () throws(PostgresError) in try row.optional(column, as: String.self) }
        guard let text else { return nil }
        return try StoredJSON.decode(Value.self, from: text.utf8, of: "\(column) of job \(id)")
    }

    static func json(_ value: (some Encodable)?) throws(JobStoreError) -> PostgresValue {
        guard let value else { return .null }
        return .text(String(decoding: try StoredJSON.encode(value), as: UTF8.self))
    }

    static func key(_ row: PostgresRow) throws(PostgresError) -> APIKey {
        APIKey(
            id: try row.value("id"), name: try row.value("name"), hash: try row.value("hash"),
            quotaBytes: try row.optional("quota_bytes"), createdAt: try row.value("created_at"))
    }

    static func usage(_ row: PostgresRow, of name: String, quota: UInt64?) throws(PostgresError) -> StorageUsage {
        StorageUsage(keyName: name, jobs: try row.value("jobs"), usedBytes: try row.value("used_bytes"), quotaBytes: quota)
    }
}

extension String {
    /// As PostgreSQL can store it: NUL is the one character that its texts can't have.
    var storable: String { utf8.contains(0) ? String(map { $0 == "\0" ? "\u{fffd}" : $0 }) : self }
}

extension Job {
    /// With texts that PostgreSQL can store.
    var storable: Job {
        var job = Job(
            id: id, keyID: keyID, keyName: keyName.storable, fileName: fileName.storable, inputBytes: inputBytes, createdAt: createdAt,
            traceparent: traceparent?.storable, tracestate: tracestate?.storable)
        job.status = status
        job.attempts = attempts
        job.startedAt = startedAt
        job.finishedAt = finishedAt
        job.availableAt = availableAt
        job.isCancelling = isCancelling
        job.progress = progress
        job.media = media.map {
            MediaFacts(
                durationSeconds: $0.durationSeconds, width: $0.width, height: $0.height, videoCodec: $0.videoCodec.storable,
                audioCodec: $0.audioCodec?.storable)
        }
        job.outputs = outputs
        job.transcript = transcript
        job.failure = failure.map { JobFailure(kind: $0.kind, message: $0.message.storable) }
        return job
    }
}
