import Delivery
import Foundation
import Gzip
import HTTP
import OTLP
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Tracing

private let origin = SpanOrigin(resource: ["service.name": "test"], scopeName: "scope")
private let minute: UInt64 = 60_000_000_000

/// Long enough never to be reached, short enough never to hang; retries come at once.
private func quickSettings(_ change: (inout SpanExporterSettings) -> Void = { _ in }) -> SpanExporterSettings {
    var settings = SpanExporterSettings()
    settings.maximumDelayNanoseconds = 1_000_000
    settings.retry = RetryPolicy(
        minimumBackoffNanoseconds: 1_000_000, maximumBackoffNanoseconds: 2_000_000, maximumAskedNanoseconds: 3_000_000)
    settings.timeoutNanoseconds = minute
    change(&settings)
    return settings
}

private func record(_ name: String) -> SpanRecord {
    SpanRecord(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: name, startTimeUnixNano: 1)
}

/// Takes spans by HTTP, and answers as it is told.
private final class Collector: Sendable {
    private final class Received: Sendable {
        let requests = Mutex<[HTTPRequest]>([])
    }

    private let received = Received()
    let server: HTTPServer

    init(answer: @escaping @Sendable (Int) -> HTTPResponse) throws {
        let received = self.received
        server = try HTTPServer(settings: .init(listen: "127.0.0.1:0")) { request in
            let number = received.requests.withLock { requests in
                requests.append(request)
                return requests.count
            }
            return answer(number)
        }
        try server.start()
    }

    var requests: [HTTPRequest] { received.requests.withLock { $0 } }

    var base: String { "http://127.0.0.1:\(server.port)" }

    /// The names of the spans of each request.
    func names() throws -> [[String]] {
        try requests.map { request in
            var names: [String] = []
            for resource in try fields(1, of: request.body[...]) {
                for scope in try fields(2, of: resource) {
                    for span in try fields(2, of: scope) {
                        names += try fields(5, of: span).map { String(decoding: $0, as: UTF8.self) }
                    }
                }
            }
            return names
        }
    }

    private func fields(_ number: Int, of message: ArraySlice<UInt8>) throws -> [ArraySlice<UInt8>] {
        var reader = ProtobufReader(message)
        var found: [ArraySlice<UInt8>] = []
        while let field = try reader.next() {
            if field.number == number, case .data(let data) = field.value { found.append(data) }
        }
        return found
    }
}

private final class Reports: Sendable {
    private let events = Mutex<[SpanExportEvent]>([])
    var all: [SpanExportEvent] { events.withLock { $0 } }
    @Sendable func add(_ event: SpanExportEvent) { events.withLock { $0.append(event) } }
}

private func export(
    file: String? = nil, endpoint: String? = nil, _ reports: Reports = Reports(), _ settings: SpanExporterSettings = quickSettings()
) throws -> SpanExport {
    try SpanExport(file: file, endpoint: endpoint, origin: origin, settings: settings, report: reports.add)
}

/// What these tests read of a line.
private struct TracesFileLine: Decodable {
    struct ResourceSpans: Decodable { var scopeSpans: [ScopeSpans] }
    struct ScopeSpans: Decodable { var spans: [Span] }
    struct Span: Decodable { var name: String }
    var resourceSpans: [ResourceSpans]
}

@Suite struct `Exporting spans` {
    @Test func `writes them to a file as lines of OTLP JSON, and goes on in a new one after a rename`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/spans.jsonl"
            let export = try export(file: path)
            let tracer = Tracer(sampler: .always, deliver: export.take)
            tracer.span("one").end()
            tracer.span("two").end()
            try waitUntil("both spans") { export.statistics[0].statistics.exported == 2 }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            export.reopenFile()
            tracer.span("three").end()
            export.stop(withinNanoseconds: minute)
            export.take(record("late"))

