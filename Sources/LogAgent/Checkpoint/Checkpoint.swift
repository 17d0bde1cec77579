import Tailing

/// Everything that must survive a `kill -9`, as of one moment between two lines: how far each file was counted and delivered, and the
/// derived metrics that those lines made.
struct Checkpoint: Equatable, Sendable {
    struct File: Equatable, Sendable {
        var saved: SavedFile
        /// Where reading began; not 0 with `start_at: "end"`.
        var startOffset: UInt64
        /// What was read and counted.
        var read: Tally
        /// Bytes that went away before they were read.
        var lostUnreadBytes: UInt64
        var outputs: [Output]
    }

    struct Output: Equatable, Sendable {
        var name: String
        var delivered: FileCursor
        var ledger: LedgerEntry
    }

    /// The sum over files that are forgotten: their ledgers have closed.
    struct ClosedFiles: Equatable, Sendable {
        var sourceName: String
        var files: UInt64
        var read: Tally
        var lostUnreadBytes: UInt64
        var outputs: [ClosedOutput]
    }

    struct ClosedOutput: Equatable, Sendable {
        var name: String
        var ledger: LedgerEntry
    }

    /// Wall clock, nanoseconds since 1970.
    var writtenAt: UInt64
    var nextFileID: UInt64
    var files: [File]
    var closed: [ClosedFiles]
    /// What the derived metrics' store encodes itself as.
    var metrics: [UInt8]
}
