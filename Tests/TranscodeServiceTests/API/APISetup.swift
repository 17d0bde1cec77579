import Configuration
import Foundation
import Glibc
import HTTP
import JobStore
import Metrics
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import TranscodeService

/// A service's API with a job store, and no workers.
final class APISetup: Sendable {
    static let adminToken = "the-admin-token"

    let files: JobFiles
    let store: FileJobStore
    let recorder: TelemetryRecorder
    let api: API
    let server: HTTPServer
    let key: APIKey
    let keyText: String
    private let counter: Counter

    private final class Counter: Sendable { let value = Mutex(0) }

    init(
        _ directory: String, quotaBytes: UInt64? = nil, uploadBytes: UInt64 = 1 << 20, adminToken: String? = APISetup.adminToken,
        reservedDiskBytes: UInt64 = 0, _ configure: (inout HTTPServerSettings) -> Void = { _ in }
    ) throws {
        files = JobFiles(dataDirectory: directory + "/data")
        try files.prepare()
        #expect(try UploadFile.prepare(files) == 0)
        store = try FileJobStore(directory: files.dataDirectory + "/store")
        recorder = try TelemetryRecorder(in: directory)
        (key, keyText) = KeyIssuing.issue(name: "studio", quotaBytes: quotaBytes)
        try store.add(key)
        let counter = Counter()
        api = API(
            APIParts(
                store: store, storeSystem: .file, files: files, telemetry: recorder.telemetry, registry: MetricRegistry(startedAt: 1),
                adminToken: adminToken.map(Secret.init), uploadBytes: uploadBytes, reservedDiskBytes: reservedDiskBytes,
                cancellationRequested: { counter.value.withLock { $0 += 1 } }))
        self.counter = counter
        var settings = HTTPServerSettings(listen: "127.0.0.1:0")
        settings.connections = 64
        configure(&settings)
        server = try HTTPServer(settings: settings, handlers: api.handlers)
        try server.start()
    }

    /// How often somebody was told that a running job may be cancelled.
    var cancellationRequests: Int { counter.value.withLock { $0 } }

    var client: HTTPClient {
        get throws {
            try HTTPClient(endpoint: HTTPEndpoint(url: "http://\(server.address)/"), limits: HTTPLimits(bodyBytes: 64 << 20))
        }
    }

    /// Sends a request with the key, and expects an answer that the OpenAPI document has.
    func send(
        _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders = [:], body: [UInt8] = [], key: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> HTTPResponse {
        var all = headers
        if !headers.contains("X-API-Key") && key != "" { all.append("X-API-Key", key ?? keyText) }
        let response = try client.send(method: method, target: target, headers: all, bytes: body, timeoutNanoseconds: 60_000_000_000)
        try DocumentedAPI.check(response, to: method, target, sourceLocation: sourceLocation)
        return response
    }

    func admin(
        _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders = [:], body: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> HTTPResponse {
        var all = headers
        all.append("Authorization", "Bearer \(Self.adminToken)")
        return try send(method, target, all, body: Array(body.utf8), key: "", sourceLocation: sourceLocation)
    }

    /// Uploads a file as it is, and gives the job's id.
    func upload(_ bytes: String = "a video", key: String? = nil) throws -> String {
        let response = try send(.post, "/api/v1/jobs", ["Content-Type": "video/mp4"], body: Array(bytes.utf8), key: key)
        #expect(response.status == 201, "\(response.bodyText)")
        return try member("id", of: response)
    }

    /// What comes back to raw bytes, until the server closes. `closing`: no more is sent after them.
    func raw(_ text: String, closing: Bool = false) throws -> String { try raw(Array(text.utf8), closing: closing) }

    func raw(_ bytes: [UInt8], closing: Bool = false) throws -> String {
        let socket = try RawConnection(port: server.port)
        try socket.write(bytes)
        if closing { socket.finishWriting() }
        return try socket.readAll()
    }

    /// The paths of all uploads that are there, relative to the directory of uploads.
    func uploads() throws -> [String] {
        let root = files.uploadsDirectory
        return try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0 != "tmp" }.sorted()
    }

    /// Nothing is on its way any more, and nothing is left of what did not become a job.
    func expectAtRest(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try waitUntil("all requests to be over") {
            api.parts.inProgress.all.allSatisfy { $0.count == 0 } && api.parts.reservations.keys == 0
        }
        // A store that the test has closed has none.
        let jobs = (try? store.jobs(JobQuery(limit: 1000))) ?? []
        let expected = jobs.flatMap { [$0.id, "\($0.id)/input"] }.sorted()
        #expect(try uploads() == expected, sourceLocation: sourceLocation)
    }
}

/// Gives `body` an API, and expects afterwards that nothing is left behind.
func withAPI<Result>(
    quotaBytes: UInt64? = nil, uploadBytes: UInt64 = 1 << 20, adminToken: String? = APISetup.adminToken, reservedDiskBytes: UInt64 = 0,
    _ configure: (inout HTTPServerSettings) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (APISetup) throws -> Result
) throws -> Result {
    try withTemporaryDirectory { directory in
        let setup = try APISetup(
            directory, quotaBytes: quotaBytes, uploadBytes: uploadBytes, adminToken: adminToken, reservedDiskBytes: reservedDiskBytes,
            configure)
        defer {
            setup.server.stop(drainNanoseconds: 0)
            setup.store.close()
        }
        let result = try body(setup)
        try setup.expectAtRest(sourceLocation: sourceLocation)
        return result
    }
}

func json(_ response: HTTPResponse) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
}

func member(_ name: String, of response: HTTPResponse) throws -> String {
    let value = try json(response)[name] as? String
    return try #require(value)
}

/// A body of `multipart/form-data` with the boundary `b`.
func form(_ parts: [(head: String, body: String)]) -> [UInt8] {
    Array((parts.map { "--b\r\n\($0.head)\r\n\r\n\($0.body)\r\n" }.joined() + "--b--\r\n").utf8)
}

func fileForm(_ body: String, name: String = "a.mp4") -> [UInt8] {
    form([("Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\nContent-Type: video/mp4", body)])
}

let formType: HTTPHeaders = ["Content-Type": "multipart/form-data; boundary=b"]

/// A blocking socket for requests that a client would not send. Waits for 60 s at most.
final class RawConnection {
    private let raw: Int32

    init(port: Int) throws {
        raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let (descriptor, size) = (raw, socklen_t(MemoryLayout<sockaddr_in>.size))
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        if result != 0 { throw SystemError(call: "connect", subject: "127.0.0.1:\(port)") }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(raw) }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    /// As far as the server takes it: one that has refused may have closed already.
    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 { return }
            sent += count
        }
    }

    func finishWriting() { shutdown(raw, Int32(SHUT_WR)) }

    /// Up to and with the end of a head.
    func readHead() throws -> String {
        var text = ""
        var byte: UInt8 = 0
        while !text.hasSuffix("\r\n\r\n") {
            let count = recv(raw, &byte, 1, 0)
            if count <= 0 { throw SystemError(call: "recv", subject: text, code: count < 0 ? errno : ECONNRESET) }
            text.unicodeScalars.append(UnicodeScalar(byte))
        }
        return text
    }

    func readAll() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(raw, &buffer, buffer.count, 0)
            if count < 0 && errno == ECONNRESET && !bytes.isEmpty { break }
            if count < 0 { throw SystemError(call: "recv", subject: "test socket") }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
