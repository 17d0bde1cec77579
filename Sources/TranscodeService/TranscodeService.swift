import CommandLineInterface
import Glibc
import HTTP
import JobStore
import Metrics
import Profiling
import StructuredLogging
import SystemIO
import Tracing

/// Builds the parts of one service and joins them: the file to read first.
///
/// `HTTPServer` takes requests → `API` finds the route, and streams an upload into a file → `JobStoring` has the job → a worker of
/// `WorkerPool` claims it, and runs ffmpeg → `API` serves what came of it. All of them tell `ServiceTelemetry` what they do.
struct TranscodeService {
    /// How long stopping may take: answering requests, and processing jobs. Jobs that are not done then are handed back.
    static let drainNanoseconds: UInt64 = 20_000_000_000
    /// How long spans may still be sent after that.
    private static let exportNanoseconds: UInt64 = 3_000_000_000
    private static let connections = 256
    private static let requestWorkers = 8
    private static let transferWorkers = 4

    let settings: ServiceSettings

    /// Runs until TERM or INT. Throws when it can't start.
    func run() throws(ServiceError) {
        let signals = try attempt { () throws(SystemError) in try SignalSource([SIGTERM, SIGINT, SIGHUP]) }
        let stopping = try attempt { () throws(SystemError) in try StopRequests() }
        let output = try openLog()
        let log = ServiceLogger(name: "service", level: settings.log.level, output: output)
        let spans = try startSpans(log)
        defer { spans.stop(withinNanoseconds: Self.exportNanoseconds) }
        let tracer = spans.isActive ? Tracer(sampler: TraceSampler(ratio: settings.spans.sampleRatio)) { spans.take($0) } : .disabled
        let telemetry = ServiceTelemetry(log: log, tracer: tracer)

        let opened = try openStore(log)
        defer { opened.store.close() }
        let files = JobFiles(dataDirectory: settings.dataDirectory)
        let leftBehind = try attempt { () throws(SystemError) in
            try files.prepare()
            return try UploadFile.prepare(files)
        }
        if leftBehind > 0 { log.info("Uploads that were cut off removed.", ["uploads": .integer(leftBehind)]) }
        let pool = try attempt { () throws(SystemError) in
            try WorkerPool(
                settings: settings.workers, store: opened.store, files: files,
                observing: WorkerTelemetry(telemetry: telemetry, system: opened.system))
        }
        let registry = MetricRegistry(startedAt: SystemClock.wallNanoseconds())
        let api = API(
            APIParts(
                store: opened.store, storeSystem: opened.system, files: files, telemetry: telemetry, registry: registry,
                adminToken: settings.adminToken, uploadBytes: settings.limits.uploadBytes,
                reservedDiskBytes: settings.workers.reservedDiskBytes, cancellationRequested: { pool.checkLeases() },
                profiling: ProfilingRoutes { Self.queues(opened.store, pool, spans) }))
        let server = try makeServer(api)
        try registerMetrics(registry, opened, api, pool, server, output, spans, telemetry)

        try attempt { () throws(SystemError) in try pool.start() }
        do throws(HTTPServerError) { try server.start() } catch {
            pool.stop(drainNanoseconds: 0)
            throw .server(error)
        }
        signals.handle { signal in
            if signal == SIGHUP {
                output.reopen()
                spans.reopenFile()
                return log.info("Log and span files are opened anew.")
            }
            stopping.request(signal)
        }
        log.info(
            "transcode-service is ready.",
            [
                "version": .string(Release.version), "listen": .string(server.address), "store": .string(opened.system.rawValue),
                "workers": .integer(settings.workers.count),
            ])
        ResidentCode.release()

        let signal = stopping.wait()
        log.info("Stopping.", ["signal": .integer(signal)])
        stop(server, pool, output, stopping)
        log.info("transcode-service has stopped.")
    }

    /// Takes no more requests and jobs, and lets those that are in progress be done. A second signal ends the patience.
    private func stop(_ server: HTTPServer, _ pool: WorkerPool, _ output: ServiceLogOutput, _ stopping: StopRequests) {
        output.stopWaiting(afterNanoseconds: Self.drainNanoseconds)
        stopping.whenRequestedAgain { pool.stop(drainNanoseconds: 0) }
        CPUProfiler.cancel()
        // Both at once: uploads and jobs take their time.
        let draining = try? WorkerThread("drain", stackBytes: 256 << 10) { server.stop(drainNanoseconds: Self.drainNanoseconds) }
        pool.stop(drainNanoseconds: Self.drainNanoseconds)
        if let draining { draining.join() } else { server.stop(drainNanoseconds: 0) }
    }

