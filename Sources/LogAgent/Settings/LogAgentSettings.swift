import Configuration
import ConnectionSettings

/// The whole configuration of one `log-agent`, checked: every value is in its range, every reference resolves.
struct LogAgentSettings: Equatable, Sendable {
    /// Where checkpoint, ledger, dead letters and capture segments live.
    var dataDirectory: String
    /// One ceiling for read buffers, open batches and batches in flight, in bytes.
    var memoryBytes: Int
    var server: ServerSettings
    var sources: [SourceSettings]
    var transforms: [TransformSettings]
    var metrics: [MetricSettings]
    var outputs: [OutputSettings]
    var spill = SpillSettings()
}

/// A constant text, or the value of a field of the line.
enum FieldTemplate: Equatable, Sendable {
    case constant(String)
    /// Dotted path, without the `$` that marks it in the configuration.
    case field(String)
}
