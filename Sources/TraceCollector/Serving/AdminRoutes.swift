import FoundationEssentials
import HTTP
import Metrics

/// What the admin address answers: `/metrics`, `/healthz`, `/ready`, `/api/v1/status`, `/api/v1/ledger`.
struct AdminRoutes: Sendable {
    let registry: MetricRegistry
    let deriving: SpanDeriving?
    /// Why the collector is not well; nil where it is.
    let ailment: @Sendable () -> String?
    /// Why it takes no spans; nil where it does.
    let unreadiness: @Sendable () -> String?
    let status: @Sendable () -> StatusReport
    let ledger: @Sendable () -> LedgerReport

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let path = request.path
        guard ["/metrics", "/healthz", "/ready", "/api/v1/status", "/api/v1/ledger"].contains(path) else {
            return .notFound(request.target)
        }
        guard request.method == .get || request.method == .head else { return .methodNotAllowed([.get, .head]) }
        switch path {
        case "/metrics": return metrics(request)
        case "/healthz": return ailment().map { .text($0, status: 503) } ?? .text("ok")
        // What the listener takes is in the buffer: there is nothing to wait for.
        case "/ready": return unreadiness().map { .text($0, status: 503) } ?? .text("ready")
        case "/api/v1/status": return json(status())
        default: return json(ledger())
        }
    }

    private func metrics(_ request: HTTPRequest) -> HTTPResponse {
        let format = ExpositionFormat(accept: request.headers.first("Accept"))
        var writer = ExpositionWriter(format: format)
        writer.append(registry)
        deriving?.write(to: &writer)
        return HTTPResponse(
            status: 200, headers: ["Content-Type": format.contentType], body: writer.finish(), mayCompress: true)
    }

    private func json(_ report: some Encodable) -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            let body = Array(try encoder.encode(report)) + [UInt8(ascii: "\n")]
            return HTTPResponse(status: 200, headers: ["Content-Type": "application/json"], body: body, mayCompress: true)
        } catch {
            return .text("the report can't be encoded: \(error)", status: 500)
        }
    }
}
