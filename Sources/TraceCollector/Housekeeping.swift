import Delivery
import Metrics
import SystemIO

/// What is done once a second: cursors and metrics are saved, old files go, calls without their other half are given up.
final class Housekeeping: Sendable {
    private static let intervalNanoseconds: UInt64 = 1_000_000_000

    private let stages: CollectorStages
    private let log: CollectorLog
    private let isStopped = Monitor(false)
    private let thread: WorkerThread

    init(_ stages: CollectorStages, log: CollectorLog) throws(SystemError) {
        self.stages = stages
        self.log = log
        let stopped = isStopped
        thread = try WorkerThread("housekeeping", stackBytes: 256 << 10) {
            var isEnding = false
            while !isEnding {
                let due = SystemClock.monotonicNanoseconds() + Self.intervalNanoseconds
                isEnding = stopped.wait { stopped -> Monitor<Bool>.Decision<Bool> in
                    if stopped { return .done(true) }
                    return SystemClock.monotonicNanoseconds() >= due ? .done(false) : .wait(untilNanoseconds: due)
                }
                Self.run(stages, log)
            }
        }
    }

    /// Saves the cursors a last time.
    func stop() {
        isStopped.withLock { $0 = true }
        isStopped.broadcast()
        thread.join()
    }

    private static func run(_ stages: CollectorStages, _ log: CollectorLog) {
        // What is kept goes into the delivery log before the intake's cursor moves over it: the intake is saved last.
        do throws(SystemError) {
            try stages.delivery.maintain()
            if stages.intake !== stages.delivery { try stages.intake.maintain() }
        } catch {
            log.bufferNotMaintained(error)
        }
        for output in stages.outputs {
            // A directory that can't be cleaned up is told when something is stored.
            try? output.directory?.removeExpired(wallNanoseconds: SystemClock.wallNanoseconds())
        }
        guard let deriving = stages.deriving else { return }
        deriving.expire()
        do throws(SystemError) { try stages.counted.save() } catch { log.metricsNotSaved(error) }
        for report in deriving.takeOverflowReports() {
            log.logger.warning(
                "A metric has as many series as it may; new label values share one.",
                [
                    "metric": .string(report.family), "label": .string(report.label), "series": .integer(report.maximumSeries),
                    "values": .integer(report.distinctValues),
                ])
        }
    }
}

/// Waits for the moment to stop.
final class Stopping: Sendable {
    private let isAsked = Monitor(false)

    func signal() {
        isAsked.withLock { $0 = true }
        isAsked.broadcast()
    }

    func wait() {
        isAsked.wait { $0 ? Monitor<Bool>.Decision<Void>.done(()) : .wait(untilNanoseconds: nil) }
    }
}
