/// Lines and the bytes they take in their file, newlines included.
struct Tally: Equatable, Sendable {
    var lines: UInt64 = 0
    var bytes: UInt64 = 0

    static func + (left: Tally, right: Tally) -> Tally {
        Tally(lines: left.lines + right.lines, bytes: left.bytes + right.bytes)
    }

    static func += (left: inout Tally, right: Tally) { left = left + right }

    /// What is left of `left` without `right`; never below nothing.
    static func - (left: Tally, right: Tally) -> Tally {
        Tally(
            lines: left.lines > right.lines ? left.lines - right.lines : 0,
            bytes: left.bytes > right.bytes ? left.bytes - right.bytes : 0)
    }
}

/// What became of the lines of one file, or of many, at one output.
/// `read = delivered + filtered + refused + lost + pending`, in lines and in bytes.
struct LedgerEntry: Equatable, Sendable {
    /// Stored by the output: it said so.
    var delivered = Tally()
    /// Dropped by a transform.
    var filtered = Tally()
    /// Refused by the output for good, and written to its dead-letter file.
    var refused = Tally()
    /// Not readable any more when it was to be sent.
    var lost = Tally()

    var settled: Tally { delivered + filtered + refused + lost }

    func pending(of read: Tally) -> Tally { read - settled }

    static func += (left: inout LedgerEntry, right: LedgerEntry) {
        left.delivered += right.delivered
        left.filtered += right.filtered
        left.refused += right.refused
        left.lost += right.lost
    }
}
