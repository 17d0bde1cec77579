import CommandLineInterface
import ConnectionSettings
import Glibc
import HTTP
import Metrics
import ProcessMetrics
import SystemIO

/// Builds the stages of one collector and joins them: the file to read first.
///
/// `OTLPReceiver` (and `FileReceiver`) → `SpanIntake` checks, keeps and derives metrics → `SegmentLog` → where there is sampling,
/// `SamplingStage` → a second `SegmentLog` → an `Output` for each place that spans go to.
struct TraceCollectorService {
    /// How long stopping may take: answering requests, delivering what is in the buffer.
    static let drainNanoseconds: UInt64 = 5_000_000_000

    let settings: TraceCollectorSettings
    let log: CollectorLog

    /// Runs until TERM or INT; HUP reads the configuration again. Throws when it can't start.
    func run(_ configuration: ConfigurationReading) throws(CollectorError) {
        let signals = try attempt { () throws(SystemError) in try SignalSource([SIGTERM, SIGINT, SIGHUP]) }
        let lock = try DataDirectory.open(settings.dataDirectory)
        OpenFileLimit.raise()
        let registry = MetricRegistry(startedAt: SystemClock.wallNanoseconds())
        let stages = try makeStages(registry)
        let reloading = Reloading(configuration, running: settings, outputs: stages.outputs, sampling: stages.sampling, log: log)
        do throws(MetricDeclarationError) { try CollectorMetrics.register(reloading, in: registry) } catch { throw .metrics(error) }

        let admin = try startServer(settings.server, named: "server") { HTTPRequestHandlers(handle: { stages.routes.answer($0) }) }
        defer { admin.stop(drainNanoseconds: 1_000_000_000) }
        try stages.sampling.map { sampling throws(CollectorError) in
            try attempt { () throws(SystemError) in try sampling.start() }
        }
        for output in stages.outputs { try attempt { () throws(OutputError) in try output.start() } }
        let housekeeping = try attempt { () throws(SystemError) in try Housekeeping(stages, log: log) }
        if let files = stages.files { try attempt { () throws(SystemError) in try files.start() } }
        let receiver = try stages.receiver.map { receiver throws(CollectorError) in try startReceiver(receiver) } ?? nil
        stages.health.started(receiver)
        log.started(
            version: Release.version, admin: admin.address, receiver: receiver?.address, outputs: settings.outputs.map(\.name))
        ResidentCode.release()

        let stopping = Stopping()
        signals.handle { signal in
            if signal == SIGHUP { return reloading.reload() }
            log.stopping(signal: signal == SIGTERM ? "TERM" : "INT")
            stopping.signal()
        }
        stopping.wait()
        let deadline = SystemClock.monotonicNanoseconds() + Self.drainNanoseconds
        stages.receiver?.stop()
        receiver?.stop(drainNanoseconds: 2_000_000_000)
        stages.files?.stop()
        stages.sampling?.stop()
        stages.delivery.stop()
        for output in stages.outputs { output.stop(deadline: deadline) }
        housekeeping.stop()
        lock.release()
        log.stopped(pendingSpans: settings.outputs.indices.reduce(0) { max($0, stages.pendingSpans($1)) })
    }

    private func startReceiver(_ receiver: OTLPReceiver) throws(CollectorError) -> HTTPServer? {
        // Threads that wait for the device share one call.
        let workers = settings.buffer.synchronization == .always ? 16 : 2
        guard let settings = settings.otlpHTTP else { return nil }
        return try startServer(settings.server, named: "receivers.otlp_http") { listener in
            listener.codedPaths = [OTLPReceiver.path]
            listener.workers = workers
            listener.limits.bodyBytes = settings.maximumRequestBytes
            listener.heldBytes = settings.bytesInFlight
            listener.connections = settings.maximumConnections
        } handlers: {
            HTTPRequestHandlers(handle: { receiver.answer($0) }, refuse: { receiver.refuse($0) })
        }
    }

    private func startServer(
        _ server: ServerSettings, named path: String, adjust: (inout HTTPServer.Settings) -> Void = { _ in },
        handlers: () -> HTTPRequestHandlers
    ) throws(CollectorError) -> HTTPServer {
        do throws(HTTPServerError) {
            var listener = HTTPServer.Settings(listen: server.listen, bearerToken: server.bearerToken?.value)
            listener.tls = server.tls
            adjust(&listener)
            let made = try HTTPServer(settings: listener, certificatesChanged: { log.certificatesChanged($0) }, handlers: handlers())
            try made.start()
            return made
        } catch {
            throw .server(error, setting: path)
        }
    }

    func attempt<Value: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Value) throws(CollectorError) -> Value {
        do throws(Failure) {
            return try body()
        } catch {
            throw .start("\(error)")
        }
    }
}

/// Why a collector could not start.
enum CollectorError: Error, CustomStringConvertible {
    case start(String)
    case metrics(MetricDeclarationError)
    case server(HTTPServerError, setting: String)
    case buffer(SystemError)
    case dataDirectoryInUse(String)

    var description: String {
        switch self {
        case .start(let why): "Can't start: \(why)"
        case .metrics(let error): "The metrics can't be declared: \(error)"
        case .server(.badTLSSettings(let error), let setting): "A listener can't use its certificate: \(error); check `\(setting).tls`."
        case .server(let error, let setting): "\(error); check `\(setting).listen`."
        case .buffer(let error): "The buffer can't be opened: \(error); check `data_dir`."
        case .dataDirectoryInUse(let path): "Another trace-collector uses the data directory \(path); give each its own `data_dir`."
        }
    }
}
