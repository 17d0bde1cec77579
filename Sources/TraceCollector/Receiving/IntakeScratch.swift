import Gzip
import OTLP
import Synchronization

/// The memory that reading one request takes; used again for the next.
final class IntakeScratch {
    var index = TraceIndex()
    /// A request after inflating or filtering.
    var message: [UInt8] = []
    var filtered: [UInt8] = []
    var writer = ProtobufWriter()
    private(set) lazy var transcoder = TraceJSONTranscoder()

    /// What a request of usual size needs.
    private static let keptBytes = 1 << 20
    private static let keptSpans = 4096

    func shrink() {
        if message.capacity > Self.keptBytes { message = [] }
        if filtered.capacity > Self.keptBytes { filtered = [] }
        writer.removeAll(keepingCapacityUpTo: Self.keptBytes)
        index.shrink(toSpans: Self.keptSpans)
    }
}

/// As many ``IntakeScratch`` as threads have needed at once.
///
/// `@unchecked Sendable`: a scratch is with one thread or in the list, never both.
final class IntakeScratchPool: @unchecked Sendable {
    private let lock = Mutex<Void>(())
    private var free: [IntakeScratch] = []

    func with<Result>(_ body: (IntakeScratch) -> Result) -> Result {
        let scratch = lock.withLock { _ in free.popLast() } ?? IntakeScratch()
        defer {
            scratch.shrink()
            lock.withLock { _ in free.append(scratch) }
        }
        return body(scratch)
    }
}
