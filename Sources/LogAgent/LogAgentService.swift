import CommandLineInterface
import Glibc
import HTTP
import JSONScanning
import Metrics
import StructuredLogging
import SystemIO
import Tailing

/// Builds the stages of one agent and joins them: the file to read first.
///
/// `TailSet` finds and follows files → `Reader` reads them in turn → `LinePipeline` parses, derives, filters and batches each line →
/// `OutputSender` compresses and sends → acknowledgements come back to `Reader`, which moves the cursors → `Checkpoint` saves both.
struct LogAgentService {
    /// How long stopping may take: sending what was read, and saving.
    static let stopNanoseconds: UInt64 = 10_000_000_000

    let settings: LogAgentSettings
    let log: AgentLog

    /// Runs until TERM or INT, or until its main service has ended, or all that it reads has an end and was delivered; HUP takes
    /// `configuration` over as it is then. Gives the exit code. Throws when it can't start.
    func run(_ configuration: ConfigurationReading? = nil) throws(LogAgentError) -> Int32 {
        let signals = try attempt { () throws(SystemError) in try SignalSource(handledSignals) }
        let lock = try DataDirectory.open(settings.dataDirectory)

        let checkpoints = CheckpointFile(dataDirectory: settings.dataDirectory)
        let checkpoint = try load(checkpoints)
        let control = try attempt { () throws(SystemError) in try ReaderControl() }
        let registry = MetricRegistry(startedAt: SystemClock.wallNanoseconds())
        let shared = SharedAgentState(try makeState(control: control, registry: registry, firstFreeID: checkpoint?.nextFileID ?? 1))
        restore(checkpoint, into: shared)
        let captures = try CaptureSources(settings, log: log)
        shared.update { $0.captures = captures.states }
        do throws(MetricDeclarationError) {
            try AgentMetrics.register(in: registry, shared: shared)
            try AgentMetrics.registerCaptures(captures.states, in: registry)
        } catch {
            throw .metrics(error)
        }

        let routes = AdminRoutes(shared: shared, registry: registry)
        let server = try startServer(routes)
        defer { server.stop(drainNanoseconds: 1_000_000_000) }
        let reloading = configuration.map {
            Reloading($0, running: settings, shared: shared, registry: registry, control: control, log: log)
        }
        signals.handle { signal in
            guard signal == SIGTERM || signal == SIGINT else {
                // A reload is the agent's own: a service that knows nothing of HUP would end of it.
                if signal == SIGHUP, let reloading { return reloading.reload() }
                return captures.pass(signal)
            }
            log.stopping(signal: SignalName.of(signal))
            // What has arrived is captured first; when that is done, the reader is stopped.
            if !captures.stop(by: signal) { control.stop(within: Self.stopNanoseconds) }
        }
        log.started(
            version: Release.version, listen: server.address, sources: settings.sources.count, outputs: settings.outputs.count,
            metrics: settings.metrics.count)
        ResidentCode.release()
        let reader = try makeReader(shared, checkpoint: checkpoint, checkpoints: checkpoints, control: control)
        try captures.start { ending in
            switch ending {
            case .stopped: control.stop(within: Self.stopNanoseconds)
            case .mainServiceEnded: control.finish()
            case .inputsEnded: if !settings.sources.contains(where: { $0.kind == .file }) { control.finish() }
            }
        }
        reader.run()
        captures.join()
        lock.release()
        log.stopped(pendingBytes: shared.update { state in state.outputs.reduce(0) { $0 + Int(state.pending(at: $1).bytes) } })
        return captures.exitCode
    }

    /// USR1 and USR2 are for services; without one they end the agent, as they do any program.
    private var handledSignals: [Int32] {
        let hasServices = settings.sources.contains { if case .exec = $0.kind { true } else { false } }
        return [SIGTERM, SIGINT, SIGHUP] + (hasServices ? [SIGUSR1, SIGUSR2] : [])
    }

    func load(_ file: CheckpointFile) throws(LogAgentError) -> Checkpoint? {
        do throws(CheckpointError) {
            return try file.load()
        } catch {
            if case .unreadable = error { throw .checkpoint(error, path: file.path) }
            let path = try attempt { () throws(SystemError) in try file.setAside() }
            log.checkpointSetAside(error, path: path)
            return nil
        }
    }

