import Metrics
import Testing

@testable import OTLP
@testable import TraceCollector

struct SpanMetricsTests {
    private func text(_ requests: [[UInt8]], _ settings: SpanMetrics.Settings = .init()) throws -> String {
        let deriving = try SpanDeriving(metrics: settings, graph: nil)
        for request in requests {
            let index = try Requests.index(request)
            request.withUnsafeBytes { deriving.observe(index, in: $0) }
        }
        var writer = ExpositionWriter(format: .openMetrics)
        deriving.write(to: &writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    @Test func `calls, latencies and sizes have Tempo's names, labels and buckets`() throws {
        let request = Requests.make([
            .init(id: 1, name: "GET /", kind: 2, duration: 3_000_000, status: 2),
            .init(id: 2, name: "GET /", kind: 2, duration: 20_000_000_000, status: 2),
            .init(id: 3, name: "work", kind: 1),
        ])
        let text = try text([request])
        let labels = #"service="shop",span_name="GET /",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR""#
        #expect(text.contains("traces_spanmetrics_calls_total{\(labels)} 2"))
        #expect(text.contains("traces_spanmetrics_latency_bucket{\(labels),le=\"0.002\"} 0"))
        #expect(text.contains("traces_spanmetrics_latency_bucket{\(labels),le=\"0.004\"} 1"))
        #expect(text.contains("traces_spanmetrics_latency_bucket{\(labels),le=\"16.384\"} 1"))
        #expect(text.contains("traces_spanmetrics_latency_bucket{\(labels),le=\"+Inf\"} 2"))
        #expect(text.contains("traces_spanmetrics_latency_sum{\(labels)} 20.003"))
        #expect(text.contains(#" # {trace_id="000000000000abcd0000000000000001"} 0.003"#))
        let size = try Requests.index(request).spans.prefix(2).reduce(0) { $0 + $1.body.count }
        #expect(text.contains("traces_spanmetrics_size_total{\(labels)} \(size)"))
        #expect(text.contains(#"span_name="work",span_kind="SPAN_KIND_INTERNAL",status_code="STATUS_CODE_UNSET""#))
    }

    @Test func `dimensions are labels, of the resource before the span`() throws {
        let settings = SpanMetrics.Settings(dimensions: ["http.route", "service", "env"])
        let request = Requests.make(
            [.init(attributes: [("http.route", "/items"), ("env", "span")]), .init(id: 2, attributes: [("service", "x")])],
            resource: [("env", "resource")])
        let text = try text([request], settings)
        #expect(text.contains(#"http_route="/items",dimension_service="",env="resource"} 1"#))
        #expect(text.contains(#"http_route="",dimension_service="x",env="resource"} 1"#))
    }

    @Test func `spans with faults do not count, and a resource without a name has one`() throws {
        let text = try text([Requests.make([.init(hasBadID: true), .init(id: 2, name: "fine")], service: nil)])
        #expect(text.contains(#"traces_spanmetrics_calls_total{service="unknown_service",span_name="fine""#))
        #expect(!text.contains(#"span_name="work""#))
    }

    @Test func `a family has no more series than it may`() throws {
        let spans = (1...50).map { Requests.Span(id: UInt64($0), name: "name \($0)") }
        let text = try text([Requests.make(spans)], SpanMetrics.Settings(maximumSeries: 10))
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("traces_spanmetrics_calls_total{") }
        #expect(lines.count == 11)
    }
}

struct ServiceGraphTests {
    private func span(_ kind: UInt8, trace: UInt64 = 1, id: UInt64, parent: UInt64 = 0, status: UInt8 = 0) -> SpanEntry {
        var span = SpanEntry()
        span.trace = Requests.key(trace)
        span.kind = kind
        span.spanID = id
        span.parentID = parent
        span.status = status
        span.startNanoseconds = 0
        span.endNanoseconds = UInt64(id) * 1_000_000
        return span
    }

    private func graph(maximumItems: Int = 100) -> ServiceGraph { ServiceGraph(waitNanoseconds: 10, maximumItems: maximumItems) }

