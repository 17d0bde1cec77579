import HTTP

/// How the head of a request says that its body carries a file.
struct UploadFormat: Sendable {
    enum Framing: Sendable {
        /// The body is the file.
        case raw(fileName: String)
        /// A form with the file in its field ``fieldName``; a name goes before that of the field.
        case form(MultipartParser, fileName: String?)
    }

    static let fieldName = "file"
    static let acceptedTypes = "multipart/form-data, application/octet-stream, video/*, audio/*"

    var framing: Framing

    init(_ head: HTTPRequestHead) throws(Problem) {
        let codings = head.headers.listMembers("Content-Encoding").filter { $0.lowercased() != "identity" }
        if let coding = codings.first {
            throw Problem(
                415, "An upload can't have the Content-Encoding \(coding.prefix(32)); send the file as it is.",
                headers: ["Accept-Encoding": "identity"])
        }
        guard let text = head.headers.first("Content-Type") else {
            framing = .raw(fileName: try Self.fileName(head.headers))
            return
        }
        guard let type = HeaderParameters(text) else { throw Problem(400, "The Content-Type is not of the form type/subtype; name=value.") }
        switch type.value {
        case "multipart/form-data":
            guard let parser = type["boundary"].flatMap(MultipartParser.init(boundary:)) else {
                throw Problem(400, "The Content-Type multipart/form-data names no boundary of 1 to 70 characters.")
            }
            framing = .form(parser, fileName: try Self.explicitName(head.headers))
        case "application/octet-stream": framing = .raw(fileName: try Self.fileName(head.headers))
        case let value where value.hasPrefix("video/") || value.hasPrefix("audio/"):
            framing = .raw(fileName: try Self.fileName(head.headers))
        default:
            throw Problem.unsupportedMediaType(
                "An upload is a form (multipart/form-data, with the file in the field `\(Self.fieldName)`) or the file itself "
                    + "(application/octet-stream, video/* or audio/*).", accepted: Self.acceptedTypes)
        }
    }

    /// `X-File-Name`, which may be percent-encoded.
    private static func explicitName(_ headers: HTTPHeaders) throws(Problem) -> String? {
        guard let text = headers.first("X-File-Name") else { return nil }
        // What was not UTF-8 came with U+FFFD in its place.
        guard let name = PercentEncoding.decode(text), !name.unicodeScalars.contains("\u{fffd}") else {
            throw Problem(400, "The X-File-Name is not UTF-8 text, percent-encoded where it is not ASCII.")
        }
        return try UploadName.check(name)
    }

    /// The same, or from `Content-Disposition`.
    private static func fileName(_ headers: HTTPHeaders) throws(Problem) -> String {
        if let name = try explicitName(headers) { return name }
        guard let text = headers.first("Content-Disposition") else { return UploadName.fallback }
        guard let disposition = HeaderParameters(text) else {
            throw Problem(400, "The Content-Disposition is not of the form attachment; filename=\"name\".")
        }
        if let text = disposition["filename*"] {
            guard let name = UploadName.extended(text) else {
                throw Problem(400, "The filename* of the Content-Disposition is not of the form UTF-8''name, percent-encoded (RFC 8187).")
            }
            return try UploadName.check(name)
        }
        return try disposition["filename"].map(UploadName.check) ?? UploadName.fallback
    }
}
