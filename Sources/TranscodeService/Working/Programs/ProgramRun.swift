import Glibc
import SystemIO

/// One run of ffprobe, ffmpeg or the transcriber: no shell, no input, a process group of its own, its output read as it comes, and
/// ended by TERM, then KILL, when it is stopped or takes too long. The kernel kills it when this process dies.
struct ProgramRun: Sendable {
    /// How long pipes that others hold are waited for once the program has ended.
    private static let pipeNanoseconds: UInt64 = 1_000_000_000
    /// After KILL, a program that the kernel can't end (it waits for a dead disk) is left to itself.
    private static let killNanoseconds: UInt64 = 60_000_000_000
    private static let lookMilliseconds = 100
    private static let readBytes = 64 * 1024

    /// The program, then its arguments.
    let arguments: [String]
    /// `NAME=value`.
    let environment: [String]
    let workingDirectory: String
    /// Monotonic: when it is stopped.
    let deadline: UInt64
    let graceNanoseconds: UInt64
    /// The largest file that it may write.
    let maximumFileBytes: UInt64?
    /// The path of a program that begins with ``SupervisedProcess/launch(_:)``.
    let launcher: String

    /// Until the program and everything that it has started have ended. `take` gets what it writes to its standard output, on this
    /// thread, and says whether it may go on.
    func run(_ control: JobControl, started: (pid_t) -> Void, take: (UnsafeRawBufferPointer) -> Bool) -> ProgramReport {
        var report = ProgramReport(program: arguments[0], startedAt: SystemClock.wallNanoseconds())
        let start = SystemClock.monotonicNanoseconds()
        var restraints = SupervisedProcess.Restraints()
        // Nothing that it has written so far is of use to anybody.
        restraints.deathSignal = SIGKILL
        restraints.maximumFileBytes = maximumFileBytes
        restraints.niceness = 5
        restraints.outOfMemoryScore = 500
        do throws(SystemError) {
            let process = try SupervisedProcess(
                [Self.absolute(arguments[0])] + arguments.dropFirst(), environment: environment, workingDirectory: workingDirectory,
                restraints: restraints, launcher: launcher)
            report.pid = process.pid
            started(process.pid)
            var supervision = Supervision()
            supervise(process, control, &supervision, take)
            if !supervision.hasEnded {
                report.ending = supervision.stop ?? .timedOut
            } else {
                let ending = process.reap()
                report.ending = supervision.stop ?? ProgramEnding(ending)
            }
            report.errorText = supervision.errorTail.text
        } catch {
            report.ending = .notStarted(error)
        }
        report.nanoseconds = SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
        return report
    }

    /// A path is this process's, not one of the working directory that the program gets; a name is looked for on the `PATH`.
    private static func absolute(_ program: String) -> String {
        guard program.utf8.contains(UInt8(ascii: "/")), !program.hasPrefix("/"), let directory = getcwd(nil, 0) else { return program }
        defer { free(directory) }
        return String(cString: directory) + "/" + program
    }

    private struct Supervision {
        /// Why it was told to end.
        var stop: ProgramEnding?
        var hasEnded = false
        var errorTail = ErrorTail()
    }

    private func supervise(
        _ process: borrowing SupervisedProcess, _ control: JobControl, _ state: inout Supervision, _ take: (UnsafeRawBufferPointer) -> Bool
    ) {
        var (outputIsOpen, errorIsOpen) = (true, true)
        var outputIsWanted = true
        // Monotonic times.
        var killAt: UInt64?
        var giveUpAt: UInt64?
        var buffer = [UInt8](repeating: 0, count: Self.readBytes)
        while true {
            let now = SystemClock.monotonicNanoseconds()
            if !state.hasEnded && process.hasEnded {
                state.hasEnded = true
                // What it has left behind has nobody to lead it.
                process.signalGroup(SIGKILL)
                giveUpAt = now + Self.pipeNanoseconds
            }
            if state.hasEnded && !outputIsOpen && !errorIsOpen { return }
            if let giveUpAt, now >= giveUpAt { return }
            if !state.hasEnded && state.stop == nil {
                if let reason = control.stopReason {
                    state.stop = .stopped(reason)
                } else if now >= deadline {
                    state.stop = .timedOut
                } else if !outputIsWanted {
                    state.stop = .wroteTooMuch
                }
                if state.stop != nil {
                    process.signalGroup(SIGTERM)
                    killAt = now + graceNanoseconds
                }
            }
            if let kill = killAt, now >= kill, !state.hasEnded, giveUpAt == nil {
                process.signalGroup(SIGKILL)
                giveUpAt = now + Self.killNanoseconds
            }
            let ready = Poll.readable(
                [
                    outputIsOpen ? process.output.rawValue : -1, errorIsOpen ? process.error.rawValue : -1,
                    state.hasEnded ? -1 : process.endDescriptor, state.stop == nil && !state.hasEnded ? control.event.rawValue : -1,
                ],
                milliseconds: waitMilliseconds(
                    until: giveUpAt ?? killAt ?? deadline, now: now, looks: !state.hasEnded && process.endDescriptor < 0))
            if ready[0] {
                outputIsOpen = Self.read(process.output, &buffer) { bytes in
                    if outputIsWanted { outputIsWanted = take(bytes) }
                }
            }
            if ready[1] { errorIsOpen = Self.read(process.error, &buffer) { state.errorTail.append($0) } }
        }
    }

    /// False at the end of the pipe.
    private static func read(
        _ pipe: borrowing FileDescriptor, _ buffer: inout [UInt8], _ take: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        buffer.withUnsafeMutableBytes { raw in
            // A pipe that can't be read is at its end.
            guard let count = (try? pipe.read(into: raw)) ?? nil, count > 0 else { return false }
            take(UnsafeRawBufferPointer(rebasing: raw[..<count]))
            return true
        }
    }

    private func waitMilliseconds(until: UInt64, now: UInt64, looks: Bool) -> Int {
        let milliseconds = until > now ? Int(min(until - now, 3_600_000_000_000) / 1_000_000) + 1 : 0
        return looks ? min(milliseconds, Self.lookMilliseconds) : milliseconds
    }
}

/// How a program ended.
enum ProgramEnding: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case notStarted(SystemError)
    /// The job was stopped, and the program with it.
    case stopped(JobControl.StopReason)
    case timedOut
    /// More on its standard output than anybody wants.
    case wroteTooMuch

    init(_ ending: SupervisedProcess.Ending) {
        switch ending {
        case .exited(let code): self = .exited(code)
        case .signalled(let number): self = .signalled(number)
        }
    }
}

struct ProgramReport: Sendable {
    /// As configured: a name or a path.
    let program: String
    var pid: pid_t?
    /// Nanoseconds since 1970.
    let startedAt: UInt64
    /// How long it ran.
    var nanoseconds: UInt64 = 0
    var ending = ProgramEnding.exited(0)
    /// The end of its standard error, as it wrote it.
    var errorText = ""

    init(program: String, startedAt: UInt64) {
        self.program = program
        self.startedAt = startedAt
    }
}
