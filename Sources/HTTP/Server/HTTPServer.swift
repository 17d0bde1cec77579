import Synchronization
import SystemIO

/// An HTTP/1.1 server: one thread for all connections, and a fixed number of threads on which handlers run.
///
/// An idle connection costs no thread and no buffer. When the last reference goes away the server stops without draining.
package final class HTTPServer: Sendable {
    package typealias Settings = HTTPServerSettings
    package typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    private enum State {
        case bound
        case running
        case stopped
    }

    private let settings: Settings
    private let handlers: HTTPRequestHandlers
    private let tls: RenewableTLSContext?
    private let certificatesChanged: @Sendable (TLSError?) -> Void
    private let state: Mutex<State>
    private let mailbox: ServerMailbox
    private let workers = WorkerThreads()
    private let transferWorkers = WorkerThreads()
    private let ended = Semaphore()
    /// `host:port` with the real port, or `unix:/path`.
    package let address: String
    /// The real port; 0 for a Unix socket.
    package let port: Int

    /// A server that gathers every body.
    package convenience init(
        settings: Settings, certificatesChanged: @escaping @Sendable (TLSError?) -> Void = { _ in }, handler: @escaping Handler
    ) throws(HTTPServerError) {
        try self.init(settings: settings, certificatesChanged: certificatesChanged, handlers: HTTPRequestHandlers(handle: handler))
    }

    /// Binds and listens; clients wait in the kernel's queue until ``start()``.
    ///
    /// The files of TLS are loaded here, and again for a new client when they have changed: then `certificatesChanged` is told,
    /// with the error when the new ones cannot be used and the old ones stay in use.
    package init(
        settings: Settings, certificatesChanged: @escaping @Sendable (TLSError?) -> Void = { _ in }, handlers: HTTPRequestHandlers
    ) throws(HTTPServerError) {
        self.settings = settings
        self.certificatesChanged = certificatesChanged
        self.handlers = handlers
        do throws(TLSError) { tls = try settings.tls.map { tls throws(TLSError) in try RenewableTLSContext(server: tls) } } catch {
            throw .badTLSSettings(error)
        }
        let listener = try Listener(settings.listen)
        address = listener.address
        port = listener.port
        state = Mutex(.bound)
        do throws(SystemError) { mailbox = try ServerMailbox(listener) } catch { throw .outOfResources(error) }
    }

    deinit {
        mailbox.stop(atNanoseconds: 0)
        workers.stop(waitingNanoseconds: 0)
        transferWorkers.stop(waitingNanoseconds: 0)
    }

    package var statistics: HTTPServerStatistics { mailbox.statistics.withLock { $0 } }

    /// Why the server ended by itself: its `epoll(7)` failed, which no client can cause. nil as long as it runs.
    package var failure: SystemError? { mailbox.failure }

    /// Starts to serve. A second call does nothing.
    package func start() throws(HTTPServerError) {
        let isFirst = state.withLock { state in
            guard case .bound = state else { return false }
            state = .running
            return true
        }
        guard isFirst else { return }
        do throws(SystemError) { try startThreads() } catch {
            state.withLock { $0 = .stopped }
            _ = mailbox.takeListener()
            workers.stop(waitingNanoseconds: 0)
            transferWorkers.stop(waitingNanoseconds: 0)
            throw .outOfResources(error)
        }
    }

    /// Accepts no more, closes idle connections, and waits up to `drainNanoseconds` for requests in progress to be answered;
    /// then closes what is left. Returns when the last socket is closed. A handler that still runs is left to itself.
    package func stop(drainNanoseconds: UInt64) {
        let wasRunning = state.withLock { state in
            defer { state = .stopped }
            if case .running = state { return true }
            return false
        }
        guard wasRunning else {
            _ = mailbox.takeListener()
            return
        }
        let (sum, overflow) = SystemClock.monotonicNanoseconds().addingReportingOverflow(drainNanoseconds)
        let deadline = overflow ? .max : sum
        mailbox.stop(atNanoseconds: deadline)
        ended.wait()
        for workers in [workers, transferWorkers] {
            workers.stop(waitingNanoseconds: SystemClock.nanoseconds(from: SystemClock.monotonicNanoseconds(), to: deadline))
        }
    }

    private func startThreads() throws(SystemError) {
        let mailbox = mailbox
        let workers = workers
        // A server without streamed bodies may still send files.
        let transferWorkers = handlers.decide == nil ? workers : transferWorkers
        let ended = ended
        let began = Semaphore()
        let settings = settings
        let tls = tls
        let certificatesChanged = certificatesChanged
        let handlers = handlers
        let handling = RequestHandling(
            inflatedBytes: settings.inflatedBytes, codedPaths: settings.codedPaths, handlers: handlers)
        var pools = [(workers, settings.workers)]
        if handlers.decide != nil { pools.append((transferWorkers, settings.transferWorkers)) }
        for (pool, count) in pools {
            try pool.start(count: count, stackBytes: settings.workerStackBytes) { work in
                handling.perform(work)
            } report: { token, outcome in
                mailbox.report(token, outcome)
            }
        }
        try WorkerThread("http", stackBytes: 256 << 10) {
            do throws(SystemError) {
                let loop = try ServerLoop(
                    settings: settings, handlers: handlers, tls: tls, certificatesChanged: certificatesChanged, mailbox: mailbox,
                    workers: workers, transferWorkers: transferWorkers)
                began.signal()
                try loop.run()
            } catch {
                mailbox.fail(error)
                began.signal()
            }
            ended.signal()
        }.detach()
        began.wait()
        if let failure = mailbox.failure { throw failure }
    }
}
