import Gzip
import HTTP
import SystemIO
import TestSupport
import Testing

@testable import OTLP
@testable import TraceCollector

struct OTLPReceiverTests {
    private let request = Requests.make([.init(id: 1), .init(id: 2)])

    @Test func `a request is kept as it came, compressed or not`() throws {
        try ReceiverRig.with { rig in
            let compressed = ReceiverRig.gzip(request)
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
        try ReceiverRig.with { rig in
            let text =
                #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b","name":"x"}]}]}]}"#
            for type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
                let response = rig.post(Array(text.utf8), type: type)
                #expect(response.status == 200 && response.bodyText == "{}")
                #expect(response.headers.first("Content-Type") == "application/json")
            }
            _ = rig.post(ReceiverRig.gzip(Array(text.utf8)), type: "application/json", encoding: "gzip")
            let stored = try rig.stored()
            #expect(stored.count == 4 && stored.allSatisfy { $0.content == .protobuf })
            #expect(try Requests.spans(stored[0].bytes) == [[10, 11]])
        }
    }

    @Test func `an empty request is a success and keeps nothing`() throws {
        try ReceiverRig.with { rig in
            #expect(rig.post([]).status == 200)
            #expect(rig.post(Array("{}".utf8), type: "application/json").status == 200)
            let stored = try rig.stored()
            #expect(stored.isEmpty)
        }
    }

