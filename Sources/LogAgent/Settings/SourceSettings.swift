/// Where lines come from and how they are read.
struct SourceSettings: Equatable, Sendable {
    enum StartPosition: String, Equatable, Sendable, CaseIterable { case beginning, end }
    enum Watch: String, Equatable, Sendable, CaseIterable {
        /// inotify, and polling where the file system does not support it.
        case auto
        case poll
    }

    var name: String
    var kind = Kind.file
    /// For sources that are no files.
    var capture = CaptureSettings()
    /// Glob patterns of absolute paths; `*`, `?`, `[…]`, `**` and `{a,b}`.
    var include: [String]
    /// Patterns without a slash match the file's name, others its whole path.
    var exclude: [String]
    /// Its named parts are fields of every line of a file whose path fits.
    var pathPattern: LinePattern? = nil
    /// For a file without a checkpoint that is there when the agent starts; later ones are read from their beginning.
    var startAt: StartPosition
    var watch: Watch
    /// How often files and directories are looked at where inotify does not work.
    var pollNanoseconds: UInt64
    var format: LineFormat
    /// What a container runtime has put around each line; what is within is of `format`.
    var envelope: LineEnvelope? = nil
    /// With an envelope: parts of a line that the rest does not follow for this long are the line. ``multiline`` has its own.
    var partialTimeoutNanoseconds = MultilineSettings.defaultTimeoutNanoseconds
    /// nil: every line is an entry.
    var multiline: MultilineSettings? = nil
    var timestamp: TimestampSettings?
    /// Loki stream labels, sorted by name.
    var labels: [NamedTemplate]
    /// Loki structured metadata, sorted by name.
    var metadata: [NamedTemplate]
    /// Longer lines are cut at a character's edge, marked and counted.
    var maximumLineBytes: Int
    var files = FileReadingSettings()
}

struct NamedTemplate: Equatable, Sendable {
    var name: String
    var template: FieldTemplate
}

/// Where a line's own time stands and how it is written.
struct TimestampSettings: Equatable, Sendable {
    /// Dotted path.
    var field: String
    var format: TimestampFormat
    /// Of times that name none; UTC where it is nil.
    var zone: TimestampZone?
}

enum TimestampFormat: Equatable, Sendable {
    case rfc3339
    /// RFC 3339, or `Oct 11 22:14:15`.
    case syslog
    case unix
    case unixMilliseconds
    case unixMicroseconds
    case unixNanoseconds
    /// `strptime(3)` directives plus `%f` (fraction of a second) and `%z` as `+hhmm`, `+hh:mm` or `Z`: see ``TimestampPattern``.
    case pattern(String)
}
