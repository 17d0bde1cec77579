import Delivery
import Gzip
import HTTP
import SystemIO

/// Where request bodies go. Built in the thread that uses it, and stays there.
protocol OutputDestination {
    /// Tries once to get the records in `range` of `batch` delivered; `body` is what was made of them.
    func send(_ body: [UInt8], of range: Range<Int>, in batch: LogBatch) -> OTLPAnswer
}

/// Sends over one connection.
final class OTLPDestination: OutputDestination {
    /// Of an answer (OTLP specification: what a client may bound it to).
    private static let maximumAnswerBytes = 4 << 20

    private let endpoint: HTTPEndpoint
    private let certificates: TLSClientCertificates
    private let proxy: HTTPProxy?
    private let headers: HTTPHeaders
    private let timeoutNanoseconds: UInt64
    private let noteCancellation: (HTTPCancellation) -> Void
    private var client: HTTPClient?

    /// `noteCancellation` gets what ends a request that is under way.
    init(
        _ settings: OTLPSettings, endpoint: HTTPEndpoint, compression: RequestBody.Compression, timeoutNanoseconds: UInt64,
        noteCancellation: @escaping (HTTPCancellation) -> Void
    ) {
        self.endpoint = endpoint
        certificates = TLSClientCertificates(settings.tls)
        proxy = settings.proxy
        self.timeoutNanoseconds = timeoutNanoseconds
        self.noteCancellation = noteCancellation
        var headers: HTTPHeaders = ["Content-Type": OTLPMediaType.protobuf.rawValue, "User-Agent": "tailspan-trace-collector"]
        if compression == .gzip { headers.append("Content-Encoding", "gzip") }
        if let tenant = settings.tenantID { headers.append("X-Scope-OrgID", tenant) }
        if let token = settings.bearerToken { headers.append("Authorization", "Bearer \(token.value)") }
        // What is written in the configuration wins over what is ours.
        for header in settings.headers { headers.remove(header.name) }
        for header in settings.headers { headers.append(header.name, header.value.value) }
        self.headers = headers
    }

    private func connected() throws(HTTPClientError) -> HTTPClient {
        if let client { return client }
        let made = try HTTPClient(
            endpoint: endpoint, certificates: certificates, proxy: proxy,
            limits: HTTPLimits(headBytes: 64 << 10, bodyBytes: Self.maximumAnswerBytes))
        noteCancellation(made.cancellation)
        client = made
        return made
    }

    func send(_ body: [UInt8], of range: Range<Int>, in batch: LogBatch) -> OTLPAnswer {
        do throws(HTTPClientError) {
            let response = try connected().send(
                method: .post, headers: headers, bytes: body, timeoutNanoseconds: timeoutNanoseconds)
            return OTLPAnswer(response, wallSeconds: Int(SystemClock.wallNanoseconds() / 1_000_000_000))
        } catch {
            return OTLPAnswer(error)
        }
    }
}

/// Writes files.
final class DirectoryDestination: OutputDestination {
    private let store: DirectoryStore

    init(_ store: DirectoryStore) { self.store = store }

    func send(_ body: [UInt8], of range: Range<Int>, in batch: LogBatch) -> OTLPAnswer {
        var from = UInt64.max
        var to: UInt64 = 0
        var spans: UInt64 = 0
        var bytes = 0
        for item in batch.records[range] {
            from = min(from, item.record.receivedAt)
            to = max(to, item.record.receivedAt)
            spans += UInt64(item.record.spans)
            bytes += Int(item.record.messageBytes)
        }
        let members = Array(#""from":"\#(from)","to":"\#(to)","spans":\#(spans)"#.utf8)
        do throws(SystemError) {
            try store.store(body, members: members, uncompressedBytes: bytes, wallNanoseconds: SystemClock.wallNanoseconds())
            return .taken(rejected: 0, message: nil)
        } catch {
            return .retry(status: 0, reason: "cannot store a request: \(error)", .backoff)
        }
    }
}

extension DirectoryStore {
    /// Of requests of spans: `0000000000000001.pb.gz` and so on, where they are compressed. `from` and `to` in its index are when the
    /// spans arrived, in nanoseconds since 1970.
    convenience init(_ settings: DirectorySettings, compression: RequestBody.Compression) {
        self.init(
            Settings(
                path: settings.path, retentionNanoseconds: settings.retentionNanoseconds, maximumBytes: settings.maximumBytes,
                suffix: compression == .gzip ? ".pb.gz" : ".pb", unknownMembers: #""from":"0","to":"\#(UInt64.max)","spans":null"#))
    }
}
