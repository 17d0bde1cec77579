import Glibc
import SystemIO

/// A timer for each thread that counts the thread's own CPU time and signals that very thread: what a thread does not use is not
/// sampled, and no thread is sampled for another. Belongs to one thread.
struct ThreadTimers: ~Copyable {
    private var timers: [pid_t: timer_t] = [:]
    private let periodNanoseconds: Int
    /// Threads that the kernel had no timer for.
    private(set) var refusedThreads: Set<pid_t> = []

    /// `SIGEV_THREAD_ID`, and where its thread stands in `sigevent`.
    private static let notifyThread: Int32 = 4
    private static let threadOffset = 16

    init(periodNanoseconds: Int) {
        self.periodNanoseconds = periodNanoseconds
    }

    deinit {
        for timer in timers.values { timer_delete(timer) }
    }

    var threads: Int { timers.count }

    /// Starts a timer for each thread that has none. Throws when no thread can have one.
    mutating func adoptThreads() throws(SystemError) {
        let threads = try Directory.entries(of: "/proc/self/task").compactMap { pid_t($0.name) }
        var failure: SystemError?
        for thread in threads where timers[thread] == nil && !refusedThreads.contains(thread) {
            do throws(SystemError) { timers[thread] = try start(thread) } catch {
                // It has ended meanwhile, or there are too many.
                failure = error
                refusedThreads.insert(thread)
            }
        }
        for gone in Set(timers.keys).subtracting(threads) {
            if let timer = timers.removeValue(forKey: gone) { timer_delete(timer) }
        }
        if timers.isEmpty, let failure { throw failure }
    }

    private func start(_ thread: pid_t) throws(SystemError) -> timer_t {
        var event = sigevent()
        event.sigev_signo = SIGPROF
        event.sigev_notify = Self.notifyThread
        event.sigev_value.sival_ptr = UnsafeMutableRawPointer(SampleSignal.ringPointer)
        withUnsafeMutableBytes(of: &event) { $0.storeBytes(of: thread, toByteOffset: Self.threadOffset, as: pid_t.self) }
        // The clock of a thread's CPU time, as pthread_getcpuclockid(3) makes it: of this process, by the scheduler.
        let clock = clockid_t(truncatingIfNeeded: ~thread << 3 | 4 | 2)
        var timer: timer_t?
        guard timer_create(clock, &event, &timer) == 0, let timer else {
            throw SystemError(call: "timer_create", subject: "thread \(thread)")
        }
        let period = timespec(tv_sec: 0, tv_nsec: periodNanoseconds)
        var interval = itimerspec(it_interval: period, it_value: period)
        if timer_settime(timer, 0, &interval, nil) != 0 {
            let error = SystemError(call: "timer_settime", subject: "thread \(thread)")
            timer_delete(timer)
            throw error
        }
        return timer
    }
}
