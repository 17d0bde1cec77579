/// A message up to the empty line.
package struct MessageHead<Start: Equatable & Sendable>: Equatable, Sendable {
    package var start: Start
    package var headers: HTTPHeaders
}

package typealias RequestHead = MessageHead<RequestLine>
package typealias ResponseHead = MessageHead<StatusLine>

/// Parses one message head, line by line as the bytes arrive, so that what is wrong is refused at its first wrong line.
struct HeadParser<Start: StartLine>: Sendable {
    private let limits: HTTPLimits
    private var start: Start?
    private var fields: FieldSectionParser
    private var emptyLines = 0

    init(limits: HTTPLimits) {
        self.limits = limits
        fields = FieldSectionParser(limits: limits)
    }

    /// Whether a byte of the head was taken, empty lines before it aside.
    var hasStarted: Bool { start != nil }

    /// Takes lines from `input`. Gives the head once it is whole, nil when more bytes are needed.
    mutating func parse(_ input: inout ReceiveBuffer) throws(HTTPParseError) -> MessageHead<Start>? {
        while start == nil {
            guard let line = try input.nextLine() else {
                if input.count > min(Start.maximumBytes(limits), limits.headBytes) { throw Start.tooLong(limits) }
                return nil
            }
            if line.isEmpty {
                // Some old clients send an empty line after a body (RFC 9112 §2.2).
                emptyLines += 1
                if emptyLines > 2 { throw .malformed("empty lines where a message should start") }
                continue
            }
            if line.count > min(Start.maximumBytes(limits), limits.headBytes) { throw Start.tooLong(limits) }
            start = try Start(line: line, limits: limits)
            fields.countBytes(line.count + 2)
        }
        guard let start, let headers = try fields.parse(&input) else { return nil }
        return MessageHead(start: start, headers: headers)
    }
}

/// Parses header or trailer fields up to and with the empty line (RFC 9112 §5).
struct FieldSectionParser: Sendable {
    private let limits: HTTPLimits
    private var headers = HTTPHeaders()
    private var usedBytes = 0

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Counts bytes of the same head that stood before the fields.
    mutating func countBytes(_ count: Int) { usedBytes += count }

    mutating func parse(_ input: inout ReceiveBuffer) throws(HTTPParseError) -> HTTPHeaders? {
        while let line = try input.nextLine() {
            if line.isEmpty { return headers }
            usedBytes += line.count + 2
            if usedBytes > limits.headBytes { throw .headTooLarge(limitBytes: limits.headBytes) }
            if headers.count == limits.headerCount { throw .tooManyHeaders(limit: limits.headerCount) }
            try take(line)
        }
        if usedBytes + input.count > limits.headBytes { throw .headTooLarge(limitBytes: limits.headBytes) }
        return nil
    }

    private mutating func take(_ line: ArraySlice<UInt8>) throws(HTTPParseError) {
        if line.first == 0x20 || line.first == 0x09 {
            throw .malformed("a folded header field: \(ASCIIText.quoted(line))")
        }
        // A space before the colon is refused here too: it is no token character.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), HTTPGrammar.isToken(line[..<colon]) else {
            throw .malformed("no header field: \(ASCIIText.quoted(line))")
        }
        var value = line[(colon + 1)...]
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        guard value.allSatisfy({ HTTPGrammar.isFieldContent($0) }) else {
            throw .malformed("a control character in a header field: \(ASCIIText.quoted(line))")
        }
        headers.append(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
