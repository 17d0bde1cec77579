/// What became of one update of a series.
package enum UpdateOutcome: UInt8, Sendable {
    case applied
    /// Not a number, infinite, or it would make the series so: nothing moved.
    case notFinite
    /// A counter can't fall, nor can the sum of a histogram whose buckets are all above zero: nothing moved.
    case negative
}