    func makeState(
        control: ReaderControl, registry: MetricRegistry, firstFreeID: UInt64
    ) throws(LogAgentError) -> sending AgentState {
        let journals = try attempt { () throws(SystemError) in
            try FileJournals(directory: settings.dataDirectory + "/times", firstFreeID: firstFreeID)
        }
        let stages = try makeStages(journals: journals)
        var outputs: [OutputPort] = []
        let budget = MemoryBudget(total: settings.memoryBytes, outputs: settings.outputs.count)
        for (index, output) in settings.outputs.enumerated() {
            let sender = try makeSender(output, control: control, registry: registry)
            outputs.append(OutputPort(index: index, settings: output, sender: sender, budgetBytes: budget.bytesPerOutput))
        }
        return AgentState(settings: settings, outputs: outputs, stages: stages)
    }

    func restore(_ checkpoint: Checkpoint?, into shared: SharedAgentState) {
        guard let checkpoint else { return }
        log.resuming(files: checkpoint.files.count, checkpointAge: AgentMetrics.seconds(since: checkpoint.writtenAt))
        shared.update { state in
            for closed in checkpoint.closed { state.closed[closed.sourceName] = closed }
            for finding in state.derived.restore(checkpoint.metrics, now: SystemClock.wallNanoseconds()) { log.metricsNotRestored(finding) }
        }
    }

    private func startServer(_ routes: AdminRoutes) throws(LogAgentError) -> HTTPServer {
        do throws(HTTPServerError) {
            var listener = HTTPServer.Settings(listen: settings.server.listen, bearerToken: settings.server.bearerToken?.value)
            listener.tls = settings.server.tls
            let server = try HTTPServer(settings: listener, certificatesChanged: { log.certificatesChanged($0) }) { routes.answer($0) }
            try server.start()
            return server
        } catch {
            throw .server(error)
        }
    }

    func makeReader(
        _ shared: SharedAgentState, checkpoint: Checkpoint?, checkpoints: CheckpointFile, control: ReaderControl
    ) throws(LogAgentError) -> Reader {
        let spills = SpillDirectory(path: settings.dataDirectory + "/spill", maximumBytes: settings.spill.maximumBytes)
        spills.removeAll(except: Set((checkpoint?.files ?? []).map(\.saved.id)))
        let tails = TailSet(
            sources: tailSources, restored: checkpoint?.files.map(\.saved) ?? [], savedNanoseconds: checkpoint?.writtenAt,
            nextID: checkpoint?.nextFileID ?? 1,
            pollNanoseconds: pollNanoseconds, spills: spills
        ) { log.tailed($0) }
        let names = settings.outputs.map(\.name)
        shared.update { state in
            for saved in checkpoint?.files ?? [] {
                guard let file = tails.files[saved.saved.id] else {
                    state.setAside.append(saved)
                    continue
                }
                state.files[file.id] = FileState(restoring: saved, of: file, origin: state.origin(of: file), outputs: names)
            }
        }
        return try attempt { () throws(SystemError) in
            try Reader(
                shared: shared, tails: tails, control: control, checkpoints: CheckpointWriter(checkpoints), log: log,
                maximumLineBytes: maximumLineBytes, maximumReach: maximumReach(checkpoint), spill: settings.spill)
        }
    }

    /// How far before a cursor an open entry may begin: by these settings, or by those that the checkpoint was made with.
    private func maximumReach(_ checkpoint: Checkpoint?) -> Int {
        let saved = (checkpoint?.files ?? []).flatMap { file in
            [file.saved.counted.openEntries.reach] + file.outputs.map(\.delivered.openEntries.reach)
        }
        return (saved + [maximumReach]).max() ?? 0
    }

    func attempt<Value: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Value) throws(LogAgentError) -> Value {
        do throws(Failure) {
            return try body()
        } catch {
            throw .start("\(error)")
        }
    }
}

/// Why an agent could not start.
enum LogAgentError: Error, CustomStringConvertible {
    case start(String)
    case settings(String)
    case metrics(MetricDeclarationError)
    case server(HTTPServerError)
    case checkpoint(CheckpointError, path: String)
    case dataDirectoryInUse(String)

    var description: String {
        switch self {
        case .start(let why): "Can't start: \(why)"
        case .settings(let why): "The configuration can't be used: \(why)"
        case .metrics(let error): "The agent's own metrics can't be declared: \(error)"
        case .server(.badTLSSettings(let error)): "The admin listener can't use its certificate: \(error); check `server.tls`."
        case .server(let error): "\(error); check `server.listen`."
        case .checkpoint(let error, let path): "\(error.description) Check the permissions of \(path)."
        case .dataDirectoryInUse(let path): "Another log-agent uses the data directory \(path); give each its own `data_dir`."
        }
    }
}
