import Foundation
import HTTP
import Synchronization
import TestSupport

@testable import OTLP

/// What stands where Tempo would: takes requests, and refuses them when it is told to.
final class TempoSink: Sendable {
    struct State: Sendable {
        var requests: [[UInt8]] = []
        /// How often each span has come.
        var spans: [SpanKey: Int] = [:]
        /// Answers that are given before anything is taken.
        var refusals: [HTTPResponse] = []
        /// Requests with one of these spans are answered 400.
        var badSpans: Set<UInt64> = []
        var malformed = 0
    }

    struct SpanKey: Hashable, Sendable {
        let trace: UInt64
        let span: UInt64
    }

    private let shared: SharedState
    private let server: HTTPServer

    private final class SharedState: Sendable {
        let state = Mutex(State())
    }

    init(listen: String = "127.0.0.1:0") throws {
        let shared = SharedState()
        self.shared = shared
        var settings = HTTPServer.Settings(listen: listen)
        settings.limits.bodyBytes = 32 << 20
        settings.inflatedBytes = 64 << 20
        server = try HTTPServer(settings: settings) { request in shared.state.withLock { Self.answer(request, &$0) } }
        try server.start()
    }

    var url: String { "http://\(server.address)/v1/traces" }
    var address: String { server.address }

    func stop() { server.stop(drainNanoseconds: 0) }

    func withState<Result: Sendable>(_ body: (inout State) -> sending Result) -> Result { shared.state.withLock { body(&$0) } }

    var spanCount: Int { shared.state.withLock { $0.spans.count } }

    private static func answer(_ request: HTTPRequest, _ state: inout State) -> HTTPResponse {
        if !state.refusals.isEmpty { return state.refusals.removeFirst() }
        guard request.path == "/v1/traces", request.headers.first("Content-Type") == "application/x-protobuf" else {
            return .text("not for Tempo", status: 415)
        }
        var index = TraceIndex()
        do { try request.body.withUnsafeBytes { try index.read($0) } } catch {
            state.malformed += 1
            return .text("\(error)", status: 400)
        }
        if index.spans.contains(where: { state.badSpans.contains($0.spanID) }) { return .text("a bad span", status: 400) }
        state.requests.append(request.body)
        for span in index.spans { state.spans[SpanKey(trace: span.trace.low, span: span.spanID), default: 0] += 1 }
        return HTTPResponse(status: 200, headers: ["Content-Type": "application/x-protobuf"])
    }
}
