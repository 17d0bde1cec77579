import Synchronization
import SystemIO

/// An entry that the output will never take. It stands in the dead-letter file.
struct RefusedEntry: Equatable, Sendable {
    /// In its batch.
    let index: Int
    let reason: RefusalReason
}

/// What became of one batch: every entry is stored, except for those that are named.
struct BatchOutcome: Sendable {
    /// The sender's number.
    let output: Int
    let batch: SealedBatch
    /// Ascending indices.
    let refused: [RefusedEntry]
    /// HTTP requests or written files, those that failed included.
    let attempts: Int
    /// When the last answer came, on the monotonic clock.
    let decidedAt: UInt64
}

/// Carries outcomes from the threads of all outputs to one that waits on a descriptor.
final class OutcomeMailbox: Sendable {
    private let outcomes = Mutex<[BatchOutcome]>([])
    /// Readable when there are outcomes, or when the health of an output changed.
    let event: EventDescriptor

    init(event: EventDescriptor) {
        self.event = event
    }

    func post(_ new: [BatchOutcome]) {
        outcomes.withLock { $0.append(contentsOf: new) }
        event.signal()
    }

    /// All since the last call; those of one stream in its order. Drain ``event`` before, not after.
    func takeAll() -> [BatchOutcome] {
        outcomes.withLock { outcomes in
            let taken = outcomes
            outcomes.removeAll(keepingCapacity: true)
            return taken
        }
    }
}
