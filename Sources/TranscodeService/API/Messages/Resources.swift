import JobStore

/// A job as the API shows it.
struct JobResource: Encodable {
    struct Media: Encodable {
        var durationSeconds: Double
        var width: Int
        var height: Int
        var videoCodec: String
        var audioCodec: String?

        enum CodingKeys: String, CodingKey {
            case durationSeconds = "duration_seconds"
            case width, height
            case videoCodec = "video_codec"
            case audioCodec = "audio_codec"
        }
    }

    struct Output: Encodable {
        var resolution: String
        var bytes: UInt64
        var transcodeSeconds: Double
        var compressionRatio: Double
        var url: String

        enum CodingKeys: String, CodingKey {
            case resolution, bytes, url
            case transcodeSeconds = "transcode_seconds"
            case compressionRatio = "compression_ratio"
        }
    }

    struct Transcript: Encodable {
        var model: String
        var words: Int
        var bytes: UInt64
        var seconds: Double
        var url: String
    }

    struct Failure: Encodable {
        var type: String
        var message: String
    }

    var id: String
    var status: String
    var fileName: String
    var inputBytes: UInt64
    var createdAt: String
    var startedAt: String?
    var finishedAt: String?
    var progress: Double
    var attempts: Int
    /// Somebody asked to cancel it, and its worker has not stopped yet.
    var cancelling: Bool
    var media: Media?
    var outputs: [Output]
    var transcript: Transcript?
    var failure: Failure?

    enum CodingKeys: String, CodingKey {
        case id, status, progress, attempts, cancelling, media, outputs, transcript, failure
        case fileName = "filename"
        case inputBytes = "input_bytes"
        case createdAt = "created_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
    }

    init(_ job: Job) {
        let path = Self.path(of: job.id)
        id = job.id
        status = job.status.rawValue
        fileName = job.fileName
        inputBytes = job.inputBytes
        createdAt = WallTime.text(job.createdAt)
        startedAt = job.startedAt.map(WallTime.text)
        finishedAt = job.finishedAt.map(WallTime.text)
        progress = JSONMessage.finite(min(max(job.progress, 0), 1))
        attempts = job.attempts
        cancelling = job.isCancelling && !job.status.isFinal
        media = job.media.map {
            Media(
                durationSeconds: JSONMessage.finite($0.durationSeconds), width: $0.width, height: $0.height, videoCodec: $0.videoCodec,
                audioCodec: $0.audioCodec)
        }
        outputs = job.outputs.map {
            Output(
                resolution: $0.resolution, bytes: $0.bytes, transcodeSeconds: JSONMessage.finite($0.transcodeSeconds),
                compressionRatio: JSONMessage.finite($0.compressionRatio), url: "\(path)/outputs/\($0.resolution)")
        }
        transcript = job.transcript.map {
            Transcript(
                model: $0.model, words: $0.words, bytes: $0.bytes, seconds: JSONMessage.finite($0.seconds), url: "\(path)/transcript")
        }
        failure = job.failure.map { Failure(type: $0.kind.rawValue, message: $0.message) }
    }

    static func path(of id: String) -> String { "/api/v1/jobs/\(id)" }
}

struct JobListResource: Encodable {
    var jobs: [JobResource]
    /// For the query `cursor` of the next request; nil on the last page.
    var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case jobs
        case nextCursor = "next_cursor"
    }
}

/// What a key holds, for its owner.
struct UsageResource: Encodable {
    var apiKey: String
    var jobs: Int
    var usedBytes: UInt64
    /// nil: no limit.
    var quotaBytes: UInt64?

    enum CodingKeys: String, CodingKey {
        case jobs
        case apiKey = "api_key"
        case usedBytes = "used_bytes"
        case quotaBytes = "quota_bytes"
    }

    init(_ usage: StorageUsage) {
        apiKey = usage.keyName
        jobs = usage.jobs
        usedBytes = usage.usedBytes
        quotaBytes = usage.quotaBytes
    }
}

/// An API key, for administrators.
struct KeyResource: Codable {
    var id: String
    var name: String
    /// nil: no limit.
    var quotaBytes: UInt64?
    var createdAt: String
    var jobs: Int
    var usedBytes: UInt64
    /// The key itself, in the answer to its creation only.
    var key: String?

    enum CodingKeys: String, CodingKey {
        case id, name, jobs, key
        case quotaBytes = "quota_bytes"
        case createdAt = "created_at"
        case usedBytes = "used_bytes"
    }

    init(_ key: APIKey, usage: StorageUsage?, text: String? = nil) {
        id = key.id
        name = key.name
        quotaBytes = key.quotaBytes
        createdAt = WallTime.text(key.createdAt)
        jobs = usage?.jobs ?? 0
        usedBytes = usage?.usedBytes ?? 0
        self.key = text
    }
}

struct KeyListResource: Codable {
    var keys: [KeyResource]
}
