/// Where a record of a ``SegmentLog`` begins, or the next one will.
struct LogPosition: Equatable, Comparable, Sendable {
    /// Number of the segment.
    var segment: UInt64
    /// In its file, in bytes.
    var offset: UInt64

    static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.segment, left.offset) < (right.segment, right.offset)
    }
}
