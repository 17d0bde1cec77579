import Synchronization

/// What requests take besides their bodies while they are read, over all threads: inflated, or turned into protobuf. Beyond its maximum
/// a request is asked to come again later, so that many at once cost no more memory than that.
final class BytesInFlight: Sendable {
    private let maximum: Int
    private let reserved = Atomic(0)

    init(maximum: Int) { self.maximum = maximum }

    var current: Int { reserved.load(ordering: .relaxed) }

    /// False where there is no room; then nothing was reserved.
    func reserve(_ count: Int) -> Bool {
        let sum = reserved.add(count, ordering: .relaxed).newValue
        if sum <= maximum { return true }
        release(count)
        return false
    }

    func release(_ count: Int) { reserved.subtract(count, ordering: .relaxed) }
}

/// What one request has reserved, to be given back when it is answered.
struct InFlightRequest: ~Copyable {
    private let bytes: BytesInFlight
    private var count = 0
    /// More was asked for than there was.
    private(set) var isTurnedAway = false

    init(of bytes: BytesInFlight) { self.bytes = bytes }

    deinit { bytes.release(count) }

    /// False from the first time on that there was no room.
    mutating func reserve(_ more: Int) -> Bool {
        if isTurnedAway { return false }
        isTurnedAway = !bytes.reserve(more)
        if !isTurnedAway { count += more }
        return !isTurnedAway
    }
}
