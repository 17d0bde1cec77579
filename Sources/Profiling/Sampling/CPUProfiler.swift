import Glibc
import Synchronization
import SystemIO

/// Why there is no profile.
package enum ProfilingError: Error, Equatable, CustomStringConvertible {
    /// Somebody takes one now.
    case busy
    /// The kernel or a sandbox does not allow it.
    case unsupported(SystemError)
    /// Not a time that a profile may take.
    case badSeconds(String)

    /// The HTTP status that says so.
    package var status: Int {
        switch self {
        case .busy: 409
        case .unsupported: 501
        case .badSeconds: 400
        }
    }

    package var description: String {
        switch self {
        case .busy: "A profile is being taken already; come again when it is done."
        case .unsupported(let error): "Profiles can't be taken here: \(error)."
        case .badSeconds(let text):
            "`seconds` is \(text.prefix(40)); use a number from \(ProfilingRoutes.secondsAllowed.lowerBound) to "
                + "\(ProfilingRoutes.secondsAllowed.upperBound)."
        }
    }
}

/// Where the program spent its CPU time: stacks of addresses, and how often each was seen.
package struct CPUProfile: Equatable, Sendable {
    package struct Stack: Hashable, Sendable {
        /// The leaf first: where a thread was, then the return addresses.
        package let addresses: [UInt]
    }

    package var startUnixNano: UInt64 = 0
    package var durationNanoseconds: UInt64 = 0
    /// CPU time that a sample stands for.
    package var periodNanoseconds: UInt64 = 0
    package var samples: [Stack: Int] = [:]
    /// Samples that there was no room for.
    package var dropped = 0
}

/// Takes CPU profiles of this process, one at a time. Costs nothing in between.
package enum CPUProfiler {
    /// 100 samples for a second of CPU time.
    static let periodNanoseconds = 10_000_000
    /// Different stacks; those beyond are dropped.
    static let maximumStacks = 20_000
    private static let stepNanoseconds: UInt64 = 50_000_000

    private static let isBusy = Atomic<Bool>(false)
    private static let isCancelled = Atomic<Bool>(false)

    /// Blocks for as long as it samples.
    package static func profile(nanoseconds: UInt64) throws(ProfilingError) -> CPUProfile {
        if isBusy.exchange(true, ordering: .acquiring) { throw .busy }
        defer { isBusy.store(false, ordering: .releasing) }
        do throws(SystemError) { return try sample(nanoseconds) } catch { throw .unsupported(error) }
    }

    /// Ends the profile that is being taken, with what it has, and every later one at once: the program stops.
    package static func cancel() { isCancelled.store(true, ordering: .relaxed) }

    private static func sample(_ nanoseconds: UInt64) throws(SystemError) -> CPUProfile {
        try SampleSignal.install()
        let ring = SampleSignal.ring
        // Late ones of the profile before.
        ring.drain { _, _ in }
        _ = ring.takeDropped()

        var profile = CPUProfile()
        profile.startUnixNano = SystemClock.wallNanoseconds()
        profile.periodNanoseconds = UInt64(periodNanoseconds)
        let start = SystemClock.monotonicNanoseconds()
        var timers = ThreadTimers(periodNanoseconds: periodNanoseconds)
        while !isCancelled.load(ordering: .relaxed) {
            try timers.adoptThreads()
            let elapsed = SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
            if elapsed >= nanoseconds { break }
            pause(min(stepNanoseconds, nanoseconds - elapsed))
            collect(ring, into: &profile)
        }
        _ = consume timers
        collect(ring, into: &profile)
        profile.durationNanoseconds = SystemClock.nanoseconds(from: start, to: SystemClock.monotonicNanoseconds())
        profile.dropped += ring.takeDropped()
        return profile
    }

    private static func collect(_ ring: SampleRing, into profile: inout CPUProfile) {
        ring.drain { frames, weight in
            let stack = CPUProfile.Stack(addresses: Array(frames))
            if profile.samples.count >= maximumStacks && profile.samples[stack] == nil {
                profile.dropped += Int(weight)
            } else {
                profile.samples[stack, default: 0] += Int(weight)
            }
        }
    }

    private static func pause(_ nanoseconds: UInt64) {
        var time = timespec(tv_sec: 0, tv_nsec: Int(nanoseconds))
        var rest = timespec()
        while nanosleep(&time, &rest) < 0 && errno == EINTR { time = rest }
    }
}
