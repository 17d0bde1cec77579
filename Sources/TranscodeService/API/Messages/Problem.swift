import FoundationEssentials
import HTTP

/// What is wrong with a request, or with the service, as RFC 9457 has it: `application/problem+json`.
struct Problem: Error, Equatable, Sendable {
    /// What programs tell apart; `about:blank` says no more than the status.
    enum Kind: String, CaseIterable, Sendable {
        case general = "about:blank"
        case quotaExceeded = "urn:tailspan:problem:quota-exceeded"
        case keyNameTaken = "urn:tailspan:problem:key-name-taken"
        case jobNotCompleted = "urn:tailspan:problem:job-not-completed"
        case storeUnavailable = "urn:tailspan:problem:store-unavailable"
    }

    var kind = Kind.general
    var status: Int
    /// What was found, and what to do, as whole sentences.
    var detail: String
    var headers: HTTPHeaders = [:]

    init(_ status: Int, _ detail: String, kind: Kind = .general, headers: HTTPHeaders = [:]) {
        self.kind = kind
        self.status = status
        self.detail = detail
        self.headers = headers
    }

    private struct Body: Encodable {
        var type: String
        var title: String
        var status: Int
        var detail: String
    }

    var response: HTTPResponse {
        var response = JSONMessage.response(
            Body(type: kind.rawValue, title: HTTPStatusText.reason(for: status), status: status, detail: detail), status: status,
            type: "application/problem+json")
        response.headers.append(contentsOf: headers)
        return response
    }
}

extension Problem {
    static func notFound(_ detail: String) -> Problem { Problem(404, detail) }

    static func methodNotAllowed(_ method: HTTPMethod, _ allowed: [HTTPMethod]) -> Problem {
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        return Problem(405, "This path takes \(names), not \(method.rawValue).", headers: ["Allow": names])
    }

    static func unsupportedMediaType(_ detail: String, accepted: String) -> Problem {
        Problem(415, detail, headers: ["Accept": accepted])
    }
}
