/// A sum kept as a pair of doubles whose exact sum it is (Knuth's TwoSum, then renormalised): about 106 bits, so that the double
/// it rounds to does not depend on the order in which values came.
struct CompensatedSum: BitwiseCopyable, Equatable {
    var high: Double
    var low: Double

    /// The double nearest to the sum.
    var value: Double { high }

    /// nil if the sum would leave the range of a double.
    @inline(__always)
    func adding(_ value: Double) -> CompensatedSum? {
        let sum = high + value
        guard sum.isFinite else { return nil }
        let shifted = sum - high
        let error = (high - (sum - shifted)) + (value - shifted)
        let rest = low + error
        let renewed = sum + rest
        return CompensatedSum(high: renewed, low: rest - (renewed - sum))
    }
}
