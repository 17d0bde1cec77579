/// A message that must not go on the wire: it would be read as something else.
package enum HTTPSerializationError: Error, Equatable, Sendable, CustomStringConvertible {
    case badMethod(String)
    case badTarget(String)
    case badHeaderName(String)
    case badHeaderValue(name: String)
    case badStatus(Int)

    package var description: String {
        switch self {
        case .badMethod(let method): "\(ASCIIText.quoted(method.utf8)) is no HTTP method"
        case .badTarget(let target): "\(ASCIIText.quoted(target.utf8)) is no request target; percent-encode what is not visible ASCII"
        case .badHeaderName(let name): "\(ASCIIText.quoted(name.utf8)) is no header field name"
        case .badHeaderValue(let name): "the value of header field \(name) has a control character; remove it"
        case .badStatus(let status): "\(status) is no HTTP status"
        }
    }
}

/// Writes message heads. The body follows as it is: its bytes are never copied here.
package enum MessageSerializer {
    package static func requestHead(_ line: RequestLine, headers: HTTPHeaders) throws(HTTPSerializationError) -> [UInt8] {
        guard HTTPGrammar.isToken(line.method.rawValue.utf8) else { throw .badMethod(line.method.rawValue) }
        guard !line.target.isEmpty, line.target.utf8.allSatisfy({ HTTPGrammar.isTarget($0) }) else { throw .badTarget(line.target) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: "\(line.method.rawValue) \(line.target) \(text(line.version))\r\n".utf8)
        try append(headers, to: &bytes)
        return bytes
    }

    package static func responseHead(_ line: StatusLine, headers: HTTPHeaders) throws(HTTPSerializationError) -> [UInt8] {
        guard (100...599).contains(line.status) else { throw .badStatus(line.status) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: "\(text(line.version)) \(line.status) \(HTTPStatusText.reason(for: line.status))\r\n".utf8)
        try append(headers, to: &bytes)
        return bytes
    }

    private static func text(_ version: HTTPVersion) -> String { version == .http10 ? "HTTP/1.0" : "HTTP/1.1" }

    private static func append(_ headers: HTTPHeaders, to bytes: inout [UInt8]) throws(HTTPSerializationError) {
        for field in headers.fields {
            guard HTTPGrammar.isToken(field.name.utf8) else { throw .badHeaderName(field.name) }
            guard field.value.utf8.allSatisfy({ HTTPGrammar.isFieldContent($0) }) else { throw .badHeaderValue(name: field.name) }
            bytes.append(contentsOf: field.name.utf8)
            bytes.append(contentsOf: [UInt8(ascii: ":"), 0x20])
            bytes.append(contentsOf: field.value.utf8)
            bytes.append(contentsOf: [0x0d, 0x0a])
        }
        bytes.append(contentsOf: [0x0d, 0x0a])
    }
}
