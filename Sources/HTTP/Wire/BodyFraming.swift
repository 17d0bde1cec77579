/// How the end of a body is found (RFC 9112 §6.3). Whatever could be read in two ways is an error.
package enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
    /// Responses only.
    case untilClose

    package init(ofRequest head: RequestHead) throws(HTTPParseError) {
        self = try Self.declared(in: head.headers, version: head.start.version) ?? .none
    }

    /// `method` is that of the request: an answer to HEAD has the fields of a body but no body.
    /// What follows a tunnel that was opened is no body, whatever the fields say.
    package init(ofResponse head: ResponseHead, to method: HTTPMethod) throws(HTTPParseError) {
        if method == .connect, (200..<300).contains(head.start.status) {
            self = .none
            return
        }
        let declared = try Self.declared(in: head.headers, version: head.start.version)
        switch head.start.status {
        case 100..<200, 204, 304: self = .none
        case _ where method == .head: self = .none
        default: self = declared ?? .untilClose
        }
    }

    private static func declared(in headers: HTTPHeaders, version: HTTPVersion) throws(HTTPParseError) -> BodyFraming? {
        let lengths = headers.all("Content-Length")
        let hasTransferCoding = headers.contains("Transfer-Encoding")
        if hasTransferCoding {
            if !lengths.isEmpty { throw .malformed("both Transfer-Encoding and Content-Length") }
            if version == .http10 { throw .malformed("Transfer-Encoding in an HTTP/1.0 message") }
            return try chunked(headers.listMembers("Transfer-Encoding"))
        }
        guard let length = lengths.first else { return nil }
        if lengths.count > 1 { throw .malformed("\(lengths.count) Content-Length fields") }
        guard let count = ASCIIText.decimal(length) else {
            throw .malformed("Content-Length \(ASCIIText.quoted(length.utf8)) is no number of bytes")
        }
        return .length(count)
    }

    private static func chunked(_ codings: [String]) throws(HTTPParseError) -> BodyFraming {
        let isChunked = codings.map { ASCIIText.equalIgnoringCase($0, "chunked") }
        guard isChunked.last == true, isChunked.filter({ $0 }).count == 1 else {
            throw .malformed("Transfer-Encoding \(ASCIIText.quoted(codings.joined(separator: ", ").utf8)) does not end in one chunked")
        }
        guard codings.count == 1 else { throw .unsupportedTransferCoding(ASCIIText.quoted(codings[0].utf8)) }
        return .chunked
    }
}
