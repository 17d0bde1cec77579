import Delivery
import SystemIO

/// Writes pushes into files.
final class DirectoryDestination: PushDestination {
    private let store: DirectoryStore
    private let metrics: OutputMetrics
    private let encoder: PushEncoder

    init(_ store: DirectoryStore, compressionLevel: Int, metrics: OutputMetrics) {
        self.store = store
        self.metrics = metrics
        encoder = PushEncoder(level: compressionLevel)
    }

    func encode(_ batches: [SealedBatch], into body: inout [UInt8]) -> Int {
        encoder.encode(.whole(batches), of: batches, into: &body)
    }

    func attempt(_ push: PendingPush) -> PushResolution.Verdict {
        let start = SystemClock.monotonicNanoseconds()
        do throws(SystemError) {
            try store.store(
                push.body, of: push.batches, uncompressedBytes: push.bodyBytes, wallNanoseconds: SystemClock.wallNanoseconds())
        } catch {
            metrics.countRequest(status: 0, sentBytes: 0, nanoseconds: SystemClock.monotonicNanoseconds() - start)
            return .retry(OutputProblem(.storage, "cannot store a batch: \(error)"), .init(scope: .output, pace: .backoff))
        }
        metrics.countRequest(status: 200, sentBytes: push.body.count, nanoseconds: SystemClock.monotonicNanoseconds() - start)
        return .finished
    }
}
