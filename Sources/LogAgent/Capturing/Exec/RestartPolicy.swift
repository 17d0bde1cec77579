import SystemIO

/// When a service that has ended is started again. A value without a clock.
///
/// | ends after less than 10 s, in a row | 1 | 2 | 3 | 4 | 5 | 6 | 7 … |
/// |---|---|---|---|---|---|---|---|
/// | is started again after (min 1 s, max 60 s) | 1 s | 2 s | 4 s | 8 s | 16 s | 32 s | 60 s |
struct RestartPolicy: Equatable, Sendable {
    /// One that has run this long has started well: the next pause is the shortest again.
    static let steadyNanoseconds: UInt64 = 10_000_000_000

    private let settings: ExecSettings
    private var shortRuns = 0

    init(_ settings: ExecSettings) {
        self.settings = settings
    }

    /// How long to wait before the next start; nil when there is none.
    mutating func pause(after ending: ServiceEnding, ranNanoseconds: UInt64) -> UInt64? {
        switch settings.restart {
        case .never: return nil
        case .onFailure where ending == .exited(0): return nil
        case .onFailure, .always: break
        }
        shortRuns = ranNanoseconds >= Self.steadyNanoseconds ? 1 : shortRuns + 1
        let (doubled, isOver) = settings.minimumBackoffNanoseconds.multipliedReportingOverflow(by: 1 << UInt64(min(shortRuns - 1, 40)))
        return isOver ? settings.maximumBackoffNanoseconds : min(doubled, settings.maximumBackoffNanoseconds)
    }
}

/// How a service ended.
enum ServiceEnding: Equatable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)
    /// It could not be started.
    case notStarted(SystemError)

    init(_ ending: SupervisedProcess.Ending) {
        switch ending {
        case .exited(let code): self = .exited(code)
        case .signalled(let number): self = .signalled(number)
        }
    }

    /// As a shell has it: 128 and the number of the signal; 127 for a program that is not there, 126 for one that can't be run.
    var exitCode: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let number): 128 + number
        case .notStarted(let error): error.isMissingFile ? 127 : 126
        }
    }

    var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let number): "signal \(SignalName.of(number))"
        case .notStarted(let error): "not started: \(error)"
        }
    }
}
