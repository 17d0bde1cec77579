import HTTP
import JobStore
import StructuredLogging
import SystemIO
import Tracing

/// One request on its way, from its head to its answer: what log, span and gauges know it by.
final class APICall: Sendable {
    let head: HTTPRequestHead
    let match: RouteMatch
    let span: TraceSpan
    /// Whose key it came with.
    let key: APIKey?
    private let startNanoseconds: UInt64
    private let parts: APIParts

    /// Begins it; ``end(_:jobID:error:)`` must follow.
    init(_ head: HTTPRequestHead, _ match: RouteMatch, _ parts: APIParts) {
        self.head = head
        self.match = match
        self.parts = parts
        key = nil
        startNanoseconds = SystemClock.monotonicNanoseconds()
        span = parts.telemetry.requestSpan(method: head.method, path: head.path, headers: head.headers)
        parts.inProgress.begin(head.method, match.template)
    }

    /// The same, now that its key is known.
    private init(_ call: APICall, key: APIKey) {
        head = call.head
        match = call.match
        span = call.span
        startNanoseconds = call.startNanoseconds
        parts = call.parts
        self.key = key
    }

    func with(_ key: APIKey) -> APICall { APICall(self, key: key) }

    /// The job store, for this request.
    var store: TracedJobStore { parts.telemetry.store(parts.store, system: parts.storeSystem, in: span) }

    /// It is answered with this status; 499: the client was gone.
    func end(_ status: Int, jobID: String? = nil, error: (any Error)? = nil) {
        parts.inProgress.end(head.method, match.template)
        parts.telemetry.events.httpRequest(
            method: head.method, endpoint: match.template, status: status,
            durationNanoseconds: SystemClock.nanoseconds(from: startNanoseconds, to: SystemClock.monotonicNanoseconds()), jobID: jobID,
            apiKey: key?.name, error: error, in: span)
        parts.telemetry.end(span, method: head.method, route: match.template, status: status, error: error)
    }
}
