/// One upload and what becomes of it. Times are nanoseconds since 1970, sizes bytes.
package struct Job: Equatable, Sendable, Codable {
    /// UUID version 7 (RFC 9562 §5.7), lower case: the order of the texts is that of creation.
    package let id: String
    /// ``APIKey/id`` of the owner.
    package let keyID: String
    /// ``APIKey/name`` of the owner, for logs and metrics.
    package let keyName: String
    /// What the client called the file, cleaned; for people only, never part of a path.
    package let fileName: String
    package let inputBytes: UInt64
    package let createdAt: UInt64
    /// W3C `traceparent` of the request that created it, so that the work becomes part of the same trace.
    package let traceparent: String?
    /// Its `tracestate`; nil where it had none.
    package let tracestate: String?

    package var status: JobStatus = .queued
    /// How many times it was claimed.
    package var attempts = 0
    /// Of the last claim.
    package var startedAt: UInt64?
    /// When it reached a final status.
    package var finishedAt: UInt64?
    /// A retry is not claimed before.
    package var availableAt: UInt64
    /// Somebody asked to cancel it while it ran.
    package var isCancelling = false
    /// 0 to 1, over all of the job's steps.
    package var progress = 0.0
    package var media: MediaFacts?
    package var outputs: [JobOutput] = []
    package var transcript: Transcript?
    package var failure: JobFailure?

    package init(
        id: String, keyID: String, keyName: String, fileName: String, inputBytes: UInt64, createdAt: UInt64, traceparent: String? = nil,
        tracestate: String? = nil
    ) {
        self.id = id
        self.keyID = keyID
        self.keyName = keyName
        self.fileName = fileName
        self.inputBytes = inputBytes
        self.createdAt = createdAt
        self.traceparent = traceparent
        self.tracestate = tracestate
        availableAt = createdAt
    }

    /// What it holds of its owner's quota: the input and all outputs.
    package var storedBytes: UInt64 { inputBytes + outputs.reduce(0) { $0 + $1.bytes } + (transcript?.bytes ?? 0) }
}

package enum JobStatus: String, Sendable, Codable, CaseIterable {
    case queued
    case processing
    case completed
    case failed
    case cancelled

    package var isFinal: Bool { self != .queued && self != .processing }
}

/// What ffprobe found in the input.
package struct MediaFacts: Equatable, Sendable, Codable {
    package var durationSeconds: Double
    package var width: Int
    package var height: Int
    package var videoCodec: String
    package var audioCodec: String?

    package init(durationSeconds: Double, width: Int, height: Int, videoCodec: String, audioCodec: String?) {
        self.durationSeconds = durationSeconds
        self.width = width
        self.height = height
        self.videoCodec = videoCodec
        self.audioCodec = audioCodec
    }
}

/// One transcoded file.
package struct JobOutput: Equatable, Sendable, Codable {
    /// `360p`, `720p`.
    package var resolution: String
    package var bytes: UInt64
    /// How long the transcoding took.
    package var transcodeSeconds: Double
    /// ``bytes`` ÷ ``Job/inputBytes``.
    package var compressionRatio: Double

    package init(resolution: String, bytes: UInt64, transcodeSeconds: Double, compressionRatio: Double) {
        self.resolution = resolution
        self.bytes = bytes
        self.transcodeSeconds = transcodeSeconds
        self.compressionRatio = compressionRatio
    }
}

package struct Transcript: Equatable, Sendable, Codable {
    /// `base`; the label `whisper_model` of the metrics.
    package var model: String
    package var words: Int
    package var bytes: UInt64
    package var seconds: Double

    package init(model: String, words: Int, bytes: UInt64, seconds: Double) {
        self.model = model
        self.words = words
        self.bytes = bytes
        self.seconds = seconds
    }
}

/// Why a job failed for good.
package struct JobFailure: Equatable, Sendable, Codable {
    /// The label `error_type` of `jobs_failed_total`.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// The input is no video that ffprobe can read.
        case probe
        case transcode
        case transcription
        /// No room on the disk, or over the owner's quota.
        case storage
        case timeout
        case unknown
    }

    package var kind: Kind
    /// For the client: what was found, and the end of what ffmpeg wrote. No paths of this machine.
    package var message: String

    package init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }
}
