import JSONScanning

/// Reads the time that a line carries: a `TimestampFormat` of the configuration, compiled once and used for each line.
///
/// Results are nanoseconds since 1970-01-01T00:00:00Z. What does not match the format, is no real date, or lies before 1970 or
/// after 2262-04-11T23:47:16.854775807Z (the largest signed 64-bit count, which is what Loki stores) gives nil.
struct LineTimestamp: Sendable {
    private enum Form: Sendable {
        case rfc3339
        case unix(TimestampUnix)
        case pattern(TimestampPattern)
    }

    private let form: Form

    /// Longer texts are no timestamps; a text with escapes is decoded into that much of the stack.
    private static let maximumTextBytes = 256

    /// Throws only for a pattern.
    init(_ format: TimestampFormat) throws(TimestampPatternError) {
        switch format {
        case .rfc3339: form = .rfc3339
        case .unix: form = .unix(TimestampUnix(fractionDigits: 9))
        case .unixMilliseconds: form = .unix(TimestampUnix(fractionDigits: 6))
        case .unixMicroseconds: form = .unix(TimestampUnix(fractionDigits: 3))
        case .unixNanoseconds: form = .unix(TimestampUnix(fractionDigits: 0))
        case .pattern(let text): form = .pattern(try TimestampPattern(text))
        }
    }

    /// The time that the whole of `text` stands for.
    func nanoseconds(_ text: UnsafeRawBufferPointer) -> UInt64? {
        switch form {
        case .rfc3339: TimestampRFC3339.nanoseconds(text)
        case .unix(let unix): unix.nanoseconds(text)
        case .pattern(let pattern): pattern.nanoseconds(text)
        }
    }

    /// The time in a line's field: a string, or for the unix formats and patterns also a number.
    func nanoseconds(of value: FieldValue, in line: UnsafeRawBufferPointer) -> UInt64? {
        guard value.kind == .string || value.kind == .number, value.count <= Self.maximumTextBytes else { return nil }
        let text = value.text(in: line)
        guard value.hasEscapes else { return nanoseconds(text) }
        // Some writers escape the `+` of an offset as `\u002B`.
        return withUnsafeTemporaryAllocation(byteCount: Self.maximumTextBytes, alignment: 8) { buffer in
            let count = JSONStringDecoding.decode(text, into: buffer)
            return nanoseconds(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
