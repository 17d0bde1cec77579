/// How entries are made of parts of a source's lines, or of several of them.
struct AssemblingSettings: Equatable, Sendable {
    var envelope: LineEnvelope?
    var multiline: MultilineSettings?
    /// Of an entry's content.
    var maximumBytes: Int
    /// See ``EntryAssembler/Limits``.
    var reachBytes: Int
    /// An entry that got no line for this long is complete.
    var timeoutNanoseconds = MultilineSettings.defaultTimeoutNanoseconds

    var limits: EntryAssembler.Limits {
        EntryAssembler.Limits(
            maximumBytes: maximumBytes, maximumLines: multiline?.maximumLines ?? MultilineSettings.defaultMaximumLines,
            reachBytes: reachBytes)
    }
}

extension SourceSettings {
    /// nil where every line is an entry.
    var assembling: AssemblingSettings? {
        if envelope == nil && multiline == nil { return nil }
        let maximumBytes = multiline?.maximumBytes ?? maximumLineBytes
        return AssemblingSettings(
            envelope: envelope, multiline: multiline, maximumBytes: maximumBytes,
            reachBytes: maximumBytes + max(1 << 20, maximumLineBytes),
            timeoutNanoseconds: multiline?.timeoutNanoseconds ?? partialTimeoutNanoseconds)
    }
}