            func names(_ path: String) throws -> [String] {
                try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").flatMap { line in
                    let request = try JSONDecoder().decode(TracesFileLine.self, from: Data(line.utf8))
                    return request.resourceSpans.flatMap { $0.scopeSpans.flatMap { $0.spans.map(\.name) } }
                }
            }
            #expect(try names(path + ".1") == ["one", "two"])
            #expect(try names(path) == ["three"])
            #expect(export.statistics.map(\.destination) == ["file"])
            #expect(export.statistics[0].statistics == SpanExportStatistics(exported: 3, dropped: [.stopped: 1]))
        }
    }

    @Test func `sends them to a collector as protobuf with gzip, all that were queued when it stops`() throws {
        let collector = try Collector { _ in HTTPResponse(status: 200) }
        let reports = Reports()
        let export = try export(
            endpoint: collector.base + "/", reports,
            quickSettings { settings in
                settings.maximumBatchSpans = 4
                settings.maximumDelayNanoseconds = 600 * 1_000_000_000
            })
        for index in 0..<10 { export.take(record("\(index)")) }
        export.stop(withinNanoseconds: minute)
        #expect(try Array(collector.names().joined()) == (0..<10).map(String.init))
        #expect(try collector.names().allSatisfy { (1...4).contains($0.count) })
        let request = try #require(collector.requests.first)
        #expect(request.target == "/v1/traces" && request.method == .post)
        #expect(request.headers.first("Content-Type") == "application/x-protobuf")
        #expect(export.statistics[0].statistics == SpanExportStatistics(exported: 10))
        #expect(reports.all.isEmpty)
    }

    @Test(arguments: [429, 502, 503, 504])
    func `sends again what a collector could not take now`(status: Int) throws {
        let collector = try Collector { number in
            number <= 2 ? HTTPResponse(status: status, headers: ["Retry-After": "1"]) : HTTPResponse(status: 200)
        }
        let reports = Reports()
        let export = try export(endpoint: collector.base, reports)
        export.take(record("a"))
        try waitUntil("the third request") { export.statistics[0].statistics.exported == 1 }
        export.stop(withinNanoseconds: minute)
        #expect(try collector.names() == [["a"], ["a"], ["a"]])
        #expect(export.statistics[0].statistics == SpanExportStatistics(exported: 1, retries: 2))
        let name = "127.0.0.1:\(collector.server.port)"
        #expect(reports.all == [.failing(destination: name, reason: "status \(status)"), .recovered(destination: name)])
    }

    @Test(arguments: [400, 401, 404, 413, 500])
    func `drops what a collector refuses`(status: Int) throws {
        // google.rpc.Status with a message.
        let collector = try Collector { _ in HTTPResponse(status: status, body: [0x12, 0x02, 0x6e, 0x6f]) }
        let reports = Reports()
        let export = try export(endpoint: collector.base, reports)
        export.take(record("a"))
        export.stop(withinNanoseconds: minute)
        #expect(try collector.names() == [["a"]])
        #expect(export.statistics[0].statistics == SpanExportStatistics(dropped: [.refused: 1]))
        #expect(
            reports.all == [.refused(destination: "127.0.0.1:\(collector.server.port)", spans: 1, reason: "status \(status): no")])
    }

    @Test func `counts spans that a collector leaves out of a success`() throws {
        // partial_success { rejected_spans: 2, error_message: "no" }
        let collector = try Collector { _ in HTTPResponse(status: 200, body: [0x0a, 0x06, 0x08, 0x02, 0x12, 0x02, 0x6e, 0x6f]) }
        let export = try export(
            endpoint: collector.base, Reports(), quickSettings { $0.maximumDelayNanoseconds = 600 * 1_000_000_000 })
        for name in ["a", "b", "c"] { export.take(record(name)) }
        export.stop(withinNanoseconds: minute)
        #expect(export.statistics[0].statistics == SpanExportStatistics(exported: 1, dropped: [.rejected: 2]))
    }

    @Test func `gives a batch up after a time, and goes on with the next`() throws {
        let collector = try Collector { number in HTTPResponse(status: number <= 1 ? 503 : 200) }
        let export = try export(endpoint: collector.base, Reports(), quickSettings { $0.maximumRetryNanoseconds = 0 })
        export.take(record("a"))
        try waitUntil("the end of the first") { !export.statistics[0].statistics.dropped.isEmpty }
        export.take(record("b"))
        export.stop(withinNanoseconds: minute)
        #expect(export.statistics[0].statistics == SpanExportStatistics(exported: 1, dropped: [.retriesExhausted: 1]))
    }

    @Test func `neither waits for a collector that does not answer nor fills the memory`() throws {
        let release = DispatchSemaphore(value: 0)
        let collector = try Collector { _ in
            release.wait()
            return HTTPResponse(status: 200)
        }
        defer { release.signal() }
        let export = try export(
            endpoint: collector.base, Reports(),
            quickSettings { settings in
                settings.maximumQueuedSpans = 3
                settings.maximumBatchSpans = 1
            })
        export.take(record("on its way"))
        try waitUntil("the request") { collector.requests.count == 1 }
        for index in 0..<10 { export.take(record("\(index)")) }
        #expect(export.statistics[0].statistics == SpanExportStatistics(dropped: [.queueFull: 7], queued: 4))
        export.stop(withinNanoseconds: 1_000_000)
        #expect(export.statistics[0].statistics == SpanExportStatistics(dropped: [.queueFull: 7, .stopped: 4]))
    }

    @Test func `retries where nobody listens, and ends in time`() throws {
        try withTemporaryDirectory { directory in
            let reports = Reports()
            let export = try export(endpoint: "unix:\(directory)/nobody.sock", reports)
            export.take(record("a"))
            try waitUntil("a few tries") { export.statistics[0].statistics.retries >= 3 }
            export.stop(withinNanoseconds: 1_000_000)
            #expect(export.statistics[0].statistics.dropped == [.stopped: 1])
            #expect(reports.all.count == 1)
            guard case .failing? = reports.all.first else { return #expect(Bool(false), "\(reports.all)") }
        }
    }

    @Test func `counts what a full disk does not take`() throws {
        let reports = Reports()
        let export = try export(file: "/dev/full", reports)
        export.take(record("a"))
        export.stop(withinNanoseconds: minute)
        #expect(export.statistics[0].statistics == SpanExportStatistics(dropped: [.unwritable: 1]))
        guard case .refused("/dev/full", 1, let reason)? = reports.all.first else { return #expect(Bool(false), "\(reports.all)") }
        #expect(reason.contains("No space left on device"))
    }

    @Test func `says what is wrong with its settings`() {
        #expect(throws: SpanExportError.badFile(SystemError(call: "open", subject: "/nowhere/spans", code: ENOENT))) {
            try SpanExport(file: "/nowhere/spans", endpoint: nil, origin: origin) { _ in }
        }
        #expect(throws: SpanExportError.badEndpoint(.unsupportedScheme(url: "ftp://x/v1/traces"))) {
            try SpanExport(file: nil, endpoint: "ftp://x", origin: origin) { _ in }
        }
    }

    @Test(
        arguments: [
            ("http://127.0.0.1:4318", "/v1/traces"), ("https://h/otlp/", "/otlp/v1/traces"), ("unix:/run/x.sock", "/v1/traces"),
            ("unix:/run/x.sock:/base", "/base/v1/traces"), ("http+unix://%2Frun%2Fx.sock", "/v1/traces"),
        ])
    func `appends the path of traces to the endpoint`(base: String, target: String) throws {
        #expect(try SpanCollector.endpoint(base: base).target == target)
    }

    @Test func `names the process`() throws {
        let resource = SpanOrigin.process(serviceName: "s", serviceVersion: "1").resource
        #expect(resource["service.name"] == "s" && resource["service.version"] == "1" && resource["process.pid"] == .integer(getpid()))
        #expect(resource["telemetry.sdk.name"] == "tailspan" && resource["telemetry.sdk.language"] == "swift")
        #expect(
            resource["service.instance.id"] != SpanOrigin.process(serviceName: "s", serviceVersion: "1").resource["service.instance.id"])
    }
}
