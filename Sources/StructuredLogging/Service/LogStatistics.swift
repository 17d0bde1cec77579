/// What became of a service's lines, in all places where they go, since the start.
package struct LogStatistics: Equatable, Sendable {
    /// Where there are a file and standard output, each line counts for both.
    package var written: UInt64 = 0
    /// A file could not be written, and enough lines waited for that already.
    package var droppedUnwritable: UInt64 = 0
    /// The reader of standard output had gone.
    package var droppedReaderGone: UInt64 = 0
    /// The reader of standard output was too slow for the end of the service.
    package var droppedStopping: UInt64 = 0
    package var failedWrites: UInt64 = 0
    /// How long writing waited for readers.
    package var waitedNanoseconds: UInt64 = 0

    package var dropped: UInt64 { droppedUnwritable + droppedReaderGone + droppedStopping }

    static func + (left: LogStatistics, right: LogStatistics) -> LogStatistics {
        LogStatistics(
            written: left.written + right.written, droppedUnwritable: left.droppedUnwritable + right.droppedUnwritable,
            droppedReaderGone: left.droppedReaderGone + right.droppedReaderGone,
            droppedStopping: left.droppedStopping + right.droppedStopping, failedWrites: left.failedWrites + right.failedWrites,
            waitedNanoseconds: left.waitedNanoseconds + right.waitedNanoseconds)
    }
}
