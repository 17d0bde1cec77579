import Foundation
import TestSupport
import Testing

@testable import OTLP

/// What a real SDK sends (`fixtures/otlp/README.md`): nothing of it is lost or changed, in no form and on no way.
struct SDKTraceTests {
    private func transcode(_ text: some Collection<UInt8>) throws -> [UInt8] {
        let transcoder = TraceJSONTranscoder()
        var writer = ProtobufWriter()
        try Array(text).span.bytes.withUnsafeBytes { (raw) throws(TraceJSONError) in try transcoder.transcode(raw, to: &writer) }
        return writer.bytes
    }

    private func index(_ request: [UInt8]) throws -> TraceIndex {
        var index = TraceIndex()
        try index.read(request)
        return index
    }

    private func filter(_ request: [UInt8], keeping isKept: (SpanEntry) -> Bool = { _ in true }) throws -> [UInt8] {
        let index = try index(request)
        var output: [UInt8] = []
        request.withUnsafeBytes { raw in TraceFiltering.append(raw, index, to: &output) { isKept(index.spans[$0]) } }
        return output
    }

    @Test func `all kinds, both outcomes and all types of values are there`() throws {
        let request = try SDKTraces.protobuf()
        let index = try index(request)
        #expect(index.resources.count == 2 && index.scopes.count == 3 && index.faultyCount == 0)
        #expect(index.spans.map(\.kind).sorted() == [1, 2, 3, 4, 5])
        #expect(index.spans.map(\.status).sorted() == [0, 0, 0, 1, 2])
        let lines = try TraceRequestTree.lines(of: request)
        for field in 1...7 { #expect(lines.contains { $0.contains("anyValue.\(field)[0]") }, "no value of field \(field)") }
        // Every field of a span; links without a state, which this SDK does not send.
        for field in 1...16 { #expect(lines.contains { $0.contains("/span.\(field)[0]") }, "no span with field \(field)") }
        for field in 1...4 { #expect(lines.contains { $0.contains("/event.\(field)[0]") }, "no event with field \(field)") }
        for field in [1, 2, 4, 5, 6] { #expect(lines.contains { $0.contains("/link.\(field)[0]") }, "no link with field \(field)") }
        for place in ["resourceSpans.3", "scopeSpans.3", "scope.1", "scope.2", "scope.3", "status.2", "status.3"] {
            #expect(lines.contains { $0.contains("/\(place)[0]") }, "nothing at \(place)")
        }
    }

    @Test func `the request in JSON becomes the one in protobuf, field by field`() throws {
        let expected = try TraceRequestTree.lines(of: SDKTraces.protobuf())
        #expect(try TraceRequestTree.lines(of: transcode(SDKTraces.json())) == expected)
    }

    @Test func `the lines of a file are the same spans`() throws {
        let whole = try SDKTraces.protobuf()
        let lines = try SDKTraces.lines().split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 2)
        var found = 0
        for line in lines {
            let request = try transcode(line)
            let ids = Set(try index(request).spans.map(\.spanID))
            found += ids.count
            let others = try TraceRequestTree.removing(whole) { !ids.contains($0.reduce(0) { $0 << 8 | UInt64($1) }) }
            #expect(try TraceRequestTree.lines(of: request) == TraceRequestTree.lines(of: others))
        }
        #expect(try found == index(whole).spans.count)
    }

    @Test func `without some of its spans a request keeps every field of the others, known or not`() throws {
        for request in try [SDKTraces.protobuf(), TraceRequestTree.withUnknownFields(SDKTraces.protobuf())] {
            let lines = try TraceRequestTree.lines(of: request)
            #expect(try TraceRequestTree.lines(of: filter(request)) == lines)
            for span in try index(request).spans {
                let id = withUnsafeBytes(of: span.spanID.bigEndian) { Array($0) }
                let expected = try TraceRequestTree.removing(request) { $0 == id }
                let kept = try filter(request) { $0.spanID != span.spanID }
                #expect(try TraceRequestTree.lines(of: kept) == TraceRequestTree.lines(of: expected))
                #expect(try TraceRequestTree.lines(of: kept).count < lines.count)
            }
        }
    }

    @Test func `members that are not known yet do not keep a request in JSON from being read`() throws {
        let text = String(decoding: try SDKTraces.json(), as: UTF8.self)
        let later = text.replacingOccurrences(of: #"{""#, with: #"{"later": [{"a": null}, "}]", 1e9], ""#)
        #expect(later.utf8.count > text.utf8.count * 3 / 2)
        #expect(try TraceRequestTree.lines(of: transcode(later.utf8)) == TraceRequestTree.lines(of: SDKTraces.protobuf()))
    }
}
