import Gzip
import HTTP
import Metrics
import StructuredLogging
import SystemIO
import TestSupport
import Testing

@testable import OTLP
@testable import TraceCollector

struct OTLPReceiverTests {
    private struct Rig {
        let receiver: OTLPReceiver
        let log: SegmentLog
        let ledger: SpanLedger

        func post(
            _ body: [UInt8], type: String? = "application/x-protobuf", encoding: String? = nil, method: HTTPMethod = .post,
            path: String = "/v1/traces"
        ) -> HTTPResponse {
            var headers = HTTPHeaders()
            if let type { headers.append("Content-Type", type) }
            if let encoding { headers.append("Content-Encoding", encoding) }
            return receiver.answer(HTTPRequest(method: method, target: path, headers: headers, body: body))
        }

        func stored() throws -> [(content: BufferRecord.Content, bytes: [UInt8], spans: UInt32)] {
            let batch = LogBatch()
            var records: [(BufferRecord.Content, [UInt8], UInt32)] = []
            while try log.take(into: batch, maximumBytes: 1 << 20, by: 0) {
                records += batch.records.map { ($0.record.content, Array(batch.bytes[$0.range]), $0.record.spans) }
            }
            return records
        }
    }

    private func withRig(maximumBytes: Int = 1 << 20, _ body: (Rig) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let ledger = SpanLedger(outputs: ["a"])
            let log = try SegmentLog(
                directory: directory + "/buffer", readers: ["a"], maximumBytes: 16 << 20, synchronization: .never
            ) { _, _, _ in }
            let collectorLog = CollectorLog(logger: Logger(name: "test", level: .error, output: LogOutput(service: "test")))
            let intake = SpanIntake(
                log: CountedLog(log, deriving: nil, number: 1, path: directory + "/metrics.state"), keepsGzip: true, ledger: ledger)
            let receiver = OTLPReceiver(
                intake: intake, maximumBytes: maximumBytes,
                metrics: try ReceiverMetrics(MetricRegistry(startedAt: 0), receiver: "otlp_http"), log: collectorLog)
            try body(Rig(receiver: receiver, log: log, ledger: ledger))
        }
    }

    private func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        GzipEncoder(level: .zlib(6)).compress(bytes.span.bytes, into: &output)
        return output
    }

    private let request = Requests.make([.init(id: 1), .init(id: 2)])

    @Test func `a request is kept as it came, compressed or not`() throws {
        try withRig { rig in
            let compressed = gzip(request)
            for (body, encoding) in [(request, nil), (compressed, "gzip"), (request, "identity"), (compressed, "GZIP")]
                as [([UInt8], String?)]
            {
                let response = rig.post(body, encoding: encoding)
                #expect(response.status == 200 && response.body.isEmpty)
                #expect(response.headers.first("Content-Type") == "application/x-protobuf")
            }
            let stored = try rig.stored()
            #expect(stored.map(\.content) == [.protobuf, .gzip, .protobuf, .gzip])
            #expect(stored.map(\.bytes) == [request, compressed, request, compressed])
            #expect(stored.allSatisfy { $0.spans == 2 })
            #expect(rig.ledger.received.value == 8)
        }
    }

    @Test func `JSON becomes protobuf, and is answered in JSON`() throws {
        try withRig { rig in
            let text =
                #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b","name":"x"}]}]}]}"#
            for type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
                let response = rig.post(Array(text.utf8), type: type)
                #expect(response.status == 200 && response.bodyText == "{}")
                #expect(response.headers.first("Content-Type") == "application/json")
            }
            _ = rig.post(gzip(Array(text.utf8)), type: "application/json", encoding: "gzip")
            let stored = try rig.stored()
            #expect(stored.count == 4 && stored.allSatisfy { $0.content == .protobuf })
            #expect(try Requests.spans(stored[0].bytes) == [[10, 11]])
        }
    }

    @Test func `an empty request is a success and keeps nothing`() throws {
        try withRig { rig in
            #expect(rig.post([]).status == 200)
            #expect(rig.post(Array("{}".utf8), type: "application/json").status == 200)
            let stored = try rig.stored()
            #expect(stored.isEmpty)
        }
    }

    @Test func `spans with bad ids are taken out, counted and named`() throws {
        try withRig { rig in
            let mixed = Requests.make([.init(id: 1), .init(name: "broken one", hasBadID: true), .init(id: 3)])
            let response = rig.post(gzip(mixed), encoding: "gzip")
            #expect(response.status == 200)
            #expect(
                ExportAnswer.partialSuccess(response.body)
                    == .init(rejected: 1, message: #"1 of 3 spans were rejected, the first: span "broken one": bad_span_id"#))
            let json = rig.post(
                Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}"#.utf8), type: "application/json")
            #expect(
                json.bodyText
                    == #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"1 of 1 spans were rejected, the first: span \"x\": bad_trace_id"}}"#
            )
            let stored = try rig.stored()
            #expect(stored.count == 1 && stored[0].content == .protobuf)
            #expect(try Requests.spans(stored[0].bytes) == [[1, 1], [1, 3]])
            #expect(rig.ledger.rejectedSpans(.badSpanID) == 1 && rig.ledger.rejectedSpans(.badTraceID) == 1)
            #expect(rig.ledger.received.value == 4)
        }
    }

    @Test func `each thing that can be wrong has its status and reason`() throws {
        try withRig(maximumBytes: 1000) { rig in
            #expect(rig.post(request, path: "/v1/logs").status == 404)
            let get = rig.post([], method: .get)
            #expect(get.status == 405 && get.headers.first("Allow") == "POST" && get.bodyText.contains("[POST]"))
            for type in [nil, "text/plain", "application/x-protobuf2"] {
                let response = rig.post(request, type: type)
                #expect(response.status == 415 && response.bodyText.contains("application/x-protobuf"))
            }
            let encoding = rig.post(request, encoding: "zstd")
            #expect(encoding.status == 400 && ExportAnswer.statusMessage(encoding.body)?.contains("zstd") == true)
            let broken = rig.post(Array(request.dropLast()))
            #expect(broken.status == 400 && ExportAnswer.statusMessage(broken.body)?.hasPrefix("byte 1, ") == true)
            let json = rig.post(Array("{".utf8), type: "application/json")
            #expect(json.status == 400 && json.bodyText.hasPrefix(#"{"code":3,"message":"byte "#))
            #expect(rig.post(Array("[]".utf8), type: "application/json").status == 400)
            #expect(rig.post([1, 2, 3], encoding: "gzip").status == 400)
            #expect(rig.post(Array(gzip(request).dropLast(3)), encoding: "gzip").status == 400)
            let bomb = rig.post(gzip([UInt8](repeating: 0, count: 10 << 20)), encoding: "gzip")
            #expect(bomb.status == 413)
            #expect(rig.post([UInt8](repeating: 0x0a, count: 1001)).status == 413)
            let stored = try rig.stored()
            #expect(stored.isEmpty && rig.ledger.received.value == 0)
        }
    }

    @Test func `a buffer that can't be written, and a collector that stops, ask for patience`() throws {
        try withRig { rig in
            // Where the first segment should be made is a directory.
            try Directory.create(rig.log.directory + "/0000000001.seg")
            let response = rig.post(request)
            #expect(response.status == 503 && response.headers.first("Retry-After") == "5")
            #expect(ExportAnswer.statusMessage(response.body)?.contains("buffer") == true)
            #expect(rig.ledger.received.value == 0)
            rig.receiver.stop()
            #expect(rig.post(request, type: "application/json").status == 503)
        }
    }
}