    @Test func `spans with bad ids are taken out, counted and named`() throws {
        try ReceiverRig.with { rig in
            let mixed = Requests.make([.init(id: 1), .init(name: "broken one", hasBadID: true), .init(id: 3)])
            let response = rig.post(ReceiverRig.gzip(mixed), encoding: "gzip")
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
        try ReceiverRig.with(maximumBytes: 1000) { rig in
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
            #expect(rig.post(Array(ReceiverRig.gzip(request).dropLast(3)), encoding: "gzip").status == 400)
            let bomb = rig.post(ReceiverRig.gzip([UInt8](repeating: 0, count: 10 << 20)), encoding: "gzip")
            #expect(bomb.status == 413)
            #expect(rig.post([UInt8](repeating: 0x0a, count: 1001)).status == 413)
            let stored = try rig.stored()
            #expect(stored.isEmpty && rig.ledger.received.value == 0)
        }
    }

    @Test func `a buffer that can't be written, and a collector that stops, ask for patience`() throws {
        try ReceiverRig.with { rig in
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

    @Test func `a request that is cut at any byte is refused with a reason, in each form`() throws {
        try ReceiverRig.with { rig in
            let compressed = ReceiverRig.gzip(request)
            let json = Array(
                #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b"}]}]}]}"#
                    .utf8)
            for (whole, type, encoding) in [
                (request, "application/x-protobuf", nil), (compressed, "application/x-protobuf", "gzip"), (json, "application/json", nil),
            ] as [([UInt8], String, String?)] {
                // No bytes at all are an empty request in protobuf.
                for count in (encoding == nil && type != "application/json" ? 1 : 0)..<whole.count {
                    let response = rig.post(Array(whole[..<count]), type: type, encoding: encoding)
                    #expect(response.status == 400, "\(type) \(encoding ?? "") cut at \(count)")
                    let reason = type == "application/json" ? response.bodyText : ExportAnswer.statusMessage(response.body)
                    #expect(reason?.isEmpty == false)
                }
            }
            let stored = try rig.stored()
            #expect(stored.isEmpty && rig.ledger.received.value == 0)
        }
    }

    @Test func `what an SDK sends is kept byte for byte, and in JSON means the same`() throws {
        try ReceiverRig.with { rig in
            let protobuf = try SDKTraces.protobuf()
            let later = try TraceRequestTree.withUnknownFields(protobuf)
            let compressed = ReceiverRig.gzip(protobuf)
            #expect(rig.post(protobuf).status == 200 && rig.post(compressed, encoding: "gzip").status == 200)
            #expect(rig.post(later).status == 200)
            #expect(try rig.post(SDKTraces.json(), type: "application/json").status == 200)
            let stored = try rig.stored().map(\.bytes)
            #expect(stored.count == 4 && stored[..<3] == [protobuf, compressed, later])
            #expect(try TraceRequestTree.lines(of: stored[3]) == TraceRequestTree.lines(of: protobuf))
        }
    }

    @Test func `where a bad span is taken out, every other field stays, known or not`() throws {
        try ReceiverRig.with { rig in
            let sound = try TraceRequestTree.withUnknownFields(SDKTraces.protobuf())
            var spans = 0
            // Every second span gets an id that none can have.
            let mixed = try TraceRequestTree.rewriting(sound) { shape, fields in
                guard shape == .span, let id = fields.firstIndex(where: { $0.number == 2 }) else { return }
                spans += 1
                if spans.isMultiple(of: 2) { fields[id].value = .data([1, 2, 3]) }
            }
            let response = rig.post(mixed)
            #expect(response.status == 200 && ExportAnswer.partialSuccess(response.body)?.rejected == Int64(spans / 2))
            let stored = try rig.stored()
            let expected = try TraceRequestTree.removing(mixed) { $0 == [1, 2, 3] }
            #expect(try stored.map { try TraceRequestTree.lines(of: $0.bytes) } == [TraceRequestTree.lines(of: expected)])
        }
    }

    @Test func `too much at once is asked to come again, and keeps nothing`() throws {
        try ReceiverRig.with(maximumBytes: 1000, bytesInFlight: 1000) { rig in
            let json = Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}"#.utf8)
            #expect(rig.bytesInFlight.reserve(990))
            for (body, type, encoding) in [
                (ReceiverRig.gzip(request), OTLPMediaType.protobuf, "gzip"), (json, .json, "identity"),
                (ReceiverRig.gzip(json), .json, "gzip"),
            ] {
                let response = rig.post(body, type: type.rawValue, encoding: encoding)
                #expect(response.status == 429 && response.headers.first("Retry-After") == "1")
                #expect(response.headers.first("Content-Type") == type.rawValue)
                let reason = type == .json ? response.bodyText : ExportAnswer.statusMessage(response.body)
                #expect(reason?.contains("send it again") == true)
                #expect(rig.bytesInFlight.current == 990)
            }
            // It is taken from the body that it came in.
            #expect(rig.post(request).status == 200)
            rig.bytesInFlight.release(990)
            #expect(rig.post(ReceiverRig.gzip(request), encoding: "gzip").status == 200)
            #expect(rig.post(json, type: "application/json").status == 200)
            let stored = try rig.stored()
            #expect(stored.count == 2 && rig.bytesInFlight.current == 0)
        }
    }

    @Test func `what the server refuses by itself is said in the words of OTLP`() throws {
        try ReceiverRig.with { rig in
            func refusal(_ status: Int, type: String?, isOverload: Bool = false) -> HTTPResponse {
                let head = type.map { type in
                    HTTPRequestHead(method: .post, target: "/v1/traces", headers: ["Content-Type": type], declaredBodyBytes: 1)
                }
                return rig.receiver.refuse(HTTPRefusal(status: status, detail: "why", head: head, isOverload: isOverload))
            }
            let overload = refusal(503, type: "application/x-protobuf", isOverload: true)
            #expect(overload.status == 429 && overload.headers.first("Retry-After") == "1")
            #expect(ExportAnswer.statusMessage(overload.body) == "why")
            let early = refusal(503, type: nil, isOverload: true)
            #expect(
                early.status == 429 && early.headers.first("Retry-After") == "1" && early.bodyText.hasPrefix("429 Too Many Requests: why"))
            #expect(refusal(408, type: "application/json").bodyText == #"{"code":4,"message":"why"}"#)
            #expect(refusal(413, type: "application/json").bodyText == #"{"code":8,"message":"why"}"#)
            #expect(refusal(408, type: nil).headers.first("Retry-After") == nil)
        }
    }
}
