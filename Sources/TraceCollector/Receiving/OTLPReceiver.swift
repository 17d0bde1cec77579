import Gzip
import HTTP
import OTLP
import Synchronization
import SystemIO

/// Answers `POST /v1/traces` (OTLP specification, "OTLP/HTTP").
final class OTLPReceiver: Sendable {
    static let path = "/v1/traces"
    /// What a client is asked to wait for when the buffer can't be written.
    private static let retryAfterSeconds = 5

    private let intake: SpanIntake
    private let metrics: ReceiverMetrics
    private let log: CollectorLog
    private let maximumBytes: Int
    private let scratches = IntakeScratchPool()
    private let isStopping = Atomic(false)

    /// `maximumBytes`: of a request after its compression is undone.
    init(intake: SpanIntake, maximumBytes: Int, metrics: ReceiverMetrics, log: CollectorLog) {
        self.intake = intake
        self.maximumBytes = maximumBytes
        self.metrics = metrics
        self.log = log
    }

    /// From now on requests are answered 503: clients keep what they have.
    func stop() { isStopping.store(true, ordering: .relaxed) }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard request.path == Self.path else { return .notFound(request.target) }
        let response = respond(to: request)
        metrics.countRequest(status: response.status)
        return response
    }

    /// What the server answers by itself, before a request is here: in the words of OTLP for clients that speak it.
    func refuse(_ refusal: HTTPRefusal) -> HTTPResponse {
        metrics.countRequest(status: refusal.status)
        guard let type = OTLPMediaType(refusal.head?.headers.first("Content-Type")) else {
            var response = refusal.textResponse
            if refusal.status == 503 { response.headers.append("Retry-After", "1") }
            return response
        }
        let code =
            switch refusal.status {
            case 401: 16
            case 413: 8
            case 500...: 14
            default: 3
            }
        return type.failure(refusal.status, code: code, refusal.detail, retryAfterSeconds: refusal.status == 503 ? 1 : nil)
    }

    private func respond(to request: HTTPRequest) -> HTTPResponse {
        guard request.method == .post else {
            var response = HTTPResponse.text("405 method not allowed, supported: [POST]", status: 405)
            response.headers.append("Allow", "POST")
            return response
        }
        guard let type = OTLPMediaType(request.headers.first("Content-Type")) else {
            return .text(
                "415 unsupported media type, supported: [\(OTLPMediaType.json.rawValue), \(OTLPMediaType.protobuf.rawValue)]", status: 415)
        }
        if isStopping.load(ordering: .relaxed) {
            return type.failure(503, code: 14, "the collector is stopping; send it again", retryAfterSeconds: Self.retryAfterSeconds)
        }
        metrics.receivedBytes.increment(by: UInt64(request.body.count))
        return scratches.with { scratch in
            let codings = request.headers.listMembers("Content-Encoding").map { $0.lowercased() }.filter { $0 != "identity" }
            switch codings {
            case []: return take(request.body, compressed: false, type, scratch)
            case ["gzip"], ["x-gzip"]: return take(request.body, compressed: true, type, scratch)
            default:
                return type.failure(
                    400, code: 3, "Content-Encoding \(codings.joined(separator: ", ")) is not supported; use gzip or none")
            }
        }
    }

    private func take(_ body: [UInt8], compressed: Bool, _ type: OTLPMediaType, _ scratch: IntakeScratch) -> HTTPResponse {
        guard compressed else {
            if body.count > maximumBytes { return tooLarge(type) }
            return body.withUnsafeBytes { take(message: $0, compressed: nil, type, scratch) }
        }
        scratch.message.removeAll(keepingCapacity: true)
        do throws(GzipError) {
            let decoder = GzipDecoder(maximumBytes: maximumBytes)
            try body.span.bytes.withUnsafeBytes { (raw) throws(GzipError) in
                try decoder.append(raw) { scratch.message.append(contentsOf: $0) }
            }
            try decoder.finish()
        } catch {
            if case .tooLarge = error { return tooLarge(type) }
            return type.failure(400, code: 3, error.description)
        }
        let message = scratch.message
        return message.withUnsafeBytes { message in body.withUnsafeBytes { take(message: message, compressed: $0, type, scratch) } }
    }

    private func tooLarge(_ type: OTLPMediaType) -> HTTPResponse {
        type.failure(413, code: 8, "the request has more than \(maximumBytes) bytes; send fewer spans at once")
    }

    private func take(
        message: UnsafeRawBufferPointer, compressed: UnsafeRawBufferPointer?, _ type: OTLPMediaType, _ scratch: IntakeScratch
    ) -> HTTPResponse {
        guard type == .json else { return answer(intake.take(message, compressed: compressed, scratch: scratch), type) }
        scratch.writer.removeAll(keepingCapacityUpTo: .max)
        do throws(TraceJSONError) {
            // An empty body is an empty request in protobuf; in JSON it is nothing.
            try scratch.transcoder.transcode(message, to: &scratch.writer)
        } catch {
            return type.failure(400, code: 3, error.description)
        }
        let transcoded = scratch.writer.bytes
        return transcoded.withUnsafeBytes { answer(intake.take($0, compressed: nil, scratch: scratch), type) }
    }

    private func answer(_ outcome: SpanIntake.Outcome, _ type: OTLPMediaType) -> HTTPResponse {
        switch outcome {
        case .taken(let spans, let rejected, let example):
            metrics.receivedSpans.increment(by: UInt64(spans))
            guard rejected > 0, let example else { return type.success(rejected: 0, message: nil) }
            log.rejected(spans: rejected, of: spans, example: example)
            return type.success(rejected: rejected, message: "\(rejected) of \(spans) spans were rejected, the first: \(example)")
        case .malformed(let error):
            if case .tooManySpans = error.reason { return type.failure(413, code: 8, error.description) }
            return type.failure(400, code: 3, error.description)
        case .unavailable(let error):
            log.bufferUnavailable(error)
            return type.failure(
                503, code: 14, "the buffer can't be written: \(error.reason)", retryAfterSeconds: Self.retryAfterSeconds)
        }
    }
}
