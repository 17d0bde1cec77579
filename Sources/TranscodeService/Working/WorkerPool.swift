import Glibc
import JobStore
import Synchronization
import SystemIO

/// The threads that process jobs, one job each at a time, and those that keep their leases and remove what is left over.
final class WorkerPool: Sendable {
    /// How long a worker waits for work before it looks by itself: a retry's time comes without a wake-up.
    private static let waitNanoseconds: UInt64 = 1_000_000_000
    private static let maximumStorePauseMilliseconds = 5000
    private static let stackBytes = 1024 * 1024

    /// For the gauges `workers_active` and `worker_tasks_active`.
    struct Counts: Equatable, Sendable {
        var workers = 0
        var jobs = 0
    }

    private struct Threads {
        var all: [WorkerThread] = []
        var keeper: WorkerThread?
    }

    private let settings: WorkerSettings
    private let store: any JobStoring
    private let files: JobFiles
    private let observing: any WorkerObserving
    private let instance: String
    private let launcher: String
    private let leases: LeaseKeeper
    /// Readable from the first call of ``stop(drainNanoseconds:)`` on.
    private let stopping: EventDescriptor
    private let isStopping = Atomic(false)
    /// Of the look at the programs.
    private let checking: JobControl
    /// Signalled by each worker that ends.
    private let workerEnded: EventDescriptor
    private let state = Mutex(Counts())
    private let threads = Mutex(Threads())

    /// `instance` is no other's that shares the store; `launcher` is a program that begins with ``SupervisedProcess/launch(_:)``.
    init(
        settings: WorkerSettings, store: any JobStoring, files: JobFiles, observing: any WorkerObserving,
        instance: String = WorkerPool.instanceName(), launcher: String = "/proc/self/exe"
    ) throws(SystemError) {
        self.settings = settings
        self.store = store
        self.files = files
        self.observing = observing
        self.instance = instance
        self.launcher = launcher
        leases = try LeaseKeeper(store: store, settings: settings, observing: observing)
        stopping = try EventDescriptor()
        workerEnded = try EventDescriptor()
        checking = try JobControl()
        try files.prepare()
    }

    /// Host, process and time: of two processes that ever share a store, none has the same.
    static func instanceName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let host =
            gethostname(&buffer, buffer.count - 1) == 0
            ? String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self) : "host"
        return "\(host)-\(getpid())-\(String(SystemClock.wallNanoseconds() / 1_000_000, radix: 36))"
    }

    /// Once. On an error nothing runs.
    func start() throws(SystemError) {
        do throws(SystemError) {
            let keeper = try WorkerThread("leases", stackBytes: Self.stackBytes) { [self] in leases.run() }
            threads.withLock { $0.keeper = keeper }
            for number in stride(from: 1, through: settings.count, by: 1) {
                state.withLock { $0.workers += 1 }
                do throws(SystemError) {
                    let thread = try WorkerThread("worker \(number)", stackBytes: Self.stackBytes) { [self] in work("\(instance)/\(number)")
                    }
                    threads.withLock { $0.all.append(thread) }
                } catch {
                    state.withLock { $0.workers -= 1 }
                    throw error
                }
            }
            let sweeper = try WorkerThread("sweep", stackBytes: Self.stackBytes) { [self] in sweep() }
            threads.withLock { $0.all.append(sweeper) }
        } catch {
            stop(drainNanoseconds: 0)
            throw error
        }
    }

    var counts: Counts { state.withLock { $0 } }

    /// Whether no more jobs are claimed.
    var isEnding: Bool { isStopping.load(ordering: .acquiring) }

    /// Looks at once whether a job that runs here was cancelled.
    func checkLeases() {
        leases.renewNow()
    }

    /// Claims no more jobs, lets those that run be done within `drainNanoseconds`, and hands the others back. Returns when all is over;
    /// may be called again, from another thread, with less time: then that counts.
    func stop(drainNanoseconds: UInt64) {
        isStopping.store(true, ordering: .releasing)
        stopping.signal()
        checking.stop(.handBack)
        let (until, isOver) = SystemClock.monotonicNanoseconds().addingReportingOverflow(drainNanoseconds)
        while counts.workers > 0 {
            // One that was about to wait has not heard the call before.
            store.wakeWaiting()
            if SystemClock.monotonicNanoseconds() >= (isOver ? .max : until) { leases.stopAll(.handBack) }
            if Poll.readable([workerEnded.rawValue], milliseconds: 50)[0] { workerEnded.drain() }
        }
        leases.end()
        let ended = threads.withLock { threads in
            defer { threads = Threads() }
            return threads
        }
        for thread in ended.all { thread.join() }
        ended.keeper?.join()
    }

    // MARK: Threads

    private func work(_ worker: String) {
        observing.workerStarted(worker)
        var pause = 100
        while !isEnding {
            do throws(JobStoreError) {
                let job = try store.claim(
                    worker: worker, now: SystemClock.wallNanoseconds(), leaseNanoseconds: settings.leaseNanoseconds)
                pause = 100
                if let job { process(job, worker) } else { store.waitForWork(upTo: Self.waitNanoseconds) }
            } catch {
                observing.storeFailed(error, operation: "claim", worker: worker)
                _ = Poll.readable([stopping.rawValue], milliseconds: pause)
                pause = min(pause * 2, Self.maximumStorePauseMilliseconds)
            }
        }
        observing.workerStopped(worker)
        state.withLock { $0.workers -= 1 }
        workerEnded.signal()
    }

    private func process(_ job: Job, _ worker: String) {
        let control: JobControl
        do throws(SystemError) {
            control = try JobControl()
        } catch {
            // No descriptor is left: the lease ends, and the job is claimed again.
            observing.storeFailed(.unavailable(error.description), operation: "claim", worker: worker)
            _ = Poll.readable([stopping.rawValue], milliseconds: Self.maximumStorePauseMilliseconds)
            return
        }
        state.withLock { $0.jobs += 1 }
        defer { state.withLock { $0.jobs -= 1 } }
        JobAttempt(
            worker: worker, settings: settings, files: files, store: store, launcher: launcher, leases: leases, observing: observing
        ).run(job, control)
    }

    private func sweep() {
        let left = LeftPrograms(dataDirectory: files.dataDirectory).end()
        if left > 0 { observing.endedLeft(programs: left) }
        // Without workers nothing here needs them.
        let problems = settings.count > 0 ? MediaPrograms.problems(settings, control: checking, launcher: launcher) : []
        for problem in problems { observing.found(problem) }
        while !isEnding {
            let result = OutputSweep(files: files, store: store, now: SystemClock.wallNanoseconds()) { [self] in isEnding }.run()
            if result != OutputSweep.Result() { observing.swept(result) }
            _ = Poll.readable([stopping.rawValue], milliseconds: Int(clamping: settings.sweepNanoseconds / 1_000_000))
        }
    }
}
