/// What one line of a file says of the program's own output.
struct EnvelopedLine {
    /// What the program wrote, without the newline; valid until the next line is unwrapped.
    var content: UnsafeRawBufferPointer
    var stream: LogStream
    /// The program's line goes on in the stream's next one: a container runtime cuts long lines into parts.
    var isPartial: Bool
    /// When the runtime took it, in nanoseconds since 1970; nil where it does not say.
    var time: UInt64?
}
