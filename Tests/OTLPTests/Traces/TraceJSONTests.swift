import Delivery
import Testing

@testable import OTLP

struct TraceJSONTests {
    private func transcode(_ text: String) throws(TraceJSONError) -> [UInt8] {
        let transcoder = TraceJSONTranscoder()
        var writer = ProtobufWriter()
        let bytes = Array(text.utf8)
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(TraceJSONError) in try transcoder.transcode(raw, to: &writer) }
        return writer.bytes
    }

    private static let full = """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}],"droppedAttributesCount":1},
        "scopeSpans":[{"scope":{"name":"lib","version":"1.0"},"spans":[{
        "traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"0000000000000007","traceState":"vendor=1","parentSpanId":"0000000000000006",
        "name":"GET \\/items","kind":2,"startTimeUnixNano":"1000000000","endTimeUnixNano":1250000000,
        "attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"http.response.status_code","value":{"intValue":"500"}},
        {"key":"ratio","value":{"doubleValue":0.5}},{"key":"cached","value":{"boolValue":true}},
        {"key":"list","value":{"arrayValue":{"values":[{"intValue":-1}]}}},
        {"key":"map","value":{"kvlistValue":{"values":[{"key":"key","value":{"bytesValue":"AP8="}}]}}}],
        "droppedAttributesCount":3,"events":[{"timeUnixNano":"1100000000","name":"exception",
        "attributes":[{"key":"exception.type","value":{"stringValue":"Timeout"}}],"droppedAttributesCount":1}],"droppedEventsCount":4,
        "links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","traceState":"a=b",
        "attributes":[{"key":"cause","value":{"stringValue":"retry"}}],"droppedAttributesCount":2,"flags":769}],"droppedLinksCount":5,
        "status":{"message":"it broke","code":2},"flags":257}],"schemaUrl":"https://schema"}],"schemaUrl":"https://schema"}]}
        """

    @Test func `every field becomes what it is in protobuf`() throws {
        #expect(try transcode(Self.full) == TraceSample.request([TraceSample.fullSpan()]))
    }

    @Test func `a line that our own programs write is the request that they would send`() throws {
        var span = SpanRecord(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), parentSpanID: SpanID(4), name: "GET \"/\"\n\u{1F980}", kind: .client,
            startTimeUnixNano: 1_544_712_660_000_000_001)
        span.endTimeUnixNano = .max
        span.traceState = "a=1"
        span.attributes = [
            "s": "é", "b": true, "i": .int(.min), "d": 0.1, "n": .double(-.infinity), "l": .array(["x", 1]), "m": .map(["k": ""]),
            "y": .bytes([0, 255, 1, 2]),
        ]
        span.events = [.init(timeUnixNano: 7, name: "exception", attributes: ["exception.type": "E"])]
        span.links = [.init(traceID: TraceID(high: 0, low: 1), spanID: SpanID(2))]
        span.status = .error("no")
        span.droppedEventsCount = 3
        let origin = SpanOrigin(resource: ["service.name": "transcode-service"], scopeName: "jobs", scopeVersion: "1", schemaURL: "u")
        var line: [UInt8] = []
        SpanEncoding.appendJSONLine([span, span], from: origin, to: &line)
        var writer = ProtobufWriter()
        SpanEncoding.appendProtobuf([span, span], from: origin, to: &writer)
        #expect(try transcode(String(decoding: line, as: UTF8.self)) == writer.bytes)
    }

    @Test func `names of enums, nulls and members that are not known are taken`() throws {
        let text = """
            {"unknown":{"a":[1,{"b":2}]},"resourceSpans":[{"resource":null,"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_CLIENT","name":null,
            "dropped_attributes_count":4,"status":{"code":"STATUS_CODE_ERROR"},"endTimeUnixNano":1.5e9,
            "attributes":[{"key":"n","value":{"doubleValue":"NaN"}},{"key":"e","value":{}}]}]}]}]}
            """
        var expected = ProtobufWriter()
        expected.message(1) { resourceSpans in
            resourceSpans.message(2) { scopeSpans in
                scopeSpans.message(2) { span in
                    span.unsigned(6, 3)
                    span.message(15) { $0.unsigned(3, 2) }
                    span.fixed64(8, 1_500_000_000)
                    TraceSample.attribute("n", as: 9, in: &span) { $0.double(4, .nan) }
                    TraceSample.attribute("e", as: 9, in: &span) { _ in }
                }
            }
        }
        #expect(try transcode(text) == expected.bytes)
        #expect(try transcode("{}").isEmpty)
    }

    @Test(arguments: [
        (#"{"resourceSpans":{}}"#, "ExportTraceServiceRequest.resourceSpans", 17),
        (#"{"resourceSpans":[1]}"#, "ExportTraceServiceRequest.resourceSpans", 17),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA=="}]}]}]}"#, "Span.traceId", 54),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"-1"}]}]}]}"#, "Span.startTimeUnixNano", 64),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SERVER"}]}]}]}"#, "Span.kind", 51),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"flags":4294967296}]}]}]}"#, "Span.flags", 52),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":5}]}]}]}"#, "Span.name", 51),
    ])
    func `a value that can't be is named with its place`(text: String, field: String, offset: Int) {
        do throws(TraceJSONError) {
            _ = try transcode(text)
            Issue.record("it was accepted: \(text)")
        } catch {
            guard case .badValue(field, _, offset) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `a text that is cut at any byte is refused`() {
        let bytes = Array(Self.full.utf8)
        for count in 0..<bytes.count {
            #expect(throws: TraceJSONError.self, "cut at \(count)") { try transcode(String(decoding: bytes[..<count], as: UTF8.self)) }
        }
    }

    @Test func `a text that is nested too deep is refused`() {
        let depth = 100_000
        let text =
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"value":"#
            + String(repeating: #"{"arrayValue":{"values":["#, count: depth)
            + String(repeating: "]}}", count: depth) + "}]}]}]}]}"
        #expect(throws: TraceJSONError.self) { try transcode(text) }
    }

    @Test func `texts changed at random never crash, and what is accepted can be read`() {
        var generator = SeededGenerator(seed: 11)
        let transcoder = TraceJSONTranscoder()
        var writer = ProtobufWriter()
        var index = TraceIndex()
        let text = Array(Self.full.utf8)
        var accepted = 0
        var unreadable = 0
        for _ in 0..<2_000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 32...126, using: &generator)
            }
            writer.removeAll(keepingCapacityUpTo: 1 << 20)
            let isAccepted = bytes.withUnsafeBytes { (try? transcoder.transcode($0, to: &writer)) != nil }
            guard isAccepted else { continue }
            accepted += 1
            if (try? index.read(writer.bytes)) == nil { unreadable += 1 }
        }
        #expect(unreadable == 0)
        #expect(accepted > 100)
    }
}
