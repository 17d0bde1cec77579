import JSONScanning

/// Reads the time that a line carries: a `TimestampFormat` of the configuration, compiled once and used for each line.
///
/// Results are nanoseconds since 1970-01-01T00:00:00Z. What does not match the format, is no real date, or lies before 1970 or
/// after 2262-04-11T23:47:16.854775807Z (the largest signed 64-bit count, which is what Loki stores) gives nil.
///
/// A text may lack its zone, which is then that of the source, or UTC; and its year, which then follows from when the line was first seen
/// (``needsSight(_:in:)``): so it stays the same whenever the line is read again (docs/decisions/0011).
struct LineTimestamp: Sendable {
    private enum Form: Sendable {
        case rfc3339
        case syslog
        case unix(TimestampUnix)
        case pattern(TimestampPattern)
    }

    private let form: Form
    private let zone: TimestampZone?
    /// Longer texts are no timestamps; a text with escapes is decoded into that much of the stack.
    private static let maximumTextBytes = 256

    /// Throws only for a pattern.
    init(_ format: TimestampFormat, zone: TimestampZone? = nil) throws(TimestampPatternError) {
        self.zone = zone
        switch format {
        case .rfc3339: form = .rfc3339
        case .syslog: form = .syslog
        case .unix: form = .unix(TimestampUnix(fractionDigits: 9))
        case .unixMilliseconds: form = .unix(TimestampUnix(fractionDigits: 6))
        case .unixMicroseconds: form = .unix(TimestampUnix(fractionDigits: 3))
        case .unixNanoseconds: form = .unix(TimestampUnix(fractionDigits: 0))
        case .pattern(let text): form = .pattern(try TimestampPattern(text))
        }
    }

    /// Its texts are those of RFC 3339.
    var readsRFC3339: Bool {
        if case .rfc3339 = form { true } else { false }
    }

    /// Whether the time in a field depends on when its line was first seen: it lacks its year.
    @inline(__always)
    func needsSight(_ value: FieldValue, in line: UnsafeRawBufferPointer) -> Bool {
        switch form {
        case .rfc3339, .unix: false
        case .syslog: value.count > 0 && line[Int(value.start)] &- 0x30 >= 10
        case .pattern(let pattern): !pattern.readsYear
        }
    }

    /// The time that the whole of `text` stands for. `seenAt`: when the line was first seen.
    func nanoseconds(_ text: UnsafeRawBufferPointer, seenAt: UInt64 = 0) -> UInt64? {
        switch form {
        case .rfc3339: TimestampRFC3339.civilTime(text)?.nanoseconds(in: zone, seenAt: seenAt)
        case .syslog: TimestampSyslog.civilTime(text)?.nanoseconds(in: zone, seenAt: seenAt)
        case .unix(let unix): unix.nanoseconds(text)
        case .pattern(let pattern): pattern.nanoseconds(text, in: zone, seenAt: seenAt)
        }
    }

    /// The time in a line's field: a string, or for the unix formats and patterns also a number.
    func nanoseconds(of value: FieldValue, in line: UnsafeRawBufferPointer, seenAt: UInt64 = 0) -> UInt64? {
        switch value.kind {
        case .string, .number: break
        case .missing, .true_, .false_, .null, .object, .array: return nil
        }
        guard value.count <= Self.maximumTextBytes else { return nil }
        let text = value.text(in: line)
        guard value.hasEscapes else { return nanoseconds(text, seenAt: seenAt) }
        // Some writers escape the `+` of an offset as `\u002B`.
        return withUnsafeTemporaryAllocation(byteCount: Self.maximumTextBytes, alignment: 8) { buffer in
            let count = JSONStringDecoding.decode(text, into: buffer)
            return nanoseconds(UnsafeRawBufferPointer(rebasing: buffer[..<count]), seenAt: seenAt)
        }
    }
}
