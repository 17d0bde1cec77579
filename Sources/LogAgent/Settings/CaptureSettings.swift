/// How much of a source that is no file may lie on the disk.
struct CaptureSettings: Equatable, Sendable {
    static let defaultMaximumBytes: UInt64 = 256 << 20

    /// Of all segments of the source together: not delivered yet, or not removed yet.
    var maximumBytes = defaultMaximumBytes

    /// A segment is removed as a whole, so there are several.
    var segmentBytes: UInt64 { min(8 << 20, max(64 << 10, maximumBytes / 8)) }
}

/// A service that the agent runs, to take its output.
struct ExecSettings: Equatable, Sendable {
    enum Restart: String, Equatable, Sendable, CaseIterable {
        case never
        /// When it ended with another code than 0, or by a signal.
        case onFailure = "on_failure"
        case always
    }

    /// The program, looked for on the `PATH` where it has no slash, and its arguments.
    var command: [String]
    /// Set beside, or in place of, the agent's own environment; sorted by name.
    var environment: [EnvironmentVariable]
    /// nil: that of the agent.
    var workingDirectory: String?
    var restart: Restart
    var minimumBackoffNanoseconds: UInt64
    var maximumBackoffNanoseconds: UInt64
    /// How long the service may take to end after it was asked to.
    var stopNanoseconds: UInt64
    /// The agent ends with it, and with its exit code; nil: where no other source is a service.
    var isMain: Bool?
}

struct EnvironmentVariable: Equatable, Sendable {
    var name: String
    var value: String
}

/// Where syslog messages come in.
struct SyslogSettings: Equatable, Sendable {
    var listen: [SyslogAddress]
    var maximumConnections: Int
    /// A connection on which a message was begun and does not go on for this long is closed.
    var messageTimeoutNanoseconds: UInt64
}

enum SyslogAddress: Equatable, Sendable, CustomStringConvertible {
    /// `host:port`.
    case udp(String)
    case tcp(String)
    /// Paths of sockets in the file system.
    case unixStream(String)
    case unixDatagram(String)

    static let schemes = ["udp", "tcp", "unix", "unixgram"]

    var description: String {
        switch self {
        case .udp(let address): "udp:\(address)"
        case .tcp(let address): "tcp:\(address)"
        case .unixStream(let path): "unix:\(path)"
        case .unixDatagram(let path): "unixgram:\(path)"
        }
    }
}

extension [SourceSettings] {
    /// The service that the agent ends with, by its index.
    var mainService: Int? {
        let services = indices.filter { if case .exec = self[$0].kind { true } else { false } }
        return services.first {
            guard case .exec(let settings) = self[$0].kind else { return false }
            return settings.isMain ?? (services.count == 1)
        }
    }
}

extension SourceSettings {
    /// What lines come from.
    enum Kind: Equatable, Sendable {
        case file
        case stdin
        case exec(ExecSettings)
        case syslog(SyslogSettings)

        static let names = ["file", "stdin", "exec", "syslog"]

        /// The logs that such a source is captured into, by name; none for files.
        var streams: [String] {
            switch self {
            case .file: []
            case .stdin: ["stdin"]
            case .exec: ["stdout", "stderr"]
            case .syslog: ["syslog"]
            }
        }
    }

    /// What its lines come from, in a few words.
    var place: String {
        switch kind {
        case .file: include.joined(separator: " ")
        case .stdin: "standard input"
        case .exec(let settings): "exec " + settings.command.joined(separator: " ")
        case .syslog(let settings): "listens on " + settings.listen.map(\.description).joined(separator: " ")
        }
    }

    /// One for each of its streams, in the same order.
    func captureDirectories(in dataDirectory: String) -> [String] {
        kind.streams.map { "\(CaptureState.directory(of: name, dataDirectory: dataDirectory))/\($0)" }
    }
}
