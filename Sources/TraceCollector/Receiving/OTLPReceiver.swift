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
    /// The same when there is too much at once.
    private static let overloadRetryAfterSeconds = 1

    private let intake: SpanIntake
    private let metrics: ReceiverMetrics
    private let log: CollectorLog
    private let maximumBytes: Int
    private let bytesInFlight: BytesInFlight
    private let scratches = IntakeScratchPool()
    private let isStopping = Atomic(false)

    /// `maximumBytes`: of a request after its compression is undone. `bytesInFlight` has room for one such request at least.
    init(intake: SpanIntake, maximumBytes: Int, bytesInFlight: BytesInFlight, metrics: ReceiverMetrics, log: CollectorLog) {
        self.intake = intake
        self.maximumBytes = maximumBytes
        self.bytesInFlight = bytesInFlight
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

    /// What the server answers by itself, before a request is here: in the words of OTLP for clients that speak it. Where clients want
    /// more than there is room for, that is 429.
    func refuse(_ refusal: HTTPRefusal) -> HTTPResponse {
        let status = refusal.isOverload ? 429 : refusal.status
        metrics.countRequest(status: status)
        let retryAfterSeconds = refusal.isOverload ? Self.overloadRetryAfterSeconds : nil
        guard let type = OTLPMediaType(refusal.head?.headers.first("Content-Type")) else {
            var response = refusal.textResponse(status: status)
            if let retryAfterSeconds { response.headers.append("Retry-After", String(retryAfterSeconds)) }
            return response
        }
        let code =
            switch status {
            case 401: 16
            case 408: 4
            case 413, 429: 8
            case 500...: 14
            default: 3
            }
        return type.failure(status, code: code, refusal.detail, retryAfterSeconds: retryAfterSeconds)
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
        var inFlight = InFlightRequest(of: bytesInFlight)
        guard compressed else {
            if body.count > maximumBytes { return tooLarge(type) }
            return body.withUnsafeBytes { take(message: $0, compressed: nil, type, scratch, &inFlight) }
        }
        scratch.message.removeAll(keepingCapacity: true)
        do throws(GzipError) {
            let decoder = GzipDecoder(maximumBytes: maximumBytes)
            try body.span.bytes.withUnsafeBytes { (raw) throws(GzipError) in
                try decoder.append(raw) { if inFlight.reserve($0.count) { scratch.message.append(contentsOf: $0) } }
            }
            try decoder.finish()
        } catch {
            if case .tooLarge = error { return tooLarge(type) }
            return type.failure(400, code: 3, error.description)
        }
        if inFlight.isTurnedAway { return overloaded(type) }
        let message = scratch.message
        return message.withUnsafeBytes { message in
            body.withUnsafeBytes { take(message: message, compressed: $0, type, scratch, &inFlight) }
        }
    }

    private func overloaded(_ type: OTLPMediaType) -> HTTPResponse {
        type.failure(
            429, code: 8, "too much is being received at once; send it again", retryAfterSeconds: Self.overloadRetryAfterSeconds)
    }

    private func tooLarge(_ type: OTLPMediaType) -> HTTPResponse {
        type.failure(413, code: 8, "the request has more than \(maximumBytes) bytes; send fewer spans at once")
    }

    private func take(
        message: UnsafeRawBufferPointer, compressed: UnsafeRawBufferPointer?, _ type: OTLPMediaType, _ scratch: IntakeScratch,
        _ inFlight: inout InFlightRequest
    ) -> HTTPResponse {
        guard type == .json else { return answer(intake.take(message, compressed: compressed, scratch: scratch), type) }
        // The same in protobuf takes less.
        guard inFlight.reserve(message.count) else { return overloaded(type) }
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
