/// The two versions that we speak.
package enum HTTPVersion: Equatable, Sendable {
    case http10, http11

    /// From the eight bytes `HTTP/1.1`. Any higher minor version is spoken to as 1.1 (RFC 9110 §2.5).
    init(_ bytes: ArraySlice<UInt8>) throws(HTTPParseError) {
        let text = Array(bytes)
        guard text.count == 8, text.starts(with: "HTTP/".utf8), text[6] == UInt8(ascii: "."), Self.isDigit(text[5]), Self.isDigit(text[7])
        else {
            throw .malformed("no HTTP version: \(ASCIIText.quoted(bytes))")
        }
        guard text[5] == UInt8(ascii: "1") else { throw .unsupportedVersion(String(decoding: text[5...], as: UTF8.self)) }
        self = text[7] == UInt8(ascii: "0") ? .http10 : .http11
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

/// The first line of a message: the only difference between the heads of requests and responses.
protocol StartLine: Equatable, Sendable {
    init(line: ArraySlice<UInt8>, limits: HTTPLimits) throws(HTTPParseError)
    /// What is wrong when a first line without an end has become too long.
    static func tooLong(_ limits: HTTPLimits) -> HTTPParseError
    /// How long a first line may be.
    static func maximumBytes(_ limits: HTTPLimits) -> Int
}

/// `GET /path?query HTTP/1.1` (RFC 9112 §3).
package struct RequestLine: StartLine {
    package var method: HTTPMethod
    /// As received: origin, absolute, authority or asterisk form.
    package var target: String
    package var version: HTTPVersion

    package init(method: HTTPMethod, target: String, version: HTTPVersion = .http11) {
        self.method = method
        self.target = target
        self.version = version
    }

    init(line: ArraySlice<UInt8>, limits: HTTPLimits) throws(HTTPParseError) {
        // Exactly one space between the parts, though RFC 9112 §3 would let us be lenient.
        let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count <= 32, HTTPGrammar.isToken(parts[0]) else {
            throw .malformed("no request line: \(ASCIIText.quoted(line))")
        }
        version = try HTTPVersion(parts[2])
        guard parts[1].count <= limits.targetBytes else { throw .targetTooLong(limitBytes: limits.targetBytes) }
        guard !parts[1].isEmpty, parts[1].allSatisfy({ HTTPGrammar.isTarget($0) }) else {
            throw .malformed("a bad request target: \(ASCIIText.quoted(parts[1]))")
        }
        method = HTTPMethod(rawValue: String(decoding: parts[0], as: UTF8.self))
        target = String(decoding: parts[1], as: UTF8.self)
    }

    static func tooLong(_ limits: HTTPLimits) -> HTTPParseError { .targetTooLong(limitBytes: limits.targetBytes) }

    static func maximumBytes(_ limits: HTTPLimits) -> Int { limits.targetBytes + 64 }
}

/// `HTTP/1.1 200 OK` (RFC 9112 §4).
package struct StatusLine: StartLine {
    package var version: HTTPVersion
    package var status: Int

    package init(version: HTTPVersion = .http11, status: Int) {
        self.version = version
        self.status = status
    }

    init(line: ArraySlice<UInt8>, limits: HTTPLimits) throws(HTTPParseError) {
        version = try HTTPVersion(line.prefix(8))
        let rest = line.dropFirst(8)
        // The reason phrase, and in practice also the space before it, may be missing.
        guard rest.count >= 4, rest.first == 0x20,
            let status = ASCIIText.decimal(Substring(decoding: rest.dropFirst().prefix(3), as: UTF8.self)),
            (100...599).contains(status), rest.count == 4 || rest[rest.startIndex + 4] == 0x20
        else { throw .malformed("no status line: \(ASCIIText.quoted(line))") }
        guard rest.allSatisfy({ HTTPGrammar.isFieldContent($0) }) else {
            throw .malformed("a control character in the status line: \(ASCIIText.quoted(line))")
        }
        self.status = status
    }

    static func tooLong(_ limits: HTTPLimits) -> HTTPParseError { .headTooLarge(limitBytes: limits.headBytes) }

    static func maximumBytes(_ limits: HTTPLimits) -> Int { limits.headBytes }
}
