import ConnectionSettings

/// The whole configuration of one `trace-collector`, checked: every value is in its range.
struct TraceCollectorSettings: Equatable, Sendable {
    /// Where the buffer and its cursors live.
    var dataDirectory: String
    /// Of `/metrics` and the other admin endpoints.
    var server: ServerSettings
    /// nil: no requests are received.
    var otlpHTTP: OTLPReceiverSettings?
    /// Of OTLP in JSON, a request a line.
    var files: [FileReceiverSettings]
    /// nil: everything is kept.
    var sampling: TailSampler.Settings?
    /// nil: none.
    var spanMetrics: SpanMetrics.Settings?
    /// nil: none.
    var serviceGraph: ServiceGraphMetrics.Settings?
    var buffer: BufferSettings
    var outputs: [OutputSettings]
}

struct OTLPReceiverSettings: Equatable, Sendable {
    var server: ServerSettings
    /// Of a request after its compression is undone.
    var maximumRequestBytes: Int
    /// How many clients may be connected at a time.
    var maximumConnections: Int

    /// Of request bodies that are being received together, and again of what they are inflated to.
    var bytesInFlight: Int { max(64 << 20, 2 * maximumRequestBytes) }
}

struct FileReceiverSettings: Equatable, Sendable {
    var include: [String]
    var exclude: [String]
    /// Of a line; longer ones are passed over, and counted.
    var maximumLineBytes: Int
}

struct BufferSettings: Equatable, Sendable {
    var maximumBytes: UInt64 = 1 << 30
    var synchronization = SegmentLog.Synchronization.never
}
