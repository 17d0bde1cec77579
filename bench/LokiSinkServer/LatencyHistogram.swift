/// Durations in buckets 1/16 of a power of two wide: percentiles to about 6 %, in a few kilobytes however many there are.
struct LatencyHistogram {
    private static let stepsPerDoubling = 16
    private var counts: [UInt32] = []
    private(set) var count = 0
    private var maximumNanoseconds: UInt64 = 0

    mutating func record(nanoseconds: UInt64) {
        if counts.isEmpty { counts = Array(repeating: 0, count: 64 * Self.stepsPerDoubling) }
        counts[Self.bucket(of: nanoseconds)] += 1
        count += 1
        maximumNanoseconds = max(maximumNanoseconds, nanoseconds)
    }

    mutating func add(_ other: LatencyHistogram) {
        guard !other.counts.isEmpty else { return }
        if counts.isEmpty { counts = Array(repeating: 0, count: other.counts.count) }
        for (bucket, more) in other.counts.enumerated() where more > 0 { counts[bucket] += more }
        count += other.count
        maximumNanoseconds = max(maximumNanoseconds, other.maximumNanoseconds)
    }

    var maximumMilliseconds: Double { Self.rounded(maximumNanoseconds) }

    /// The upper edge of the bucket in which the quantile falls, but not above the maximum; 0 without any duration.
    func milliseconds(atQuantile quantile: Double) -> Double {
        let rank = max(1, Int((Double(count) * quantile).rounded(.up)))
        var seen = 0
        for (bucket, number) in counts.enumerated() {
            seen += Int(number)
            if seen >= rank { return Self.rounded(min(Self.upperEdge(of: bucket), maximumNanoseconds)) }
        }
        return 0
    }

    /// The position of the highest bit, and the four bits behind it.
    private static func bucket(of nanoseconds: UInt64) -> Int {
        guard nanoseconds >= 16 else { return Int(nanoseconds) }
        let exponent = 63 - nanoseconds.leadingZeroBitCount
        return (exponent - 3) * stepsPerDoubling + Int(nanoseconds >> UInt64(exponent - 4) & 15)
    }

    private static func upperEdge(of bucket: Int) -> UInt64 {
        guard bucket >= 16 else { return UInt64(bucket) }
        let exponent = bucket / stepsPerDoubling + 3
        return UInt64(17 + bucket % stepsPerDoubling) << UInt64(exponent - 4) - 1
    }

    /// To microseconds.
    private static func rounded(_ nanoseconds: UInt64) -> Double {
        Double(nanoseconds / 1000) / 1000
    }
}