    @Test(arguments: [false, true])
    func `a client's span and the server's make a call, whichever comes first`(serverFirst: Bool) {
        var graph = graph()
        let client = span(3, id: 5, parent: 1)
        let server = span(2, id: 6, parent: 5, status: 2)
        let spans = serverFirst ? [(server, "api"), (client, "web")] : [(client, "web"), (server, "api")]
        let edges = spans.compactMap { graph.observe($0.0, service: $0.1, peer: { nil }, now: 0) }
        #expect(edges.count == 1)
        #expect(edges[0].client == "web" && edges[0].server == "api" && edges[0].type == .direct && edges[0].isFailed)
        #expect(edges[0].clientNanoseconds == 5_000_000 && edges[0].serverNanoseconds == 6_000_000)
        #expect(graph.waitingCount == 0)
    }

    @Test func `a producer and its consumer are a call over a messaging system`() {
        var graph = graph()
        _ = graph.observe(span(4, id: 5), service: "web", peer: { nil }, now: 0)
        let edge = graph.observe(span(5, id: 6, parent: 5), service: "worker", peer: { nil }, now: 0)
        #expect(edge?.type == .messaging && edge?.client == "web" && edge?.server == "worker")
    }

    @Test func `a call to a database needs no other half`() {
        var graph = graph()
        let edge = graph.observe(span(3, id: 5), service: "api", peer: { .database("orders") }, now: 0)
        #expect(edge?.type == .database && edge?.server == "orders" && edge?.serverNanoseconds == edge?.clientNanoseconds)
    }

    @Test func `a call whose other half never comes counts where the client named whom it called`() {
        var graph = graph()
        _ = graph.observe(span(3, id: 5), service: "api", peer: { .service("payments") }, now: 0)
        _ = graph.observe(span(3, id: 6), service: "api", peer: { nil }, now: 0)
        #expect(graph.expire(now: 9).isEmpty)
        let edges = graph.expire(now: 10)
        #expect(edges.map(\.server) == ["payments"] && edges.map(\.type) == [.virtualNode])
        #expect(graph.expired == 1 && graph.waitingCount == 0)
    }

    @Test func `a root server was asked by a user`() {
        var graph = graph()
        let edge = graph.observe(span(2, id: 5), service: "api", peer: { nil }, now: 0)
        #expect(edge?.client == "user" && edge?.server == "api" && edge?.type == .virtualNode)
    }

    @Test func `no more calls wait than may`() {
        var graph = graph(maximumItems: 10)
        for id in 1...15 as ClosedRange<UInt64> { _ = graph.observe(span(3, id: id), service: "api", peer: { nil }, now: 0) }
        #expect(graph.waitingCount == 10 && graph.dropped == 5)
    }

    @Test func `whom a client calls is read from its attributes`() throws {
        func peer(_ attributes: [(String, String)]) throws -> ServiceGraph.Peer? {
            let request = Requests.make([.init(attributes: attributes)])
            let span = try #require(try Requests.index(request).spans.first)
            return request.withUnsafeBytes { ServiceGraph.Peer(of: span, in: $0) }
        }
        #expect(try peer([]) == nil)
        #expect(try peer([("server.address", "10.0.0.1")]) == nil)
        #expect(try peer([("peer.service", "payments")]) == .service("payments"))
        #expect(try peer([("db.system.name", "postgresql"), ("db.namespace", "orders")]) == .database("orders"))
        #expect(try peer([("db.system", "redis")]) == .database("redis"))
        #expect(try peer([("db.system", "redis"), ("server.address", "cache")]) == .database("cache"))
    }
}

struct ArrivalTableTests {
    @Test func `values come out in the order of their keys' arrival, whatever was removed between`() {
        var table = ArrivalTable<Int, String>()
        for number in 0..<10 { table.append("\(number)", for: number) }
        for number in [0, 5, 9] { #expect(table.remove(number) == "\(number)") }
        #expect(table.remove(5) == nil)
        table.append("again", for: 5)
        #expect(table[5] == "again" && table[0] == nil && table.count == 8)
        var order: [Int] = []
        while let (key, _) = table.oldest {
            order.append(key)
            table.remove(key)
        }
        #expect(order == [1, 2, 3, 4, 6, 7, 8, 5])
        #expect(table.isEmpty)
    }
}
