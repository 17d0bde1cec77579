import Foundation
import Gzip
import HTTP
import OTLP
import Synchronization
import SystemIO

/// A real HTTP server on a kernel-given port that takes pushes as Loki does, and misbehaves as it is told.
package final class LokiSink: Sendable {
    /// What happens to one request, before the rules of ``LokiSinkModel`` get to see it.
    package enum Behaviour: Sendable {
        case accept
        /// Takes its time first.
        case acceptAfter(milliseconds: UInt32)
        case answer(status: Int, text: String, headers: [(String, String)] = [])
        /// Stores what the rules accept, and answers something else.
        case storeThenAnswer(status: Int, text: String)
        /// Answers after ``release()``.
        case stall
    }

    package struct Received: Sendable {
        package var headers: HTTPHeaders
        package var target: String
        package var method: HTTPMethod
        /// Without its compression; empty where that is broken.
        package var body: [UInt8]
        package var compressedBytes: Int
        package var request: LokiPushRequest?
        package var status: Int
        /// Monotonic.
        package var receivedNanoseconds: UInt64
    }

    private struct State {
        var model: LokiSinkModel
        var script: [Behaviour] = []
        var otherwise: Behaviour
        var received: [Received] = []
        var concurrent: [[String: String]: Int] = [:]
        var overlaps = 0
        var released = false
        var bytes: UInt64 = 0
    }

    private final class Shared: Sendable {
        let state: Mutex<State>
        let keepsBodies: Bool
        init(_ state: consuming State, keepsBodies: Bool) {
            self.state = Mutex(state)
            self.keepsBodies = keepsBodies
        }
    }

    private let shared: Shared
    private let server: HTTPServer

    /// `script` is used up request by request; then `otherwise` holds. `keepsBodies` false: for large amounts. `port` 0: any free one.
    /// `listen` is an address in place of a port of 127.0.0.1.
    package init(
        limits: LokiSinkModel.Limits = LokiSinkModel.Limits(), script: [Behaviour] = [], otherwise: Behaviour = .accept,
        keepsBodies: Bool = true, port: Int = 0, listen: String? = nil, tls: TLSServerSettings? = nil
    ) throws {
        let shared = Shared(State(model: LokiSinkModel(limits: limits), script: script, otherwise: otherwise), keepsBodies: keepsBodies)
        self.shared = shared
        var settings = Self.settings(listen: listen ?? "127.0.0.1:\(port)")
        settings.tls = tls
        server = try HTTPServer(settings: settings) { Self.answer($0, shared) }
        try server.start()
    }

    private static func settings(listen: String) -> HTTPServer.Settings {
        var settings = HTTPServer.Settings(listen: listen)
        settings.limits.bodyBytes = 16 << 20
        settings.inflatedBytes = 64 << 20
        settings.workers = 4
        return settings
    }

    package var port: Int { server.port }
    package var url: String { "http://127.0.0.1:\(server.port)/loki/api/v1/push" }

    package func stop() {
        release()
        server.stop(drainNanoseconds: 0)
    }

    // MARK: What it does

    /// Replaces the rest of the script.
    package func script(_ script: [Behaviour], otherwise: Behaviour = .accept) {
        shared.state.withLock { state in
            state.script = script
            state.otherwise = otherwise
        }
    }

    package func setLimits(_ limits: LokiSinkModel.Limits) {
        shared.state.withLock { $0.model.limits = limits }
    }

    /// Lets stalled requests go on, and no later one stall.
    package func release() {
        shared.state.withLock { $0.released = true }
    }

    // MARK: What it got

    package var received: [Received] { shared.state.withLock { $0.received } }
    package var requestCount: Int { shared.state.withLock { $0.received.count } }
    package var entryCount: Int { shared.state.withLock { $0.model.entryCount } }
    /// In order of arrival, without copies.
    package var streams: [[String: String]: [LokiSinkModel.Stored]] { shared.state.withLock { $0.model.streams } }
    package var refused: [[String: String]: [LokiEntry: Int]] { shared.state.withLock { $0.model.refused } }
    /// Requests that came while another of the same stream was being answered.
    package var overlaps: Int { shared.state.withLock { $0.overlaps } }

    /// The lines of one stream in order of arrival.
    package func lines(_ labels: [String: String]) -> [String] {
        shared.state.withLock { $0.model.streams[labels]?.map(\.entry.line) ?? [] }
    }

    package func waitFor(entries: Int, seconds: Double = 60) throws {
        try waitUntil("\(entries) entries at the sink", seconds: seconds) { entryCount >= entries }
    }

    package func waitFor(requests: Int, seconds: Double = 60) throws {
        try waitUntil("\(requests) requests at the sink", seconds: seconds) { requestCount >= requests }
    }

    // MARK: Answering

    private static func answer(_ request: HTTPRequest, _ shared: Shared) -> HTTPResponse {
        let now = SystemClock.monotonicNanoseconds()
        let body = plain(request)
        let isOTLP = request.path == "/otlp/v1/logs"
        let push = body.flatMap { isOTLP ? LokiPushRequest(otlp: $0) : LokiPushRequest(json: $0) }
        let streams = push?.streams.map(\.labels) ?? []
        let (index, behaviour) = shared.state.withLock { state -> (Int, Behaviour) in
            let behaviour = state.script.isEmpty ? state.otherwise : state.script.removeFirst()
            state.received.append(
                Received(
                    headers: request.headers, target: request.target, method: request.method,
                    body: shared.keepsBodies ? body ?? [] : [], compressedBytes: request.body.count,
                    request: shared.keepsBodies ? push : nil, status: 0,
                    receivedNanoseconds: now))
            for stream in streams {
                state.concurrent[stream, default: 0] += 1
                if state.concurrent[stream, default: 0] > 1 { state.overlaps += 1 }
            }
            return (state.received.count - 1, behaviour)
        }
        if case .stall = behaviour {
            while !shared.state.withLock({ $0.released }) { usleep(1000) }
        }
        if case .acceptAfter(let milliseconds) = behaviour { usleep(milliseconds * 1000) }
        return shared.state.withLock { state in
            for stream in streams { state.concurrent[stream, default: 1] -= 1 }
            let response = respond(behaviour, push, request, &state)
            state.received[index].status = response.status
            return response
        }
    }

    /// Whether or not the server has undone gzip already.
    private static func plain(_ request: HTTPRequest) -> [UInt8]? {
        guard request.body.starts(with: [0x1f, 0x8b]) else { return request.body }
        return try? GzipDecoder.decompress(request.body, maximumBytes: 64 << 20)
    }

    private static func respond(
        _ behaviour: Behaviour, _ push: LokiPushRequest?, _ request: HTTPRequest, _ state: inout State
    ) -> HTTPResponse {
        let isOTLP = request.path == "/otlp/v1/logs"
        func refusal(_ text: String, status: Int) -> HTTPResponse {
            // A google.rpc.Status, as Loki answers there.
            var message = ProtobufWriter()
            message.string(2, text)
            return isOTLP ? HTTPResponse(status: status, body: message.bytes) : .text(text, status: status)
        }
        if case .answer(let status, let text, let headers) = behaviour {
            var response = refusal(text, status: status)
            for (name, value) in headers { response.headers.append(name, value) }
            return response
        }
        guard request.method == .post else { return .methodNotAllowed([.post]) }
        guard isOTLP || request.path == "/loki/api/v1/push" else { return .notFound(request.target) }
        if isOTLP {
            let type = request.headers.first("Content-Type") ?? ""
            guard type == "application/x-protobuf" else { return refusal("content type: \(type) is not supported", status: 400) }
        } else if request.headers.first("Content-Type")?.hasPrefix("application/json") != true {
            return .text("mime: no media type", status: 400)
        }
        guard let push else { return refusal("couldn't parse push request", status: 400) }
        let answer = state.model.push(push)
        if case .storeThenAnswer(let status, let text) = behaviour { return refusal(text, status: status) }
        if answer.status == 204 { return HTTPResponse(status: 204) }
        return refusal(answer.text, status: answer.status)
    }
}
