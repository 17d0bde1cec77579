import HTTP
import Metrics
import Synchronization
import SystemIO

/// What the admin address answers: `/metrics`, `/healthz`, `/ready`, `/api/v1/status`, `/api/v1/ledger`.
///
/// Values are copied under the agent's lock, and rendered outside of it.
final class AdminRoutes: Sendable {
    /// A reading thread that made no turn for this long is stuck.
    static let stuckNanoseconds: UInt64 = 10_000_000_000

    private let shared: SharedAgentState
    private let registry: MetricRegistry
    /// Kept between scrapes, so that one allocates little.
    private let scratch = Mutex(Scratch())

    private struct Scratch {
        var capture = SeriesCapture()
        var text: [UInt8] = []
    }

    init(shared: SharedAgentState, registry: MetricRegistry) {
        self.shared = shared
        self.registry = registry
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let path = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        guard ["/metrics", "/healthz", "/ready", "/api/v1/status", "/api/v1/ledger"].contains(path) else {
            return .notFound(request.target)
        }
        guard request.method == .get || request.method == .head else { return .methodNotAllowed([.get, .head]) }
        switch path {
        case "/metrics": return metrics(request)
        case "/healthz": return health()
        case "/ready": return readiness()
        case "/api/v1/status": return json(shared.update { StatusReport($0) })
        default: return json(shared.update { LedgerReport($0) })
        }
    }

    private func metrics(_ request: HTTPRequest) -> HTTPResponse {
        let format = ExpositionFormat(accept: request.headers.first("Accept"))
        let body = scratch.withLock { scratch in
            let isCatchingUp = shared.update { state in
                // While files are read again after a start, counters would seem to step back.
                if !state.isCatchingUp { state.derived.table.capture(into: &scratch.capture) }
                return state.isCatchingUp
            }
            var writer = ExpositionWriter(format: format)
            writer.append(registry)
            if !isCatchingUp { writer.append(scratch.capture) }
            return writer.finish()
        }
        return HTTPResponse(status: 200, headers: ["Content-Type": format.contentType], body: body, mayCompress: true)
    }

    private func health() -> HTTPResponse {
        let lastTurn = shared.update { $0.lastTurnNanoseconds }
        let now = SystemClock.monotonicNanoseconds()
        guard lastTurn == 0 || now < lastTurn + Self.stuckNanoseconds else {
            return .text("the reading thread has made no turn for \((now - lastTurn) / 1_000_000_000) s", status: 503)
        }
        return .text("ok")
    }

    private func readiness() -> HTTPResponse {
        let isCatchingUp = shared.update { $0.isCatchingUp }
        return isCatchingUp ? .text("catching up: files are being read up to their size at the start", status: 503) : .text("ready")
    }

    private func json(_ report: some Encodable) -> HTTPResponse {
        do {
            let body = try ReportEncoding.json(report)
            return HTTPResponse(
                status: 200, headers: ["Content-Type": "application/json"], body: body + [UInt8(ascii: "\n")], mayCompress: true)
        } catch {
            return .text("the report can't be encoded: \(error)", status: 500)
        }
    }
}
