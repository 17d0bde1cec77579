import PostgreSQL
import SystemIO
import TestSupport
import Testing

@testable import JobStore

/// The stores that the common tests run against.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case file
    case postgres

    var testDescription: String { rawValue }
}

let hour: UInt64 = 3_600_000_000_000
let milliseconds: UInt64 = 1_000_000

func now() -> UInt64 { SystemClock.wallNanoseconds() }

func makeKey(_ name: String = "studio", quota: UInt64? = nil, secret: String? = nil) -> APIKey {
    APIKey(id: UUIDv7.next(), name: name, hash: KeyHash.of(secret ?? "secret of \(name)"), quotaBytes: quota, createdAt: now())
}

func makeJob(of key: APIKey, bytes: UInt64 = 100, file: String = "holiday.mp4") -> Job {
    Job(id: UUIDv7.next(), keyID: key.id, keyName: key.name, fileName: file, inputBytes: bytes, createdAt: now())
}

/// All that a job can hold.
func fullJob(from claimed: Job, _ status: JobStatus = .completed) -> Job {
    var job = claimed
    job.status = status
    job.finishedAt = now()
    job.progress = 1
    job.media = MediaFacts(durationSeconds: 12.5, width: 1920, height: 1080, videoCodec: "h264", audioCodec: "aac")
    job.outputs = [
        JobOutput(resolution: "360p", bytes: 40, transcodeSeconds: 1.25, compressionRatio: 0.4),
        JobOutput(resolution: "720p", bytes: 80, transcodeSeconds: 2.5, compressionRatio: 0.8),
    ]
    job.transcript = Transcript(model: "base", words: 42, bytes: 300, seconds: 3.5)
    return job
}

extension JobStoring {
    func claim(_ worker: String, lease: UInt64 = hour) throws -> Job? {
        try claim(worker: worker, now: now(), leaseNanoseconds: lease)
    }

    func renew(_ id: String, _ worker: String, lease: UInt64 = hour, progress: Double = 0) throws -> LeaseState {
        try renew(id, worker: worker, now: now(), leaseNanoseconds: lease, progress: progress)
    }

    func cancel(_ id: String) throws -> Job? { try cancel(id: id, now: now()) }
}

/// Gives `body` an empty store.
func withStore(_ kind: StoreKind, _ body: (any JobStoring) throws -> Void) throws {
    try withStores(kind, count: 1) { try body($0[0]) }
}

/// Gives `body` that many instances of one empty store; of a file store, which has one instance, the same again.
func withStores(_ kind: StoreKind, count: Int, _ body: ([any JobStoring]) throws -> Void) throws {
    switch kind {
    case .file:
        try withMemoryDirectory { directory throws in
            let store = try FileJobStore(directory: directory)
            defer { store.close() }
            try body(Array(repeating: store, count: count))
        }
    case .postgres:
        let database = try PostgresServer.shared().newDatabase()
        let stores = try (0..<count).map { _ in try PostgresJobStore(PostgresSettings(database)) }
        defer { for store in stores { store.close() } }
        try body(stores)
    }
}
