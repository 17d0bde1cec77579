import Delivery
import HTTP
import OTLP
import Testing

@testable import Tracing

private let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

@Suite struct `A trace context` {
    @Test func `is read from a header and written as it was`() throws {
        let context = try #require(TraceContext(headers: ["Traceparent": good, "TraceState": "a=1, b@c=2"]))
        #expect(context.traceID.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.spanID.description == "b7ad6b7169203331")
        #expect(context.isSampled && !context.isRandom)
        #expect(context.traceparent == good)
        #expect(context.state == "a=1,b@c=2")
        var headers: HTTPHeaders = [:]
        context.append(to: &headers)
        #expect(headers == ["traceparent": good, "tracestate": "a=1,b@c=2"])
    }

    @Test(
        arguments: [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "00"),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", "03"),
            // Flags that nobody has defined are not passed on.
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", "03"),
            // A later version is read as far as this one goes.
            ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "01"),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-else", "01"),
        ])
    func `knows flags and later versions`(header: String, flags: String) throws {
        let context = try #require(TraceContext(traceparent: header))
        #expect(context.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\(flags)")
    }

    @Test(
        arguments: [
            "", "00", String(good.dropLast()), good + "0", good + "-", "ff" + good.dropFirst(2), "0g" + good.dropFirst(2), " " + good,
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
            "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c8031é-b7ad6b7169203331-01",
        ])
    func `is none where the header is not valid`(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
        #expect(TraceContext(headers: ["traceparent": header, "tracestate": "a=1"]) == nil)
    }

    @Test func `is none of two headers`() {
        #expect(TraceContext(headers: ["traceparent": good, "Traceparent": good]) == nil)
        #expect(TraceContext(headers: [:]) == nil)
    }

    @Test(
        arguments: [
            ([], ""), ([""], ""), (["a=1", "b=2,c=3"], "a=1,b=2,c=3"), ([" a=1 ,,\tb=2\t"], "a=1,b=2"),
            (["0a_-*/@x=!~ ;y"], "0a_-*/@x=!~ ;y"),
            // Not valid: all of it goes, and the trace stays.
            (["a"], ""), (["A=1"], ""), (["a=1,a=2"], ""), (["=1"], ""), (["a="], ""), (["a=b=c"], ""), (["a=é"], ""), (["_a=1"], ""),
            (["a=\u{7f}"], ""), ([(0..<33).map { "k\($0)=v" }.joined(separator: ",")], ""),
            ([(0..<32).map { "k\($0)=v" }.joined(separator: ",")], (0..<32).map { "k\($0)=v" }.joined(separator: ",")),
        ] as [([String], String)])
    func `passes the state of others on`(headers: [String], expected: String) throws {
        let all = HTTPHeaders([("traceparent", good)] + headers.map { ("tracestate", $0) })
        #expect(try #require(TraceContext(headers: all)).state == expected)
    }

    @Test func `cuts a state that is too long at a member`() throws {
        let members = (0..<20).map { "k\($0)=" + String(repeating: "v", count: 200) }
        let state = try #require(TraceContext(headers: ["traceparent": good, "tracestate": members.joined(separator: ",")])).state
        #expect(state.utf8.count <= 2048)
        #expect(state == members.prefix(state.split(separator: ",").count).joined(separator: ","))
    }

    @Test func `of random text is none or valid, whatever one changes`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            var bytes = Array(good.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.remove(at: Int.random(in: 0..<bytes.count, using: &generator))
                default:
                    bytes.insert(UInt8.random(in: 0x20...0x7e, using: &generator), at: Int.random(in: 0...bytes.count, using: &generator))
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let context = TraceContext(traceparent: text) else { continue }
            #expect(context.traceID.isValid && context.spanID.isValid)
            #expect(TraceContext(traceparent: context.traceparent) == context)
            #expect(context.traceparent.dropFirst(2).dropLast(2) == text.prefix(55).dropFirst(2).dropLast(2))
        }
    }
}
