/// Which records of a batch are still to be delivered, and in which requests. A pure value.
///
/// A batch goes out whole. Where it is refused it is halved, until it is known which records a receiver won't take.
struct DeliveryParts: Equatable, Sendable {
    private var parts: [Range<Int>]

    init(count: Int) { parts = count > 0 ? [0..<count] : [] }

    /// What to send next; nil: all is decided. In order: what is before it is decided.
    var current: Range<Int>? { parts.last }

    mutating func settleCurrent() { parts.removeLast() }

    /// Halves the present part. False where it is one record.
    mutating func splitCurrent() -> Bool {
        guard let part = parts.last, part.count > 1 else { return false }
        parts.removeLast()
        let middle = part.lowerBound + part.count / 2
        parts.append(middle..<part.upperBound)
        parts.append(part.lowerBound..<middle)
        return true
    }
}
