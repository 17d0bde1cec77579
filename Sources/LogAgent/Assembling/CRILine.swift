import Glibc

/// A line of a container's log as Kubernetes' container runtimes write it: `<time> <stream> <tags> <content>`.
///
/// The time is RFC 3339 with nanoseconds, the stream `stdout` or `stderr`; the first of the tags, between colons, is `P` for a part of a
/// line and `F` for its last part. Source: Kubernetes, "CRI: log management for container stdout/stderr streams".
enum CRILine {
    static func unwrap(_ line: UnsafeRawBufferPointer) throws(CRILineError) -> EnvelopedLine {
        guard let timeEnd = blank(in: line, from: 0),
            let time = TimestampRFC3339.civilTime(UnsafeRawBufferPointer(rebasing: line[..<timeEnd]))?.nanosecondsSince1970
        else { throw .time }
        guard let streamEnd = blank(in: line, from: timeEnd + 1),
            let stream = LogStream(UnsafeRawBufferPointer(rebasing: line[timeEnd + 1..<streamEnd]))
        else { throw .stream }
        let tagsStart = streamEnd + 1
        // Runtimes leave the last blank out where there is no content, or an editor did.
        let tagsEnd = blank(in: line, from: tagsStart) ?? line.count
        guard tagsStart < tagsEnd, tagsEnd == tagsStart + 1 || line[tagsStart + 1] == UInt8(ascii: ":") else { throw .tag }
        let isPartial: Bool
        switch line[tagsStart] {
        case UInt8(ascii: "P"): isPartial = true
        case UInt8(ascii: "F"): isPartial = false
        default: throw .tag
        }
        let content = UnsafeRawBufferPointer(rebasing: line[min(tagsEnd + 1, line.count)...])
        return EnvelopedLine(content: content, stream: stream, isPartial: isPartial, time: time)
    }

    private static func blank(in line: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < line.count, let base = line.baseAddress else { return nil }
        return memchr(base + start, 0x20, line.count - start).map { UnsafeRawPointer($0) - base }
    }
}

/// Why a line is none of a container runtime.
enum CRILineError: Error, Equatable, CustomStringConvertible {
    case time, stream, tag

    var description: String {
        switch self {
        case .time: "the line does not begin with a time as in `2024-05-01T12:00:00.123456789Z `, as container runtimes write it"
        case .stream: "`stdout ` or `stderr ` was expected behind the time"
        case .tag: "`P ` or `F ` was expected behind the stream"
        }
    }
}
