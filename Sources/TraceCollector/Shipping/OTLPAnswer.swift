import Delivery
import HTTP
import OTLP

/// What an answer of an OTLP/HTTP receiver means for the request (OTLP specification, "OTLP/HTTP Response").
enum OTLPAnswer: Equatable, Sendable {
    /// It is taken, but for so many spans, which it will never take. `message`: what the receiver says about it.
    case taken(rejected: UInt64, message: String?)
    /// The same request may be taken later.
    case retry(status: Int, reason: String, DeliveryFailure.Pace)
    /// It won't be taken as it is; a part of it may be.
    case refused(status: Int, reason: String)
    /// It failed, and must not be sent again.
    case failed(status: Int, reason: String)

    /// `wallSeconds`: since 1970, for a `Retry-After` that is a date.
    init(_ response: HTTPResponse, wallSeconds: Int) {
        switch response.status {
        case 200...299:
            let partial = ExportAnswer.partialSuccess(response.body)
            let message = partial?.message ?? ""
            self = .taken(rejected: UInt64(max(0, partial?.rejected ?? 0)), message: message.isEmpty ? nil : message)
        case 429, 502, 503, 504:
            let asked = response.retryAfterSeconds(wallSeconds: wallSeconds).map { UInt64($0) * 1_000_000_000 }
            self = .retry(status: response.status, reason: Self.reason(of: response), asked.map { .asked(nanoseconds: $0) } ?? .backoff)
        case 400, 413, 422: self = .refused(status: response.status, reason: Self.reason(of: response))
        case 300...399, 401, 403, 404, 405, 407, 408, 415, 426, 431:
            // It is the configuration that is wrong, on this side or that one, not the spans.
            self = .retry(status: response.status, reason: Self.reason(of: response), response.status == 408 ? .backoff : .slow)
        default: self = .failed(status: response.status, reason: Self.reason(of: response))
        }
    }

    init(_ error: HTTPClientError) {
        self = .retry(status: 0, reason: error.description, .backoff)
    }

    private static let maximumReasonBytes = 512

    /// The message of its `Status`, or the text that it is.
    private static func reason(of response: HTTPResponse) -> String {
        let text = ExportAnswer.statusMessage(response.body) ?? response.bodyText
        let short = String(decoding: Array(text.utf8).prefix(maximumReasonBytes), as: UTF8.self)
        return String(short.map { $0.isNewline ? " " : $0 }).trimmed
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        while text.first == " " { text.removeFirst() }
        return String(text)
    }
}
