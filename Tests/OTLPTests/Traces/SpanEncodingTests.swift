import Delivery
import Foundation
import TestSupport
import Testing

@testable import OTLP

private let origin = SpanOrigin(
    resource: ["service.name": "transcode-service", "process.pid": 4711], scopeName: "jobs", scopeVersion: "1.2",
    schemaURL: "https://example.org/1")

@Suite struct `Spans as OTLP` {
    @Test func `as JSON have hexadecimal ids, strings for long integers, and nothing that is empty`() throws {
        var span = SpanRecord(
            traceID: TraceID(high: 0x5b8a_a5a2_d2c8_72e8, low: 0x321c_f373_08d6_9df2), spanID: SpanID(0x5fb3_97be_34d2_6b51),
            parentSpanID: SpanID(0x051581bf3cb55c13), name: "GET \"/\"\n", kind: .server, startTimeUnixNano: 1_544_712_660_000_000_001)
        span.endTimeUnixNano = 1_544_712_661_000_000_000
        span.traceState = "a=1"
        span.flags = 0x301
        span.attributes = [
            "s": "é", "b": true, "i": .int(-5), "d": 0.5, "n": .double(.nan), "l": .array(["x", 1]), "m": .map(["k": ""]),
            "y": .bytes([0, 255, 1, 2]),
        ]
        span.events = [.init(timeUnixNano: 7, name: "exception", attributes: ["exception.type": "E"])]
        span.links = [.init(traceID: TraceID(high: 0, low: 1), spanID: SpanID(2))]
        span.status = .error("no")
        span.droppedEventsCount = 3
        let plain = SpanRecord(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "x", startTimeUnixNano: 1)
        var line: [UInt8] = []
        SpanEncoding.appendJSONLine([span, plain], from: origin, to: &line)
        let head =
            #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"transcode-service"}},"#
            + #"{"key":"process.pid","value":{"intValue":"4711"}}]},"scopeSpans":[{"scope":{"name":"jobs","version":"1.2"},"spans":["#
        let first =
            #"{"traceId":"5b8aa5a2d2c872e8321cf37308d69df2","spanId":"5fb397be34d26b51","traceState":"a=1","parentSpanId":"051581bf3cb55c13","#
            + #""flags":769,"name":"GET \"/\"\n","kind":2,"startTimeUnixNano":"1544712660000000001","endTimeUnixNano":"1544712661000000000","#
            + #""attributes":[{"key":"s","value":{"stringValue":"é"}},{"key":"b","value":{"boolValue":true}},"#
            + #"{"key":"i","value":{"intValue":"-5"}},{"key":"d","value":{"doubleValue":0.5}},{"key":"n","value":{"doubleValue":"NaN"}},"#
            + #"{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"}]}}},"#
            + #"{"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":""}}]}}},"#
            + #"{"key":"y","value":{"bytesValue":"AP8BAg=="}}],"#
            + #""events":[{"timeUnixNano":"7","name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"E"}}]}],"#
            + #""droppedEventsCount":3,"links":[{"traceId":"00000000000000000000000000000001","spanId":"0000000000000002"}],"#
            + #""status":{"message":"no","code":2}}"#
        let second =
            #",{"traceId":"00000000000000010000000000000002","spanId":"0000000000000003","name":"x","kind":1,"startTimeUnixNano":"1","#
            + #""endTimeUnixNano":"0"}"#
        let tail = #"],"schemaUrl":"https://example.org/1"}],"schemaUrl":"https://example.org/1"}]}"# + "\n"
        #expect(String(decoding: line, as: UTF8.self) == head + first + second + tail)
    }

    private static let python = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../.build/python/bin/python3")
        .standardized.path

