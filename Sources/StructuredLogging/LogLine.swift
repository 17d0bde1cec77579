import Glibc
import JSONScanning

/// Makes the line of an event: `{"timestamp":"2026-01-31T12:00:00.123Z","level":"INFO","logger":"…","message":"…","service":"…",…}`
/// with a newline. The buffer is used again for the next line. What a service tells more stands in its `extension`, in another file.
struct LogLine {
    /// So long a line goes into a pipe in one piece (`PIPE_BUF`).
    static let maximumBytes = 4096
    /// Longer texts are cut at a character's edge.
    static let maximumTextBytes = 1024
    /// U+007F, U+0080 … U+009F, line separators and marks that turn the direction of text are escaped, too: they change what a terminal
    /// or an editor shows, not what a parser reads.
    var escapesInvisible = false
    /// The line being made has lost fields.
    var isCut = false
    static let end = Array("}\n".utf8)
    static let cutEnd = Array(",\"log.cut\":true}\n".utf8)

    var bytes: [UInt8] = []

    mutating func make(_ event: LogEvent, service: String, wallNanoseconds: UInt64) {
        bytes.removeAll(keepingCapacity: true)
        append("{\"timestamp\":\"")
        appendTime(wallNanoseconds, fractionDigits: 3)
        append("\",\"level\":\"")
        event.level.text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        append("\",\"logger\":")
        appendText(event.logger, maximumBytes: 128)
        append(",\"message\":")
        appendText(event.message, maximumBytes: 256)
        append(",\"service\":")
        appendText(service, maximumBytes: 128)
        for (key, value) in event.fields.fields {
            let start = bytes.count
            append(",")
            appendText(key, maximumBytes: 128)
            append(":")
            appendValue(value)
            if bytes.count > Self.maximumBytes - Self.cutEnd.count {
                bytes.removeSubrange(start...)
                bytes += Self.cutEnd
                return
            }
        }
        bytes += Self.end
    }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func appendValue(_ value: LogValue) {
        switch value {
        case .string(let text): appendText(text, maximumBytes: Self.maximumTextBytes)
        case .signed(let number): bytes += Array("\(number)".utf8)
        case .unsigned(let number): bytes += Array("\(number)".utf8)
        // JSON has no infinity.
        case .number(let number): number.isFinite ? bytes += Array("\(number)".utf8) : appendText("\(number)", maximumBytes: 8)
        case .bool(let flag): append(flag ? "true" : "false")
        case .null: append("null")
        }
    }

    mutating func appendText(_ text: String, maximumBytes: Int) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var count = min(utf8.count, maximumBytes)
            if count < utf8.count { while count > 0 && utf8[count] & 0xc0 == 0x80 { count -= 1 } }
            let start = bytes.count
            JSONStringEscaping.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(utf8)[..<count]), to: &bytes)
            if escapesInvisible { InvisibleCharacters.escape(in: &bytes, from: start) }
            if count < utf8.count { bytes += Array("…".utf8) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// RFC 3339 in UTC with milliseconds or microseconds.
    mutating func appendTime(_ wallNanoseconds: UInt64, fractionDigits: Int) {
        var seconds = time_t(wallNanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        appendDigits(Int(parts.tm_year) + 1900, 4)
        append("-")
        appendDigits(Int(parts.tm_mon) + 1, 2)
        append("-")
        appendDigits(Int(parts.tm_mday), 2)
        append("T")
        appendDigits(Int(parts.tm_hour), 2)
        append(":")
        appendDigits(Int(parts.tm_min), 2)
        append(":")
        appendDigits(Int(parts.tm_sec), 2)
        append(".")
        appendDigits(Int(wallNanoseconds % 1_000_000_000) / (fractionDigits == 3 ? 1_000_000 : 1000), fractionDigits)
        append("Z")
    }

    private mutating func appendDigits(_ number: Int, _ count: Int) {
        var divisor = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
