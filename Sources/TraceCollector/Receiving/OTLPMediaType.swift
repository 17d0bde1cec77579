import HTTP
import OTLP

/// The two forms of OTLP/HTTP (OTLP specification, "OTLP/HTTP Request"). An answer has that of its request.
enum OTLPMediaType: String, Sendable {
    case protobuf = "application/x-protobuf"
    case json = "application/json"

    /// Of a `Content-Type`; parameters are allowed. nil for others.
    init?(_ contentType: String?) {
        guard let contentType else { return nil }
        let type = contentType.prefix { $0 != ";" }.lowercased()
        self.init(rawValue: String(type.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed()))
    }

    /// 200. With rejected spans, the client must not send the request again.
    func success(rejected: Int, message: String?) -> HTTPResponse {
        var response = HTTPResponse(status: 200, headers: ["Content-Type": rawValue])
        switch self {
        case .protobuf:
            guard rejected > 0 || message != nil else { return response }
            var writer = ProtobufWriter()
            writer.message(1) { partial in
                if rejected > 0 { partial.signed(1, Int64(rejected)) }
                if let message { partial.string(2, message) }
            }
            response.body = writer.bytes
        case .json:
            guard rejected > 0 || message != nil else {
                response.body = Array("{}".utf8)
                return response
            }
            let text = message.map { #","errorMessage":"\#(JSONText.escaped($0))""# } ?? ""
            response.body = Array(#"{"partialSuccess":{"rejectedSpans":"\#(rejected)"\#(text)}}"#.utf8)
        }
        return response
    }

    /// 4xx and 5xx, with a `google.rpc.Status`. `code` is one of gRPC.
    func failure(_ status: Int, code: Int, _ message: String, retryAfterSeconds: Int? = nil) -> HTTPResponse {
        var response = HTTPResponse(status: status, headers: ["Content-Type": rawValue])
        if let retryAfterSeconds { response.headers.append("Retry-After", String(retryAfterSeconds)) }
        switch self {
        case .protobuf:
            var writer = ProtobufWriter()
            writer.signed(1, Int64(code))
            writer.string(2, message)
            response.body = writer.bytes
        case .json: response.body = Array(#"{"code":\#(code),"message":"\#(JSONText.escaped(message))"}"#.utf8)
        }
        return response
    }
}