    // MARK: Parts

    private func openLog() throws(ServiceError) -> ServiceLogOutput {
        do throws(SystemError) {
            return try ServiceLogOutput(
                service: "transcode-service", file: settings.log.file, descriptor: settings.log.toStandardOutput ? STDOUT_FILENO : nil)
        } catch { throw .log(error) }
    }

    private func startSpans(_ log: ServiceLogger) throws(ServiceError) -> SpanExport {
        let log = log.named("spans")
        do throws(SpanExportError) {
            return try SpanExport(
                file: settings.spans.file, endpoint: settings.spans.endpoint,
                origin: .process(serviceName: "transcode-service", serviceVersion: Release.version)
            ) { event in
                switch event {
                case .recovered: log.info("Spans are exported again.", ["detail": .describing(event)])
                case .failing, .refused: log.warning("Spans are not exported.", exception: event.description)
                }
            }
        } catch { throw .spans(error) }
    }

    private func openStore(_ log: ServiceLogger) throws(ServiceError) -> OpenedJobStore {
        let log = log.named("jobs.store")
        do throws(JobStoreError) {
            return try OpenedJobStore(settings) { event in
                switch event {
                case .file(.compacted): log.debug("The job file was rewritten.", ["detail": .string("\(event)")])
                case .file: log.warning("The job file was mended, or can't be rewritten.", exception: "\(event)")
                case .notificationsLost(let error):
                    log.warning("The database does not tell of new jobs now; workers look for themselves.", exception: error.description)
                }
            }
        } catch { throw .store(error) }
    }

    private func makeServer(_ api: API) throws(ServiceError) -> HTTPServer {
        var listener = HTTPServerSettings(listen: settings.listen)
        listener.connections = Self.connections
        listener.workers = Self.requestWorkers
        listener.transferWorkers = Self.transferWorkers
        do throws(HTTPServerError) { return try HTTPServer(settings: listener, handlers: api.handlers) } catch { throw .server(error) }
    }

    private func registerMetrics(
        _ registry: MetricRegistry, _ opened: OpenedJobStore, _ api: API, _ pool: WorkerPool, _ server: HTTPServer,
        _ output: ServiceLogOutput, _ spans: SpanExport, _ telemetry: ServiceTelemetry
    ) throws(ServiceError) {
        let metrics = ServiceMetrics(
            store: StoreSnapshot(opened.store) { telemetry.events.dbError("counts", $0) }, inProgress: api.parts.inProgress,
            workers: { pool.counts }, server: { server.statistics }, log: { output.statistics }, spans: { spans.statistics })
        do throws(MetricDeclarationError) { try metrics.register(in: registry) } catch { throw .metrics(error) }
    }

    /// What `/debug/vars` shows.
    private static func queues(_ store: any JobStoring, _ pool: WorkerPool, _ spans: SpanExport) -> [(name: String, depth: Int)] {
        var queues = [("jobs.running_here", pool.counts.jobs)] + spans.statistics.map { ("spans.\($0.destination)", $0.statistics.queued) }
        if let jobs = try? store.counts() { queues += [("jobs.queued", jobs.queued), ("jobs.processing", jobs.processing)] }
        return queues
    }

    private func attempt<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(ServiceError) -> Value {
        do throws(Failure) { return try body() } catch { throw .start("\(error)") }
    }
}

/// Why a service could not start.
enum ServiceError: Error, CustomStringConvertible {
    case start(String)
    case log(SystemError)
    case spans(SpanExportError)
    case store(JobStoreError)
    case server(HTTPServerError)
    case metrics(MetricDeclarationError)

    var description: String {
        switch self {
        case .start(let why): "Can't start: \(why)"
        case .log(let error): "Can't open the log: \(error); check `log.file`."
        case .spans(let error): "Can't export spans: \(error); check `spans`."
        case .store(let error): "Can't open the job store: \(error)"
        case .server(let error): "\(error); check `listen`."
        case .metrics(let error): "The service's own metrics can't be declared: \(error)"
        }
    }
}
