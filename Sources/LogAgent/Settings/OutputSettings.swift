import Configuration
import ConnectionSettings
import HTTP

/// Where batches go.
struct OutputSettings: Equatable, Sendable {
    var name: String
    var destination: Destination
    var batch: BatchSettings
    /// How many pushes may be on their way at once; those of one stream always go one after the other.
    var inFlight: Int
    var retry: RetrySettings

    enum Destination: Equatable, Sendable {
        case loki(LokiSettings)
        case directory(DirectorySettings)
        case stdout(StdoutSettings)
    }
}

struct LokiSettings: Equatable, Sendable {
    enum StreamsPerPush: String, Equatable, Sendable, CaseIterable { case one, many }
    enum Compression: String, Equatable, Sendable, CaseIterable { case gzip, none }
    enum Authorization: Equatable, Sendable {
        case none
        case basic(username: String, password: Secret)
        case bearer(Secret)
    }

    /// `http://host:port/loki/api/v1/push`, `https://…`, or a Unix socket as ``HTTPEndpoint`` takes it.
    var url: String
    /// Sent as `X-Scope-OrgID`.
    var tenantID: String?
    var authorization: Authorization
    /// Sent with every push, after our own.
    var headers: [HeaderSetting]
    var compression: Compression
    /// 1 (fastest) to 9.
    var compressionLevel: Int
    var streamsPerPush: StreamsPerPush
    var encoding = PushEncoding.json
    var tls = TLSClientSettings()
    /// nil: directly.
    var proxy: HTTPProxy?
}

struct DirectorySettings: Equatable, Sendable {
    var path: String
    /// Batches older than this are removed; nil: never.
    var retentionNanoseconds: UInt64?
    /// The oldest batches are removed above this size.
    var maximumBytes: UInt64
    var compressionLevel: Int
}

struct StdoutSettings: Equatable, Sendable {
    enum Format: String, Equatable, Sendable, CaseIterable {
        /// One object an entry, with everything that Loki would get.
        case json
        /// The lines as they stand in their files.
        case line
    }

    var format: Format
}
