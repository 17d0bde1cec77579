import Synchronization
import SystemIO

/// A fixed number of threads that do a server's work. What waits is bounded by the server: at most one piece for each connection, and
/// the ends of bodies whose connections are gone.
final class WorkerThreads: Sendable {
    struct Job: Sendable {
        /// Which connection asked.
        var token: UInt64
        var work: ServerWork
    }

    private struct State {
        /// What waits, and in front of it nils for what was taken since the queue was last moved up.
        var jobs: [Job?] = []
        var next = 0
        var isClosed = false
        var running = 0
    }

    private let state = Mutex(State())
    private let available = Semaphore()
    private let ended = Semaphore()

    /// `report` is called on the worker that did the work.
    func start(
        count: Int, stackBytes: Int, perform: @escaping @Sendable (ServerWork) -> ServerWorkOutcome,
        report: @escaping @Sendable (UInt64, ServerWorkOutcome) -> Void
    ) throws(SystemError) {
        for index in 0..<max(1, count) {
            try WorkerThread("worker \(index)", stackBytes: stackBytes) { [self] in
                while let job = take() { report(job.token, perform(job.work)) }
                ended.signal()
            }.detach()
            state.withLock { $0.running += 1 }
        }
    }

    func submit(_ job: Job) {
        state.withLock { $0.jobs.append(job) }
        available.signal()
    }

    /// Lets the workers end after the handlers that run now; gives up waiting for them after `nanoseconds`.
    func stop(waitingNanoseconds nanoseconds: UInt64) {
        // What is dropped may have an end that does work itself: that is not done within the lock.
        let (running, dropped): (Int, [Job?]) = state.withLock { state in
            defer {
                state.isClosed = true
                state.jobs = []
                state.next = 0
            }
            return (state.running, state.jobs)
        }
        _ = consume dropped
        for _ in 0..<running { available.signal() }
        let deadline = SystemClock.monotonicNanoseconds() &+ nanoseconds
        for _ in 0..<running {
            let now = SystemClock.monotonicNanoseconds()
            guard ended.wait(nanoseconds: deadline > now ? deadline - now : 0) else { return }
        }
    }

    /// nil when there is no more work.
    private func take() -> Job? {
        while true {
            available.wait()
            let (job, isClosed): (Job?, Bool) = state.withLock { state in
                guard state.next < state.jobs.count else { return (nil, state.isClosed) }
                // A queue that never runs empty must not keep what was taken from it: a job holds a request's body.
                let job = state.jobs[state.next].take()
                state.next += 1
                if state.next == state.jobs.count {
                    state.jobs = []
                    state.next = 0
                } else if state.next >= 64 && state.next >= state.jobs.count / 2 {
                    state.jobs.removeFirst(state.next)
                    state.next = 0
                }
                return (job, false)
            }
            if let job { return job }
            if isClosed { return nil }
        }
    }
}
