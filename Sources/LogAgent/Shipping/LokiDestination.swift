import Gzip
import HTTP
import SystemIO
import Synchronization

/// How pushes to one Loki are made: its settings, checked.
struct LokiTarget: Sendable {
    let endpoint: HTTPEndpoint
    let headers: HTTPHeaders
    let timeoutNanoseconds: UInt64
    let encoding: PushEncoding
    /// nil: bodies go as they are.
    let compressionLevel: Int?
    /// Of all connections.
    let certificates: TLSClientCertificates
    let proxy: HTTPProxy?

    /// Throws when `url` is none.
    init(_ settings: LokiSettings, timeoutNanoseconds: UInt64) throws(HTTPEndpointError) {
        endpoint = try HTTPEndpoint(url: settings.url)
        self.timeoutNanoseconds = timeoutNanoseconds
        encoding = settings.encoding
        compressionLevel = settings.compression == .gzip ? settings.compressionLevel : nil
        certificates = TLSClientCertificates(settings.tls)
        proxy = settings.proxy
        // Loki compares the one of OTLP as a whole: no parameters.
        let type = encoding == .otlp ? "application/x-protobuf" : "application/json"
        var headers: HTTPHeaders = ["Content-Type": type, "User-Agent": "tailspan-log-agent"]
        if settings.compression == .gzip { headers.append("Content-Encoding", "gzip") }
        if let tenant = settings.tenantID { headers.append("X-Scope-OrgID", tenant) }
        switch settings.authorization {
        case .none: break
        case .basic(let username, let password):
            headers.append("Authorization", BasicAuthorization.value(username: username, password: password.value))
        case .bearer(let token): headers.append("Authorization", "Bearer \(token.value)")
        }
        // What is written in the configuration wins over what is ours.
        for header in settings.headers { headers.remove(header.name) }
        for header in settings.headers { headers.append(header.name, header.value.value) }
        self.headers = headers
    }

    /// `tenant`: that of the push, where it is not the output's own.
    func headers(tenant: String?) -> HTTPHeaders {
        guard let tenant else { return headers }
        var headers = headers
        headers.remove("X-Scope-OrgID")
        headers.append("X-Scope-OrgID", tenant)
        return headers
    }
}

/// Pushes over one connection.
final class LokiDestination: PushDestination {
    /// Of an answer that names thousands of refused entries.
    private static let maximumAnswerBytes = 4 << 20

    private let target: LokiTarget
    private let metrics: OutputMetrics
    private let cancellations: Cancellations
    private let encoder: PushEncoder
    private var client: HTTPClient?
    /// For bodies of parts.
    private var partBody: [UInt8] = []

    init(_ target: LokiTarget, metrics: OutputMetrics, cancellations: Cancellations) {
        self.target = target
        self.metrics = metrics
        self.cancellations = cancellations
        encoder = PushEncoder(level: target.compressionLevel, encoding: target.encoding)
    }

    func encode(_ batches: [SealedBatch], into body: inout [UInt8]) -> Int {
        encoder.encode(.whole(batches), of: batches, into: &body)
    }

    func attempt(_ push: PendingPush) -> PushResolution.Verdict {
        guard let part = push.resolution.current else { return .finished }
        let answer: LokiAnswer
        if push.resolution.isWhole {
            answer = send(push.body, of: push)
        } else {
            _ = encoder.encode(part, of: push.batches, into: &partBody)
            answer = send(partBody, of: push)
            if partBody.capacity > 512 << 10 { partBody = [] }
        }
        let batches = push.batches
        return push.resolution.apply(answer) { batch, entry in
            EntryFacts(batches[batch].bytes(ofEntries: entry..<entry + 1))
        } bytes: { part in
            part.bodyBytes(of: batches)
        }
    }

    private func send(_ body: [UInt8], of push: PendingPush) -> LokiAnswer {
        let start = SystemClock.monotonicNanoseconds()
        do throws(HTTPClientError) {
            let response = try connected().send(
                method: .post, headers: target.headers(tenant: push.batches.first?.tenant), bytes: body,
                timeoutNanoseconds: target.timeoutNanoseconds)
            metrics.countRequest(
                status: response.status, sentBytes: body.count, nanoseconds: SystemClock.monotonicNanoseconds() - start)
            return LokiAnswer(response, to: target.encoding, wallSeconds: Int(SystemClock.wallNanoseconds() / 1_000_000_000))
        } catch {
            metrics.countRequest(status: 0, sentBytes: 0, nanoseconds: SystemClock.monotonicNanoseconds() - start)
            return LokiAnswer(error)
        }
    }

    private func connected() throws(HTTPClientError) -> HTTPClient {
        if let client { return client }
        let made = try HTTPClient(
            endpoint: target.endpoint, certificates: target.certificates, proxy: target.proxy,
            limits: HTTPLimits(headBytes: 64 << 10, bodyBytes: Self.maximumAnswerBytes))
        cancellations.add { [cancellation = made.cancellation] in cancellation.cancel() }
        client = made
        return made
    }
}

/// Ends what all threads of one output wait for.
final class Cancellations: Sendable {
    private struct State {
        var cancels: [@Sendable () -> Void] = []
        var isCancelled = false
    }

    private let state = Mutex(State())

    func add(_ cancel: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.cancels.append(cancel)
            return state.isCancelled
        }
        if isLate { cancel() }
    }

    func cancelAll() {
        let cancels = state.withLock { state in
            state.isCancelled = true
            return state.cancels
        }
        for cancel in cancels { cancel() }
    }
}
