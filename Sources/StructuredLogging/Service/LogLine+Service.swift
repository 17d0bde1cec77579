import Glibc

extension LogLine {
    /// Longer ones lose their last fields; a service's pipes and files take what is longer than `PIPE_BUF`, as one process writes them.
    static let maximumServiceBytes = 64 << 10
    static let maximumExceptionBytes = 8 << 10

    /// Makes the line of a service: `timestamp` (with microseconds), `level`, `logger`, `message`, `module`, `function`, `line`, `service`, `event`,
    /// `trace_id`, `span_id`, `job_id`, `api_key`, the fields, `exception`. What is missing is left out.
    mutating func make(_ entry: ServiceLogEntry, service: String, wallNanoseconds: UInt64) {
        bytes.removeAll(keepingCapacity: true)
        append("{\"timestamp\":\"")
        appendTime(wallNanoseconds, fractionDigits: 6)
        append("\",\"level\":\"")
        append(entry.level.text)
        append("\",\"logger\":")
        appendText(entry.logger, maximumBytes: 128)
        append(",\"message\":")
        appendText(entry.message, maximumBytes: Self.maximumTextBytes)
        appendSource(entry.source)
        append(",\"service\":")
        appendText(service, maximumBytes: 128)
        if let event = entry.event {
            append(",\"event\":")
            appendText(event, maximumBytes: 128)
        }
        appendContext(entry.context)
        for (key, value) in entry.fields.fields {
            appendMember { line in
                line.appendText(key, maximumBytes: 128)
                line.append(":")
                line.appendValue(value)
            }
        }
        if let exception = entry.exception {
            appendMember { line in
                line.append("\"exception\":")
                line.appendText(exception, maximumBytes: Self.maximumExceptionBytes)
            }
        }
        bytes += isCut ? Self.cutEnd : Self.end
        isCut = false
    }

    /// Leaves out what would make the line too long.
    private mutating func appendMember(_ write: (inout LogLine) -> Void) {
        if isCut { return }
        let start = bytes.count
        append(",")
        write(&self)
        if bytes.count > Self.maximumServiceBytes - Self.cutEnd.count {
            bytes.removeSubrange(start...)
            isCut = true
        }
    }

    private mutating func appendSource(_ source: LogSource) {
        append(",\"module\":\"")
        // Names in source: no character needs an escape.
        source.fileID.withUTF8Buffer { path in
            let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
            bytes.append(contentsOf: name[..<(name.lastIndex(of: UInt8(ascii: ".")) ?? name.endIndex)])
        }
        append("\",\"function\":\"")
        append(source.function)
        append("\",\"line\":")
        appendNumber(UInt64(source.line))
    }

    private mutating func appendContext(_ context: LogContext) {
        if let trace = context.trace {
            append(",\"trace_id\":\"")
            appendHexadecimal(trace.traceHigh)
            appendHexadecimal(trace.traceLow)
            append("\",\"span_id\":\"")
            appendHexadecimal(trace.span)
            append("\"")
        }
        if let jobID = context.jobID {
            append(",\"job_id\":")
            appendText(jobID, maximumBytes: 128)
        }
        if let apiKey = context.apiKey {
            append(",\"api_key\":")
            appendText(apiKey, maximumBytes: 256)
        }
    }

    private mutating func appendHexadecimal(_ value: UInt64) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }

    private mutating func appendNumber(_ number: UInt64) { bytes += Array(String(number).utf8) }
}
