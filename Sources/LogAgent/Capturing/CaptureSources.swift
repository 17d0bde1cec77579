import Glibc
import Delivery
import HTTP
import Synchronization
import SystemIO

/// All sources that are no files: one thread each, from the start of the agent until each has ended.
final class CaptureSources: Sendable {
    private static let stackBytes = 512 * 1024

    /// One for each source that is no file, in the order of the settings.
    let states: [CaptureState]
    private let members: [Member]
    private let log: AgentLog
    /// The index in `members` of the service that the agent ends with.
    private let mainService: Int?
    private let progress: Mutex<Progress>

    private struct Member {
        let state: CaptureState
        let control: CaptureControl
        let run: @Sendable () -> ServiceEnding?
    }

    private struct Progress {
        var running: Int
        var stopSignal: Int32?
        var mainEnding: ServiceEnding?
        var threads: [WorkerThread] = []
        var didEnd: (@Sendable (Ending) -> Void)?
    }

    /// Why nothing more comes.
    enum Ending {
        /// A stop was asked for.
        case stopped
        case mainServiceEnded
        /// Every source has come to its end.
        case inputsEnded
    }

    /// Opens the logs and binds the sockets.
    init(_ settings: LogAgentSettings, log: AgentLog) throws(LogAgentError) {
        self.log = log
        var members: [Member] = []
        var mainService: Int?
        for (index, source) in settings.sources.enumerated() where source.kind != .file {
            let state: CaptureState
            let control: CaptureControl
            do throws(SystemError) {
                state = try CaptureState(source, dataDirectory: settings.dataDirectory, log: log)
                control = try CaptureControl()
            } catch {
                throw .start("\(error); source `\(source.name)` needs `data_dir` to be writable.")
            }
            if state.tornLines > 0 { log.tornLines(source: source.name, count: state.tornLines) }
            if settings.sources.mainService == index { mainService = members.count }
            members.append(try Self.member(source, state, control, log))
        }
        self.members = members
        self.mainService = mainService
        states = members.map(\.state)
        progress = Mutex(Progress(running: members.count))
    }

    private static func member(
        _ source: SourceSettings, _ state: CaptureState, _ control: CaptureControl, _ log: AgentLog
    ) throws(LogAgentError) -> Member {
        switch source.kind {
        case .file:
            preconditionFailure("a file needs no capture")
        case .stdin:
            let capture = StdinCapture(state: state, maximumLineBytes: source.maximumLineBytes, control: control)
            return Member(state: state, control: control) {
                capture.run()
                return nil
            }
        case .exec(let settings):
            let capture = ExecCapture(
                state: state, settings: settings, maximumLineBytes: source.maximumLineBytes, control: control, log: log)
            return Member(state: state, control: control) { capture.run() }
        case .syslog(let settings):
            do throws(HTTPServerError) {
                let capture = try SyslogCapture(
                    settings, state: state, maximumMessageBytes: source.maximumLineBytes, control: control, log: log)
                return Member(state: state, control: control) {
                    capture.run()
                    return nil
                }
            } catch {
                throw .start("source `\(source.name)` \(error); check its `listen`.")
            }
        }
    }

    var isEmpty: Bool { members.isEmpty }

    /// Starts the threads. `didEnd` is called once, when all have ended: nothing more comes into any log.
    func start(didEnd: @escaping @Sendable (Ending) -> Void) throws(LogAgentError) {
        progress.withLock { $0.didEnd = didEnd }
        for (index, member) in members.enumerated() {
            do throws(SystemError) {
                let thread = try WorkerThread("source.\(member.state.name)", stackBytes: Self.stackBytes) { [self] in
                    let ending = member.run()
                    finished(index, ending)
                }
                progress.withLock { $0.threads.append(thread) }
            } catch {
                throw .start("source `\(member.state.name)` got no thread: \(error)")
            }
        }
    }

    /// Asks every source to stop; a second time: at once. False where none runs.
    func stop(by signal: Int32) -> Bool {
        let isRunning = progress.withLock { progress in
            progress.stopSignal = progress.stopSignal ?? signal
            return progress.running > 0
        }
        for member in members { member.control.stop(by: signal) }
        return isRunning
    }

    /// Gives a signal to every service.
    func pass(_ signal: Int32) {
        for member in members where member.state.current.exec != nil { member.control.pass(signal) }
    }

    /// Once all have ended: the exit code of the main service, if there is one. One that ended by the signal that it was asked to stop with
    /// has done as it was told.
    var exitCode: Int32 {
        progress.withLock { progress in
            guard let ending = progress.mainEnding else { return 0 }
            if let signal = progress.stopSignal, ending == .signalled(signal) { return 0 }
            return ending.exitCode
        }
    }

    func join() {
        for thread in progress.withLock({ progress in exchange(&progress.threads, with: []) }) { thread.join() }
    }

    private func finished(_ index: Int, _ ending: ServiceEnding?) {
        let member = members[index]
        member.state.update { $0.hasEnded = true }
        if ending == nil { log.sourceEnded(member.state.name) }
        let stopsAll: Bool = progress.withLock { progress in
            guard index == mainService else { return false }
            progress.mainEnding = ending
            return progress.stopSignal == nil
        }
        if stopsAll { for other in members { other.control.stop(by: SIGTERM) } }
        let last: (didEnd: @Sendable (Ending) -> Void, Ending)? = progress.withLock { progress in
            progress.running -= 1
            guard progress.running == 0, let didEnd = progress.didEnd.take() else { return nil }
            let ending: Ending =
                if progress.stopSignal != nil { .stopped } else if progress.mainEnding != nil { .mainServiceEnded } else { .inputsEnded }
            return (didEnd, ending)
        }
        if let last { last.didEnd(last.1) }
    }
}
