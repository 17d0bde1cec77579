/// How jobs are processed.
struct WorkerSettings: Equatable, Sendable {
    struct Transcriber: Equatable, Sendable {
        /// A program and its arguments; `{input}` in an argument becomes the path of the uploaded file. What it writes to its standard
        /// output is the text.
        var command: [String]
        /// The label `whisper_model` of the metrics.
        var model: String
    }

    /// Jobs that are processed at once.
    /// 0: this instance answers requests only; others that share its store work.
    var count = 2
    /// Programs: paths, or names that are looked for on the `PATH`.
    var ffmpeg = "ffmpeg"
    var ffprobe = "ffprobe"
    /// Of one attempt at a job, all its steps together.
    var timeoutNanoseconds: UInt64 = 4 * 3600 * 1_000_000_000
    var resolutions = Resolution.allCases
    var transcriber: Transcriber?
    /// libx264's `-preset`: faster ones make larger files.
    var preset = "veryfast"
    /// What the file system of the data directory keeps free: no step starts that could take it below.
    var reservedDiskBytes: UInt64 = 512 * 1024 * 1024
    var limits = MediaLimits()
    var retries = RetryRule()
    /// For how long a job stays with a worker that nobody hears of.
    var leaseNanoseconds: UInt64 = 30_000_000_000
    /// How often leases are renewed. A cancellation that another instance took is noticed after at most this time.
    var renewalNanoseconds: UInt64 = 2_000_000_000
    /// Between TERM and KILL of a program that has to end.
    var graceNanoseconds: UInt64 = 5_000_000_000
    /// Between two looks for files that nobody needs any more.
    var sweepNanoseconds: UInt64 = 3600 * 1_000_000_000
}

/// The sizes that jobs are transcoded to. The shorter side of the picture counts, so that a portrait has as many lines as a landscape.
enum Resolution: String, Sendable, CaseIterable {
    case p360 = "360p"
    case p720 = "720p"

    /// Pixels of the shorter side.
    var shortSide: Int {
        switch self {
        case .p360: 360
        case .p720: 720
        }
    }

    /// What the encoder may use on average over a second or two.
    var maximumVideoBitsPerSecond: UInt64 {
        switch self {
        case .p360: 1_200_000
        case .p720: 3_500_000
        }
    }
}
