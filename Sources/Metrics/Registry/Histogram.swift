import Synchronization

/// How values spread over buckets. Any thread may observe; a scrape sums the buckets, so that the count always fits them.
///
/// `@unchecked Sendable`: `buckets` never changes and is freed with the last reference; what it points to is atomic.
package final class Histogram: @unchecked Sendable {
    let shape: FamilyShape
    private let buckets: UnsafeMutablePointer<Atomic<UInt64>>
    private let sumBits = Atomic<UInt64>(0)

    init(_ shape: FamilyShape) {
        self.shape = shape
        buckets = .allocate(capacity: shape.bounds.count + 1)
        for bucket in 0...shape.bounds.count { (buckets + bucket).initialize(to: Atomic(0)) }
    }

    deinit {
        buckets.deinitialize(count: shape.bounds.count + 1)
        buckets.deallocate()
    }

    /// False, and nothing moves, for what is not finite, or negative while no bucket is.
    @discardableResult
    package func observe(_ value: Double) -> Bool {
        guard value.isFinite, value >= 0 || shape.allowsNegativeValues else { return false }
        buckets[shape.bucket(of: value)].wrappingAdd(1, ordering: .relaxed)
        sumBits.addDouble(value)
        return true
    }

    package var sum: Double { Double(bitPattern: sumBits.load(ordering: .relaxed)) }

    package var count: UInt64 { bucketCounts.reduce(0, +) }

    /// Of each bucket alone, `+Inf` last.
    package var bucketCounts: [UInt64] {
        (0...shape.bounds.count).map { buckets[$0].load(ordering: .relaxed) }
    }
}
