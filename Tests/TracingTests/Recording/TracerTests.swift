import Foundation
import OTLP
import Synchronization
import Testing

@testable import Tracing

private struct Broken: Error, CustomStringConvertible {
    let description = "it broke"
}

private let remote = TraceContext(
    traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), isSampled: true, isRandom: false, state: "a=1")

@Suite struct `A tracer` {
    @Test func `records a span with what was set, once`() throws {
        let recorder = SpanRecorder()
        let span = recorder.tracer().span("first", .server, attributes: ["a": 1, "b": "x"])
        span.rename("GET /")
        span.set("b", "y")
        span.set(["c": true, "d": 0.5])
        span.event("halfway", ["n": 1])
        #expect(recorder.spans.isEmpty)
        span.end()
        span.end()
        span.set("late", 1)
        try #require(recorder.spans.count == 1)
        let record = recorder.spans[0]
        #expect(record.name == "GET /" && record.kind == .server)
        #expect(record.attributes == ["a": 1, "b": "y", "c": true, "d": 0.5])
        #expect(record.events.map(\.name) == ["halfway"])
        #expect(record.status == .unset && record.parentSpanID == nil && record.traceState.isEmpty)
        // Sampled, a random id, and no parent elsewhere.
        #expect(record.flags == 0x103)
        #expect(record.traceID == span.context.traceID && record.spanID == span.context.spanID)
        #expect(record.startTimeUnixNano <= record.events[0].timeUnixNano && record.events[0].timeUnixNano <= record.endTimeUnixNano)
    }

    @Test func `continues the trace of another process, and follows its decision`() throws {
        let recorder = SpanRecorder()
        recorder.tracer(.never).span("in", .server, parent: remote).end()
        let record = try #require(recorder.spans.first)
        #expect(record.traceID == remote.traceID && record.parentSpanID == remote.spanID && record.spanID != remote.spanID)
        #expect(record.traceState == "a=1" && record.flags == 0x301)

        let unsampled = TraceContext(traceID: remote.traceID, spanID: remote.spanID, isSampled: false, isRandom: true)
        let span = recorder.tracer(.always).span("in", parent: unsampled)
        #expect(!span.isRecorded && span.context.traceID == remote.traceID && span.context.traceparent.hasSuffix("-02"))
        span.end()
        #expect(recorder.spans.count == 1)
    }

    @Test func `makes children below a span`() throws {
        let recorder = SpanRecorder()
        let root = recorder.tracer().span("root")
        let child = root.child("child", .client, startUnixNano: 5)
        child.end(atUnixNano: 9)
        root.end()
        let spans = recorder.spans
        try #require(spans.map(\.name) == ["child", "root"])
        #expect(spans[0].parentSpanID == spans[1].spanID && spans[0].traceID == spans[1].traceID)
        #expect(spans[0].startTimeUnixNano == 5 && spans[0].endTimeUnixNano == 9 && spans[0].flags == 0x103)
    }

    @Test func `never ends a span before its beginning`() throws {
        let recorder = SpanRecorder()
        recorder.tracer().span("x", startUnixNano: 100).end(atUnixNano: 50)
        #expect(try #require(recorder.spans.first).endTimeUnixNano == 100)
    }

    @Test func `records an error as an event, a status and an attribute`() throws {
        let recorder = SpanRecorder()
        let root = recorder.tracer().span("root")
        #expect(throws: Broken.self) {
            try root.inChild("work") { (_) throws(Broken) in throw Broken() }
        }
        root.fail(type: "500", message: "no")
        root.end()
        let spans = recorder.spans
        try #require(spans.count == 2)
        #expect(spans[0].status == .error("it broke") && spans[0].attributes["error.type"] == "Broken")
        #expect(spans[0].events.map(\.name) == ["exception"])
        #expect(spans[0].events[0].attributes["exception.message"] == "it broke")
        guard case .string(let type)? = spans[0].events[0].attributes["exception.type"] else { return #expect(Bool(false)) }
        #expect(type.hasPrefix("TracingTests.") && type.hasSuffix("Broken"))
        #expect(spans[1].status == .error("no") && spans[1].attributes["error.type"] == "500" && spans[1].events.isEmpty)
    }

    @Test func `asks for no attributes of a span that is not recorded`() {
        let span = Tracer.disabled.span(
            "x",
            attributes: {
                Issue.record("asked"); return [:]
            }())
        span.set(
            "a",
            {
                Issue.record("asked"); return 1
            }())
        span.event(
            "e",
            {
                Issue.record("asked"); return [:]
            }())
        span.rename(
            {
                Issue.record("asked"); return ""
            }())
        let child = span.child(
            "c",
            attributes: {
                Issue.record("asked"); return [:]
            }())
        #expect(!child.isRecorded && child.context.traceID == span.context.traceID && child.context.spanID != span.context.spanID)
        child.record(Broken())
        child.end()
        span.end()
    }

    @Test func `counts spans that nobody ended`() {
        let recorder = SpanRecorder()
        let tracer = recorder.tracer()
        _ = tracer.span("lost")
        tracer.span("kept").end()
        #expect(tracer.abandonedSpans == 1 && recorder.spans.map(\.name) == ["kept"])
    }

    @Test func `bounds what a span holds`() throws {
        let recorder = SpanRecorder()
        let span = recorder.tracer().span("big")
        for index in 0..<200 {
            span.set("k\(index)", .integer(index))
            span.event("e")
        }
        span.set("k0", "again")
        span.set("k1", .string(String(repeating: "é", count: 8000)))
        span.end()
        let record = try #require(recorder.spans.first)
        #expect(record.attributes.count == 128 && record.droppedAttributesCount == 72)
        #expect(record.events.count == 128 && record.droppedEventsCount == 72)
        #expect(record.attributes["k0"] == "again" && record.attributes["k1"] == .string(String(repeating: "é", count: 4096)))
    }

    @Test func `gives ids that differ, from all threads`() {
        let ids = Mutex<Set<TraceID>>([])
        let spanIDs = Mutex<Set<SpanID>>([])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<500 {
                let context = Tracer.disabled.span("x").context
                ids.withLock { _ = $0.insert(context.traceID) }
                spanIDs.withLock { _ = $0.insert(context.spanID) }
            }
        }
        #expect(ids.withLock { $0.count } == 2000 && spanIDs.withLock { $0.count } == 2000)
    }

    @Test(arguments: [0, 0.001, 0.25, 0.5, 1])
    func `samples by the trace's id`(ratio: Double) {
        let sampler = TraceSampler(ratio: ratio)
        // Evenly over what the last seven bytes can be; the other bytes do not matter.
        let steps: UInt64 = 1000
        let taken = (0..<steps).count { step in
            let low = (1 << 56) / steps * step
            let isTaken = sampler.samples(TraceID(high: 1, low: low))
            #expect(isTaken == sampler.samples(TraceID(high: .max, low: low | 0xff << 56)))
            // Whoever samples more takes it, too.
            if isTaken { #expect(TraceSampler(ratio: min(1, ratio * 2)).samples(TraceID(high: 0, low: low))) }
            return isTaken
        }
        #expect(abs(Double(taken) - ratio * Double(steps)) <= 1)
    }
}
