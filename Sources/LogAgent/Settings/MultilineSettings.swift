/// How several lines of a file become one entry.
struct MultilineSettings: Equatable, Sendable {
    /// A line that matches begins an entry. At least one of the two is there.
    var start: RegexProgram?
    /// A line that matches continues the entry before it. With both, a line that matches neither begins an entry.
    var continuation: RegexProgram?
    /// An entry that would have more lines, or bytes, ends before; the lines that follow make another. It is marked and counted.
    var maximumLines: Int
    var maximumBytes: Int
    /// An entry that got no line for this long is complete.
    var timeoutNanoseconds: UInt64

    static let defaultMaximumLines = 500
    static let defaultTimeoutNanoseconds: UInt64 = 5_000_000_000
}
