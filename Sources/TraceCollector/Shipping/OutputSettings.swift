import Configuration
import ConnectionSettings
import HTTP

/// Where spans go.
struct OutputSettings: Equatable, Sendable {
    enum Destination: Equatable, Sendable {
        case otlp(OTLPSettings)
        case directory(DirectorySettings)
    }

    var name: String
    var destination: Destination
    var compression: RequestBody.Compression
    /// 1 (fastest) to 9, for what is compressed here.
    var compressionLevel: Int
    var batch: BatchSettings
    var retry: RetrySettings
}

struct OTLPSettings: Equatable, Sendable {
    var url: String
    /// Sent with every request, after our own.
    var headers: [HeaderSetting] = []
    var bearerToken: Secret?
    /// Sent as `X-Scope-OrgID`.
    var tenantID: String?
    var tls = TLSClientSettings()
    /// nil: directly.
    var proxy: HTTPProxy?
    /// Requests on their way at once, where a full batch waits behind another.
    var inFlight = 4
}

struct DirectorySettings: Equatable, Sendable {
    var path: String
    /// Files older than this are removed; nil: never.
    var retentionNanoseconds: UInt64?
    /// The oldest files are removed above this size.
    var maximumBytes: UInt64
}