    /// Both forms of random spans, read by OpenTelemetry's own messages: they are one message, and its bytes are ours.
    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: python),
            "script/setup installs opentelemetry-proto for Python into .build/python"))
    func `in both forms are the same message to OpenTelemetry's own code`() throws {
        try withTemporaryDirectory { directory in
            var generator = SeededGenerator(seed: 20260103)
            for index in 0..<40 {
                let spans = (0..<Int.random(in: 0...5, using: &generator)).map { _ in SpanRecord(random: &generator) }
                var writer = ProtobufWriter()
                SpanEncoding.appendProtobuf(spans, from: origin, to: &writer)
                var line: [UInt8] = []
                SpanEncoding.appendJSONLine(spans, from: origin, to: &line)
                #expect(line.count { $0 == UInt8(ascii: "\n") } == 1)
                try Data(writer.bytes).write(to: URL(fileURLWithPath: "\(directory)/\(index).pb"))
                try Data(line).write(to: URL(fileURLWithPath: "\(directory)/\(index).json"))
            }
            let script = """
                import base64, json, sys
                from google.protobuf.json_format import ParseDict
                from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

                def ids(value):
                    # OTLP writes ids as hexadecimal digits where protobuf's JSON has base64.
                    if isinstance(value, list):
                        return [ids(item) for item in value]
                    if isinstance(value, dict):
                        return {key: base64.b64encode(bytes.fromhex(item)).decode() if key in ("traceId", "spanId", "parentSpanId")
                                else ids(item) for key, item in value.items()}
                    return value

                spans = 0
                for index in range(40):
                    data = open(f"{sys.argv[1]}/{index}.pb", "rb").read()
                    request = ExportTraceServiceRequest.FromString(data)
                    assert request.SerializeToString(deterministic=True) == data, f"{index}: written in another way"
                    text = open(f"{sys.argv[1]}/{index}.json", encoding="utf-8").read()
                    parsed = ParseDict(ids(json.loads(text)), ExportTraceServiceRequest())
                    assert parsed.SerializeToString(deterministic=True) == data, f"{index}: {parsed} is not {request}"
                    spans += len(request.resource_spans[0].scope_spans[0].spans)
                print(spans)
                """
            let result = try ChildProcess.run([Self.python, "-c", script, directory], in: directory)
            #expect(result.ending == .exited(0), "\(result.error)")
            #expect(try #require(Int(result.output.trimmingCharacters(in: .newlines))) > 40)
        }
    }

    @Test(arguments: ["", "0", "5B8AA5A2D2C872E8321CF37308D69DF2", "00000000000000000000000000000000", "5b8aa5a2d2c872e8321cf37308d69dfg"])
    func `have no id that is none`(text: String) {
        #expect(TraceID(hexadecimal: text.utf8) == nil)
        #expect(SpanID(hexadecimal: text.utf8.suffix(16)) == nil)
    }
}

extension SpanRecord {
    fileprivate init(random generator: inout SeededGenerator) {
        func text() -> String {
            String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                        let ranges: [ClosedRange<UInt32>] = [0...0x1f, 0x20...0x7f, 0x80...0x7ff, 0x2000...0x2fff, 0x1f600...0x1f64f]
                        return Unicode.Scalar(UInt32.random(in: ranges[Int.random(in: 0..<5, using: &generator)], using: &generator)) ?? "x"
                    }))
        }
        func attributes(_ depth: Int = 0) -> SpanAttributes {
            var attributes: SpanAttributes = [:]
            for _ in 0..<Int.random(in: 0...4, using: &generator) { attributes[text()] = value(depth) }
            return attributes
        }
        func value(_ depth: Int) -> AttributeValue {
            switch Int.random(in: 0..<(depth < 3 ? 8 : 5), using: &generator) {
            case 0: .bool(.random(using: &generator))
            case 1: .int(Int64(bitPattern: generator.next()))
            case 2:
                .double(
                    [0, -0.0, 1e300, .leastNonzeroMagnitude, .infinity, -.infinity, 0.1, 123_456_789.25][
                        Int.random(in: 0..<8, using: &generator)])
            case 3: .bytes((0..<Int.random(in: 0...9, using: &generator)).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
            case 4: .string(text())
            case 5: .array((0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth + 1) })
            case 6: .map(attributes(depth + 1))
            default: .string("")
            }
        }
        func number() -> UInt64 { generator.next() >> UInt64.random(in: 0...63, using: &generator) }
        self.init(
            traceID: TraceID(high: generator.next(), low: generator.next()), spanID: SpanID(generator.next() | 1),
            parentSpanID: .random(using: &generator) ? SpanID(generator.next() | 1) : nil, name: text(),
            kind: SpanKind.allCases[Int.random(in: 0..<5, using: &generator)], startTimeUnixNano: number())
        endTimeUnixNano = number()
        traceState = .random(using: &generator) ? "" : text()
        flags = UInt32(truncatingIfNeeded: number())
        self.attributes = attributes()
        droppedAttributesCount = UInt32(truncatingIfNeeded: number())
        droppedEventsCount = UInt32(truncatingIfNeeded: number())
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            events.append(Event(timeUnixNano: number(), name: text(), attributes: attributes()))
        }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            links.append(
                Link(
                    traceID: TraceID(high: generator.next(), low: 1), spanID: SpanID(1), traceState: text(), attributes: attributes()))
        }
        status = [.unset, .ok, .error(text())][Int.random(in: 0..<3, using: &generator)]
    }
}
