import Glibc
import SystemIO

/// What there is to know of a service that the agent runs.
struct ExecCounts: Sendable {
    /// nil while it does not run.
    var pid: Int32?
    /// Wall clock of its last start, nanoseconds since 1970; 0 before the first.
    var startedAt: UInt64 = 0
    var starts: UInt64 = 0
    var lastEnding: ServiceEnding?
    /// Wall clock of the next start; nil when none is planned.
    var nextStartAt: UInt64?

    var restarts: UInt64 { starts > 0 ? starts - 1 : 0 }
}

/// The names of signals that services get.
enum SignalName {
    static func of(_ number: Int32) -> String {
        switch number {
        case SIGTERM: "TERM"
        case SIGINT: "INT"
        case SIGHUP: "HUP"
        case SIGUSR1: "USR1"
        case SIGUSR2: "USR2"
        case SIGKILL: "KILL"
        case SIGSEGV: "SEGV"
        case SIGABRT: "ABRT"
        case SIGPIPE: "PIPE"
        case SIGBUS: "BUS"
        case SIGQUIT: "QUIT"
        default: "\(number)"
        }
    }
}

extension SystemError {
    var isMissingFile: Bool { code == ENOENT }
}
