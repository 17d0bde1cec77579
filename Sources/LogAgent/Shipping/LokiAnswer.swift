import Delivery
import HTTP
import OTLP

/// What a server's answer to one push means. The tests have the whole table.
enum LokiAnswer: Equatable, Sendable {
    /// 200 or 204.
    case stored
    /// Try the same again later.
    case retry(OutputProblem, DeliveryFailure)
    /// Too much at once: fewer entries may pass.
    case tooLarge(RefusalReason)
    /// 400: some or all entries are refused for good, the others stored.
    case refused(text: String)

    /// With ``PushEncoding/otlp`` an error is a `google.rpc.Status` that holds the same words, or what something in between says.
    init(_ response: HTTPResponse, to encoding: PushEncoding = .json, wallSeconds: Int) {
        let status = response.status
        let text = encoding == .otlp ? ExportAnswer.statusMessage(response.body) ?? response.bodyText : response.bodyText
        let problem = OutputProblem(.answered(status: status), LokiText.firstLine(text))
        // Loki can be told to refuse everything of a tenant with any status.
        if status != 200 && status != 204 && text.contains("ingestion blocked for user") {
            self = .retry(OutputProblem(.blocked(status: status), LokiText.firstLine(text)), DeliveryFailure(scope: .output, pace: .slow))
            return
        }
        let asked = response.retryAfterSeconds(wallSeconds: wallSeconds)
        let pace: DeliveryFailure.Pace =
            if let asked {
                // The policy bounds it; this only keeps the product in range.
                .asked(nanoseconds: UInt64(min(max(asked, 0), 1_000_000)) * 1_000_000_000)
            } else { .backoff }
        switch status {
        case 200 where encoding == .otlp:
            // Loki answers 204. A receiver that takes only a part does not tell which: that is found out with fewer entries.
            let partial = ExportAnswer.partialSuccess(response.body)
            self = partial.map { $0.rejected > 0 } == true ? .refused(text: partial?.message ?? "") : .stored
        case 200, 204: self = .stored
        case 400 where LokiText.isAboutTheRequest(text) || !LokiText.isPlain(response):
            self = .retry(problem, DeliveryFailure(scope: .output, pace: .slow))
        case 400: self = .refused(text: text)
        case 413: self = .tooLarge(RefusalReason(.requestTooLarge, LokiText.firstLine(text)))
        case 429:
            let scope: DeliveryFailure.Scope = LokiText.isAboutOneStream(text) ? .stream : .output
            self = .retry(problem, DeliveryFailure(scope: scope, pace: pace))
        case 408, 425, 500...599: self = .retry(problem, DeliveryFailure(scope: .output, pace: pace))
        // Redirects, 401, 403, 404, 405, an unknown 2xx: what a person must mend. The data waits.
        default: self = .retry(problem, DeliveryFailure(scope: .output, pace: .slow))
        }
    }

    init(_ error: HTTPClientError) {
        switch error {
        case .responseTooLarge: self = .tooLarge(RefusalReason(.requestTooLarge, error.description))
        case .invalidRequest, .proxyRefused(_, _, status: 300..<500):
            self = .retry(OutputProblem(.misconfigured, error.description), DeliveryFailure(scope: .output, pace: .slow))
        case .insecure(_, .untrusted), .insecure(_, .cannotLoad), .insecure(_, .keyMismatch):
            // A person must look at it, but a renewed certificate should be found soon.
            self = .retry(OutputProblem(.insecure, error.description), DeliveryFailure(scope: .output, pace: .backoff))
        default: self = .retry(OutputProblem(.unreachable, error.description), DeliveryFailure(scope: .output, pace: .backoff))
        }
    }
}

/// Why an output does not get on.
struct OutputProblem: Equatable, Sendable, CustomStringConvertible {
    enum Kind: Equatable, Sendable {
        case unreachable
        case answered(status: Int)
        /// The server was told not to take anything.
        case blocked(status: Int)
        case misconfigured
        /// A certificate or key is not what it must be.
        case insecure
        /// A file could not be written.
        case storage
    }

    let kind: Kind
    let detail: String

    init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    var description: String {
        switch kind {
        case .unreachable, .storage, .insecure: detail
        case .misconfigured: "\(detail); check the output's settings"
        case .blocked(let status): "answered \(status): \(detail); ask who runs the server why it was told to refuse"
        case .answered(let status):
            switch status {
            case 401, 403: "answered \(status): \(detail); check the output's authorization and tenant_id"
            case 404, 405:
                "answered \(status): \(detail); check the path of the output's url: /loki/api/v1/push, or /otlp/v1/logs for encoding \"otlp\""
            case 407: "answered 407: \(detail); give the output's proxy a user name and a password that it knows"
            case 300..<400: "answered \(status), a redirect, which a push does not follow; put the final address into the output's url"
            case 429, 500...599, 408, 425: "answered \(status): \(detail)"
            default: "answered \(status): \(detail); nothing is given up, but a person should look at the output's settings"
            }
        }
    }
}

/// The words of Loki's answers that matter here (`pkg/validation/validate.go`, `pkg/distributor`, dskit `tenant`).
enum LokiText {
    static let maximumLineBytes = 300

    /// For logs and states.
    static func firstLine(_ text: String) -> String {
        let bytes = text.utf8.prefix { $0 != 0x0a && $0 != 0x0d }
        if bytes.count <= maximumLineBytes { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes.prefix(maximumLineBytes), as: UTF8.self) + "…"
    }

    /// The text without what gRPC puts before it, `rpc error: code = Code(400) desc = `.
    static func withoutCallPrefix(_ text: String) -> String {
        guard text.hasPrefix("rpc error: code = "), let end = text.range(of: " desc = ") else { return text }
        return String(text[end.upperBound...])
    }

    /// Words that blame headers or settings, so that every push would be answered the same.
    static func isAboutTheRequest(_ text: String) -> Bool {
        let stems =
            ["no org id", "tenant ID", "multiple org IDs", "Content-Encoding", "mime: ", "content type: "]
            // The body did not arrive as it was sent, or at another endpoint: something in between changed it.
            + ["gzip: ", "flate: ", "snappy: ", "proto: "]
        return stems.contains { text.hasPrefix($0) }
    }

    /// 429 for one stream: its own rate, or one stream too many.
    static func isAboutOneStream(_ text: String) -> Bool {
        text.contains("er stream rate limit exceeded") || text.contains("aximum active stream limit exceeded")
    }

    /// Loki answers in plain text; a page comes from something in between.
    static func isPlain(_ response: HTTPResponse) -> Bool {
        guard let type = response.headers.first("Content-Type") else { return true }
        return !type.lowercased().hasPrefix("text/html")
    }
}
