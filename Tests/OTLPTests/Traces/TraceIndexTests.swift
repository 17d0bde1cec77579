import Delivery
import Testing

@testable import OTLP

struct TraceIndexTests {
    private func index(_ bytes: [UInt8]) throws(TraceReadError) -> TraceIndex {
        var index = TraceIndex()
        try index.read(bytes)
        return index
    }

    @Test func `every field that metrics and sampling need is found in place`() throws {
        let request = TraceSample.request([TraceSample.fullSpan(), TraceSample.fullSpan(spanID: Array(1...8), parentID: [])])
        let index = try index(request)
        let span = try #require(index.spans.first)
        #expect(index.spans.count == 2 && index.scopes.count == 1 && index.resources.count == 1 && index.faultyCount == 0)
        #expect(span.trace.hex == "0102030405060708090a0b0c0d0e0f10")
        #expect(span.spanID == 7 && span.parentID == 6 && !span.isRoot && index.spans[1].isRoot)
        #expect(span.kind == 2 && span.status == 2 && span.durationNanoseconds == 250_000_000)
        request.withUnsafeBytes { raw in
            #expect(String(decoding: span.name.bytes(in: raw), as: UTF8.self) == "GET /items")
            #expect(String(decoding: span.statusMessage.bytes(in: raw), as: UTF8.self) == "it broke")
            #expect(span.field.bytes(in: raw).first == 0x12)
            let service = TraceAttributes.serviceName(ofResourceSpans: index.resources[0].body, in: raw)
            #expect(service.map { String(decoding: $0.bytes(in: raw), as: UTF8.self) } == "shop")
            var texts: [String: String] = [:]
            TraceAttributes.forEach(ofSpan: span.body, in: raw) { key, value in
                texts[String(decoding: key, as: UTF8.self)] = value.text(in: raw)
                return true
            }
            #expect(
                texts == [
                    "http.request.method": "GET", "http.response.status_code": "500", "ratio": "0.5", "cached": "true", "list": "",
                    "map": "",
                ])
        }
    }

    @Test func `an empty request has no spans, and an index is used again`() throws {
        var index = TraceIndex()
        try index.read(TraceSample.request([TraceSample.fullSpan()]))
        try index.read([])
        #expect(index.spans.isEmpty && index.resources.isEmpty)
        try index.read([0x0a, 0x00])
        #expect(index.spans.isEmpty && index.resources.isEmpty)
    }

    @Test(arguments: [
        (SpanFault.badTraceID, [UInt8](repeating: 0, count: 16), [UInt8](1...8), [UInt8](), TraceSample.traceID),
        (.badTraceID, Array(1...15), Array(1...8), [], TraceSample.traceID),
        (.badTraceID, [], Array(1...8), [], TraceSample.traceID),
        (.badSpanID, TraceSample.traceID, Array(1...7), [], TraceSample.traceID),
        (.badSpanID, TraceSample.traceID, Array(repeating: 0, count: 8), [], TraceSample.traceID),
        (.badParentSpanID, TraceSample.traceID, Array(1...8), [1], TraceSample.traceID),
        (.badLinkID, TraceSample.traceID, Array(1...8), [], [1, 2]),
        (.none, TraceSample.traceID, Array(1...8), [], []),
    ])
    func `a span with ids that receivers refuse has a fault`(
        fault: SpanFault, trace: [UInt8], span: [UInt8], parent: [UInt8], link: [UInt8]
    ) throws {
        let index = try index(TraceSample.request([TraceSample.fullSpan(traceID: trace, spanID: span, parentID: parent, linkID: link)]))
        #expect(index.spans.map(\.fault) == [fault])
        #expect(index.faultyCount == (fault == .none ? 0 : 1))
    }

    @Test func `fields that are not known are skipped, whatever their type`() throws {
        let request = TraceSample.request([
            { span in
                TraceSample.fullSpan()(&span)
                span.unsigned(200, 1)
                span.data(201, [1, 2, 3])
                span.fixed64(202, 1)
                span.fixed32(203, 1)
            }
        ])
        #expect(try index(request).spans.count == 1)
    }

    @Test func `a request that is cut at any byte is refused or has whole spans only`() throws {
        let request = TraceSample.request([TraceSample.fullSpan()])
        for count in 1..<request.count {
            #expect(throws: TraceReadError.self, "cut at \(count)") { try index(Array(request[..<count])) }
        }
    }

    @Test func `an error names place and field`() throws {
        let request = TraceSample.request([{ $0.fixed32(7, 1) }])
        #expect(throws: TraceReadError(.wrongWireType(5), at: 46, in: .span, field: 7)) { try index(request) }
        #expect(
            "\(TraceReadError(.wrongWireType(5), at: 46, in: .span, field: 7))"
                == "byte 46, Span.start_time_unix_nano: it has wire type 5, which is not that of the field")
        #expect(throws: TraceReadError(.lengthBeyondEnd(by: 5), at: 1, in: .request, field: 1)) { try index([0x0a, 0x05]) }
        #expect(throws: TraceReadError(.unknownWireType(3), at: 0, in: .request, field: 1)) { try index([0x0b]) }
        #expect(throws: TraceReadError(.badFieldNumber, at: 0, in: .request)) { try index([0x02, 0x00]) }
        #expect(throws: TraceReadError(.lengthBeyondEnd(by: UInt64.max), at: 1, in: .request, field: 1)) {
            try index([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
        }
        #expect(throws: TraceReadError(.varintTooLong, at: 1, in: .request, field: 1)) {
            try index([0x0a] + [UInt8](repeating: 0xff, count: 11))
        }
    }

    private static let allMessages: [TraceMessage] = [
        .request, .resourceSpans, .resource, .entityReference, .scopeSpans, .scope, .span, .event, .link, .status, .keyValue, .anyValue,
        .arrayValue, .keyValueList,
    ]

    /// The fields that lead to a message from the request on.
    private func path(to message: TraceMessage) -> [Int] {
        switch message {
        case .request: []
        case .resourceSpans: [1]
        case .resource: [1, 1]
        case .entityReference: [1, 1, 3]
        case .scopeSpans: [1, 2]
        case .scope: [1, 2, 1]
        case .span: [1, 2, 2]
        case .event: [1, 2, 2, 11]
        case .link: [1, 2, 2, 13]
        case .status: [1, 2, 2, 15]
        case .keyValue: [1, 2, 2, 9]
        case .anyValue: [1, 2, 2, 9, 2]
        case .arrayValue: [1, 2, 2, 9, 2, 5]
        case .keyValueList: [1, 2, 2, 9, 2, 6]
        }
    }

    private func request(with field: [UInt8], in message: TraceMessage) -> [UInt8] {
        path(to: message).reversed().reduce(field) { content, number in
            var writer = ProtobufWriter()
            writer.data(number, content)
            return writer.bytes
        }
    }

    @Test(arguments: allMessages)
    func `every field of every message is refused with a wire type that is not its own`(message: TraceMessage) throws {
        let contents: [UInt8: [UInt8]] = [0: [1], 1: [UInt8](repeating: 0, count: 8), 2: [0], 5: [0, 0, 0, 0]]
        var known = 0
        for number in 1...20 {
            guard let rule = message.rule(ofField: number) else { continue }
            known += 1
            for (type, content) in contents {
                // A tag of two bytes from field 16 on.
                let tag = number < 16 ? [UInt8(number) << 3 | type] : [UInt8(number & 15) << 3 | type | 0x80, UInt8(number >> 4)]
                let bytes = request(with: tag + content, in: message)
                if type == rule.wireType.rawValue {
                    _ = try index(bytes)
                } else {
                    do throws(TraceReadError) {
                        _ = try index(bytes)
                        Issue.record("\(message) took field \(number) with wire type \(type)")
                    } catch {
                        #expect(error.reason == .wrongWireType(type) && error.message == message && error.field == number)
                        #expect(error.offset == bytes.count - tag.count - content.count)
                    }
                }
            }
            // Groups, and what is no wire type.
            for type in [3, 4, 6, 7] as [UInt8] where number < 16 {
                #expect(throws: TraceReadError.self) { try index(request(with: [UInt8(number) << 3 | type], in: message)) }
            }
        }
        #expect(known > 0)
    }

    @Test(arguments: allMessages)
    func `a length that is not true is refused in every message`(message: TraceMessage) throws {
        for number in 1...15 where message.rule(ofField: number)?.wireType == .length {
            // By one, to 127, 2^31, 2^32 and 2^64 - 1 bytes; more than 64 bits.
            for lie in [
                [1], [127], [0xff, 0xff, 0xff, 0xff, 0x07], [0x80, 0x80, 0x80, 0x80, 0x10],
                [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            ] as [[UInt8]] {
                do throws(TraceReadError) {
                    _ = try index(request(with: [UInt8(number) << 3 | 2] + lie, in: message))
                    Issue.record("\(message) took field \(number) with \(lie)")
                } catch {
                    #expect(error.message == message && error.field == number)
                }
            }
        }
    }

    @Test func `values may be nested to a depth and no deeper`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            func value(_ writer: inout ProtobufWriter, _ left: Int) {
                if left > 1 { writer.message(5) { list in list.message(1) { value(&$0, left - 1) } } } else { writer.signed(3, 1) }
            }
            return TraceSample.request([{ span in TraceSample.attribute("deep", as: 9, in: &span) { value(&$0, depth) } }])
        }
        #expect(try index(nested(TraceIndex.maximumDepth)).spans.count == 1)
        #expect(throws: TraceReadError.self) { try index(nested(TraceIndex.maximumDepth + 1)) }
        #expect(throws: TraceReadError.self) { try index(nested(5000)) }
    }

    @Test func `a request of very many tiny spans is refused before it costs memory`() throws {
        var index = TraceIndex(maximumSpans: 100)
        var scope: [UInt8] = []
        for _ in 0..<101 { scope += [0x12, 0x00] }
        var resource: [UInt8] = []
        TraceFiltering.appendField(2, scope, to: &resource)
        var request: [UInt8] = []
        TraceFiltering.appendField(1, resource, to: &request)
        #expect(throws: TraceReadError.self) { try index.read(request) }
        #expect(index.spans.isEmpty)
    }

    @Test func `bytes changed at random never crash the reader`() {
        var generator = SeededGenerator(seed: 7)
        let request = TraceSample.request([TraceSample.fullSpan(), TraceSample.fullSpan(parentID: [])])
        var index = TraceIndex()
        var accepted = 0
        var unreadable = 0
        for _ in 0..<5_000 {
            var bytes = request
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
            guard (try? index.read(bytes)) != nil else { continue }
            accepted += 1
            // What was accepted can be copied and read again.
            let copy = bytes.withUnsafeBytes { raw in
                var copy: [UInt8] = []
                TraceFiltering.append(raw, index, to: &copy) { _ in true }
                for span in index.spans { TraceAttributes.forEach(ofSpan: span.body, in: raw) { _, _ in true } }
                return copy
            }
            let count = index.spans.count
            if (try? index.read(copy)) == nil || index.spans.count != count { unreadable += 1 }
        }
        #expect(unreadable == 0)
        #expect(accepted > 100)
    }
}

struct TraceFilteringTests {
    @Test func `a request without some spans keeps everything else byte for byte`() throws {
        func span(_ number: UInt8) -> (inout ProtobufWriter) -> Void { TraceSample.fullSpan(spanID: [0, 0, 0, 0, 0, 0, 0, number]) }
        let whole = TraceSample.request([span(1), span(2), span(3)]) + TraceSample.request([span(4)], service: "other")
        let wanted = TraceSample.request([span(1), span(3)])
        var index = TraceIndex()
        try index.read(whole)
        var kept: [UInt8] = []
        whole.withUnsafeBytes { raw in
            TraceFiltering.append(raw, index, to: &kept) { [1, 3].contains(index.spans[$0].spanID) }
        }
        try index.read(kept)
        #expect(index.spans.map(\.spanID) == [1, 3] && index.resources.count == 1)
        // Fields before the spans keep their order; those behind them come before now.
        #expect(kept.count == wanted.count)
    }

    @Test func `requests that stand one behind the other are one request`() throws {
        var index = TraceIndex()
        try index.read(TraceSample.request([TraceSample.fullSpan()]) + TraceSample.request([TraceSample.fullSpan()], service: "b"))
        #expect(index.spans.count == 2 && index.resources.count == 2)
    }
}
