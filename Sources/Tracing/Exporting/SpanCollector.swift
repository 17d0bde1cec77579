import Gzip
import HTTP
import OTLP
import SystemIO

/// A collector that takes spans by OTLP/HTTP: protobuf, gzip, one connection that is kept.
struct SpanCollector: SpanDestination {
    private let client: HTTPClient
    private let origin: SpanOrigin
    private let timeoutNanoseconds: UInt64
    private let encoder = GzipEncoder(level: .fast)
    private var writer = ProtobufWriter()
    private var body: [UInt8] = []

    init(_ client: HTTPClient, origin: SpanOrigin, timeoutNanoseconds: UInt64) {
        self.client = client
        self.origin = origin
        self.timeoutNanoseconds = timeoutNanoseconds
    }

    /// Where the base URL of a collector takes spans.
    static func endpoint(base: String) throws(HTTPEndpointError) -> HTTPEndpoint {
        let path = "/v1/traces"
        if base.hasPrefix("unix:") {
            // `unix:/run/x.sock` or `unix:/run/x.sock:/base`.
            let hasTarget = base.dropFirst("unix:".count).contains(":")
            return try HTTPEndpoint(url: (hasTarget && base.last == "/" ? String(base.dropLast()) : base) + (hasTarget ? path : ":" + path))
        }
        return try HTTPEndpoint(url: (base.last == "/" ? String(base.dropLast()) : base) + path)
    }

    mutating func export(_ spans: [SpanRecord]) -> SpanExportOutcome {
        writer.removeAll(keepingCapacityUpTo: 1 << 20)
        SpanEncoding.appendProtobuf(spans, from: origin, to: &writer)
        body.removeAll(keepingCapacity: true)
        let message = writer.bytes
        encoder.compress(message.span.bytes, into: &body)
        do throws(HTTPClientError) {
            let answer = try client.send(
                method: .post, headers: ["Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"], bytes: body,
                timeoutNanoseconds: timeoutNanoseconds)
            return SpanAnswer.outcome(of: answer, wallSeconds: Int(SystemClock.wallNanoseconds() / 1_000_000_000))
        } catch {
            switch error {
            case .invalidRequest: return .dropped(.refused, reason: "\(error)")
            case .cancelled: return .dropped(.stopped, reason: "\(error)")
            default: return .retry(afterNanoseconds: nil, reason: "\(error)")
            }
        }
    }
}

/// What a collector's answer means (OTLP specification, "OTLP/HTTP Response", "Failures").
enum SpanAnswer {
    static func outcome(of answer: HTTPResponse, wallSeconds: Int) -> SpanExportOutcome {
        switch answer.status {
        case 200..<300:
            guard let partial = ExportAnswer.partialSuccess(answer.body) else { return .delivered }
            return .delivered(rejected: UInt64(max(0, partial.rejected)), message: partial.message)
        case 429, 503:
            let asked = answer.retryAfterSeconds(wallSeconds: wallSeconds).map { UInt64(min(max(0, $0), 86400)) * 1_000_000_000 }
            return .retry(afterNanoseconds: asked, reason: reason(of: answer))
        case 502, 504: return .retry(afterNanoseconds: nil, reason: reason(of: answer))
        default: return .dropped(.refused, reason: reason(of: answer))
        }
    }

    private static func reason(of answer: HTTPResponse) -> String {
        let text = ExportAnswer.statusMessage(answer.body) ?? answer.bodyText
        return "status \(answer.status)" + (text.isEmpty ? "" : ": " + text.prefix(200))
    }
}
