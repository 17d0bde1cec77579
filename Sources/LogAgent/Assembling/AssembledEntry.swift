/// One entry, made of one or more lines of a file.
struct AssembledEntry {
    /// The content: what the program wrote, its lines joined with newlines. Valid during the call that gets it.
    var content: UnsafeRawBufferPointer
    /// Offset in the file of its first line.
    var offset: UInt64
    /// The lines of the file that it is made of, and the bytes that they take there.
    var tally: Tally
    var stream: LogStream
    /// When its first line was taken by a container runtime, nanoseconds since 1970.
    var time: UInt64?
    /// One of its lines is longer than `max_line_bytes` and was cut.
    var isCut = false
    /// A limit ended it: what follows was made another entry.
    var isSplit = false
    /// Its line lacks the envelope that it should have; `content` is the line as it stands.
    var error: EnvelopeError?
    /// See ``DockerLineReader/attributes``.
    var attributes: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
}
