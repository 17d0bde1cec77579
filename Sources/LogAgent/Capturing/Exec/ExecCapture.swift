import Glibc
import SystemIO

/// `type: "exec"`: runs a service, takes what it writes, and starts it again as its policy says.
///
/// The service is no child of a shell, leads a process group of its own, and gets TERM from the kernel should the agent end without
/// having stopped it.
struct ExecCapture: Sendable {
    /// How long the pipes of a service that has ended may be held open by others after those got KILL.
    private static let pipeNanoseconds: UInt64 = 1_000_000_000
    /// How often a service is looked at where the kernel can't tell of its end.
    private static let lookMilliseconds = 100

    let state: CaptureState
    let settings: ExecSettings
    let maximumLineBytes: Int
    let control: CaptureControl
    let log: AgentLog

    /// Until the service has ended for good. Gives how.
    func run() -> ServiceEnding {
        var policy = RestartPolicy(settings)
        var output = CapturedPipe(state, stream: 0, maximumLineBytes: maximumLineBytes)
        var error = CapturedPipe(state, stream: 1, maximumLineBytes: maximumLineBytes)
        while true {
            let start = SystemClock.monotonicNanoseconds()
            let ending = runOnce(&output, &error)
            let ran = SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
            let pause = control.stop == nil ? policy.pause(after: ending, ranNanoseconds: ran) : nil
            log.serviceEnded(state.name, ending, ranNanoseconds: ran, restartNanoseconds: pause)
            state.update { counts in
                counts.exec?.pid = nil
                counts.exec?.lastEnding = ending
                counts.exec?.nextStartAt = pause.map { SystemClock.wallNanoseconds() + $0 }
            }
            guard let pause, wait(pause) else {
                finish(&output, &error)
                state.update { $0.exec?.nextStartAt = nil }
                return ending
            }
        }
    }

    /// False when a stop came.
    private func wait(_ nanoseconds: UInt64) -> Bool {
        let until = SystemClock.monotonicNanoseconds() + nanoseconds
        while control.stop == nil {
            let now = SystemClock.monotonicNanoseconds()
            if now >= until { return true }
            if Poll.readable([control.event.rawValue], milliseconds: Int((until - now) / 1_000_000) + 1)[0] { control.event.drain() }
            // There is nobody to pass them on to.
            _ = control.takeSignals()
        }
        return false
    }

    private func runOnce(_ output: inout CapturedPipe, _ error: inout CapturedPipe) -> ServiceEnding {
        let process: SupervisedProcess
        do throws(SystemError) {
            process = try SupervisedProcess(
                settings.command, environment: environment(), workingDirectory: settings.workingDirectory)
        } catch {
            return .notStarted(error)
        }
        let pid = process.pid
        state.update { counts in
            counts.exec?.pid = pid
            counts.exec?.starts += 1
            counts.exec?.startedAt = SystemClock.wallNanoseconds()
            counts.exec?.nextStartAt = nil
        }
        log.serviceStarted(state.name, pid: pid, command: settings.command)
        supervise(process, &output, &error)
        return ServiceEnding(process.reap())
    }

    /// Takes what the service writes until it has ended and nobody holds its pipes any more.
    private func supervise(_ process: borrowing SupervisedProcess, _ output: inout CapturedPipe, _ error: inout CapturedPipe) {
        var (outputIsOpen, errorIsOpen) = (true, true)
        var isStopping = false
        var hasEnded = false
        /// Monotonic times at which the group gets KILL, and at which its pipes are given up.
        var killAt: UInt64?
        var giveUpAt: UInt64?
        while !hasEnded || outputIsOpen || errorIsOpen {
            let now = SystemClock.monotonicNanoseconds()
            for signal in control.takeSignals() where !hasEnded { process.signal(signal) }
            if let stop = control.stop {
                if !isStopping {
                    isStopping = true
                    if !hasEnded { process.signal(stop.signal) }
                    killAt = now + settings.stopNanoseconds
                }
                if stop.isImmediate && giveUpAt == nil { killAt = now }
            }
            if let kill = killAt, now >= kill, giveUpAt == nil {
                process.signalGroup(SIGKILL)
                giveUpAt = now + Self.pipeNanoseconds
            }
            // A process that has left the group may hold a pipe for as long as it likes.
            if let giveUpAt, hasEnded, now >= giveUpAt { break }
            if !hasEnded && process.hasEnded {
                hasEnded = true
                // What is left of the group has nobody to lead it.
                process.signalGroup(SIGTERM)
                if killAt == nil { killAt = now + settings.stopNanoseconds }
                continue
            }
            let outputFlows = output.flush()
            let errorFlows = error.flush()
            let isBlocked = !outputFlows || !errorFlows
            if !isBlocked { state.note(nil) }
            let ready = Poll.readable(
                [
                    outputIsOpen && outputFlows ? process.output.rawValue : -1, errorIsOpen && errorFlows ? process.error.rawValue : -1,
                    hasEnded ? -1 : process.endDescriptor, control.event.rawValue, isBlocked ? state.budget.roomMade.rawValue : -1,
                ],
                milliseconds: waitMilliseconds(
                    until: giveUpAt ?? killAt, now: now, isBlocked: isBlocked, looks: !hasEnded && process.endDescriptor < 0))
            if ready[3] { control.event.drain() }
            if ready[4] { state.budget.roomMade.drain() }
            if ready[0] { outputIsOpen = output.read(process.output.rawValue) }
            if ready[1] { errorIsOpen = error.read(process.error.rawValue) }
        }
        output.finish()
        error.finish()
    }

    private func waitMilliseconds(until: UInt64?, now: UInt64, isBlocked: Bool, looks: Bool) -> Int? {
        var milliseconds: [Int] = []
        if let until { milliseconds.append(until > now ? Int(min(until - now, 3_600_000_000_000) / 1_000_000) + 1 : 0) }
        if isBlocked { milliseconds.append(CaptureState.diskRetryMilliseconds) }
        if looks { milliseconds.append(Self.lookMilliseconds) }
        return milliseconds.min()
    }

    /// What is still waiting gets into the logs, if that can be.
    private func finish(_ output: inout CapturedPipe, _ error: inout CapturedPipe) {
        let start = SystemClock.monotonicNanoseconds()
        while true {
            let outputIsWritten = output.flush()
            let errorIsWritten = error.flush()
            if outputIsWritten && errorIsWritten { break }
            let waited = SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
            if let stop = control.stop, stop.isImmediate || waited >= CaptureControl.lastWriteNanoseconds { break }
            state.waitForRoom(control)
        }
        if output.isBlocked { output.giveUp() }
        if error.isBlocked { error.giveUp() }
        if !output.isBlocked && !error.isBlocked { state.note(nil) }
        output.seal()
        error.seal()
    }

    /// The agent's own, with what the settings say, as `NAME=value`.
    private func environment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            let name = text.prefix { $0 != "=" }
            if !settings.environment.contains(where: { $0.name == name }) { variables.append(text) }
            next += 1
        }
        return variables + settings.environment.map { "\($0.name)=\($0.value)" }
    }
}
