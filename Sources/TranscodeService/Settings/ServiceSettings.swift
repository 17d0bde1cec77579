import Configuration
import StructuredLogging

/// The whole configuration of one `transcode-service`, checked: every value is in its range.
struct ServiceSettings: Equatable, Sendable {
    /// `host:port` or `unix:/path`; port 0 lets the kernel choose.
    var listen: String
    /// Where uploads, outputs and the embedded store live.
    var dataDirectory: String
    /// nil: the embedded store.
    var databaseURL: Secret?
    /// nil: nobody may manage keys over HTTP.
    var adminToken: Secret?
    var log = LogSettings()
    var spans = SpanSettings()
    var workers = WorkerSettings()
    var limits = LimitSettings()

    /// Where the embedded store is.
    var storeDirectory: String { dataDirectory + "/store" }
}

struct LogSettings: Equatable, Sendable {
    /// The least that is written of what is no event.
    var level = LogLevel.info
    var toStandardOutput = true
    /// Opened anew on HUP.
    var file: String?
}

struct SpanSettings: Equatable, Sendable {
    /// OTLP as JSON, one request a line.
    var file: String?
    /// The base of an OTLP/HTTP collector, without `/v1/traces`.
    var endpoint: String?
    /// From 0 to 1: of the traces that begin here.
    var sampleRatio = 1.0
}

struct LimitSettings: Equatable, Sendable {
    /// Of one uploaded file.
    var uploadBytes: UInt64 = 10 << 30
}
