import Tailing

/// How the files of one source are found and read, beside their names.
struct FileReadingSettings: Equatable, Sendable {
    enum EmptyLines: String, Equatable, Sendable, CaseIterable { case keep, skip }
    enum LongLines: String, Equatable, Sendable, CaseIterable {
        /// Its first `max_line_bytes` are the line.
        case truncate
        /// Neither counted by metrics nor shipped.
        case drop
    }
    enum Order: String, Equatable, Sendable, CaseIterable {
        /// All files in turns.
        case fair
        /// Each file to its end before one that was modified later.
        case oldestFirst = "oldest_first"
    }

    var encoding = TextEncoding.utf8
    var emptyLines = EmptyLines.keep
    var longLines = LongLines.truncate
    /// Of files that are older when they are found only what comes later is read.
    var ignoredAgeNanoseconds: UInt64?
    var order = Order.fair
    /// A file is removed when it has rested for this long and every output has all its lines; nil: never.
    var removeAfterNanoseconds: UInt64?
    /// Patterns of files that symbolic links may lead to, beside those that the source takes by their own name.
    var linkTargets: [String] = []
}

/// Where the undelivered rests of deleted files are kept.
struct SpillSettings: Equatable, Sendable {
    /// What all of them may take, compressed.
    var maximumBytes: UInt64 = 1 << 30
    /// So many deleted files are held by their descriptors; the rests of more are spilled at once.
    var maximumHeldFiles = 64
}
