import Delivery
import Testing

@testable import OTLP
@testable import TraceCollector

struct TailSamplerTests {
    private let second: UInt64 = 1_000_000_000

    private func sampler(_ policies: [SamplingPolicy], memory: Int = 32 << 20) -> TailSampler {
        TailSampler(
            TailSampler.Settings(
                waitNanoseconds: 10_000_000_000, rootWaitNanoseconds: 1_000_000_000, memoryBytes: memory, policies: policies))
    }

    private func take(
        _ spans: [Requests.Span], service: String = "shop", resource: [(String, String)] = [], into sampler: inout TailSampler,
        position: UInt64 = 8, now: UInt64 = 0
    ) throws {
        let request = Requests.make(spans, service: service, resource: resource)
        let index = try Requests.index(request)
        request.withUnsafeBytes { sampler.take(index, of: $0, from: LogPosition(segment: 1, offset: position), now: now) }
    }

    private func output(_ sampler: inout TailSampler) throws -> [[UInt64]] {
        var bytes: [UInt8] = []
        while sampler.writeFirstOutput(to: &bytes) > 0 { sampler.removeFirstOutput() }
        return try Requests.spans(bytes)
    }

    @Test func `a trace with an error is kept at once, with the spans that came before`() throws {
        var sampler = sampler([.errors])
        try take([.init(trace: 1, id: 1), .init(trace: 2, id: 2)], into: &sampler)
        #expect(try output(&sampler) == [])
        try take([.init(trace: 1, id: 3, parent: 1, status: 2)], into: &sampler)
        #expect(try output(&sampler) == [[1, 1], [1, 3]])
        #expect(sampler.openTraces == 1 && sampler.counts.keptTraces == 1 && sampler.counts.keptBy == ["errors": 1])
    }

    @Test func `a trace that no policy keeps is dropped after its wait, or a moment after its root`() throws {
        var sampler = sampler([.errors])
        try take([.init(trace: 1, id: 1, parent: 9)], into: &sampler, now: 0)
        try take([.init(trace: 2, id: 2)], into: &sampler, now: 5 * second)
        #expect(sampler.nextDecision == 6 * second)
        sampler.decide(now: 6 * second)
        #expect(sampler.counts.droppedTraces == 1 && sampler.openTraces == 1)
        #expect(sampler.nextDecision == 10 * second)
        sampler.decide(now: 10 * second)
        #expect(sampler.counts.droppedTraces == 2 && sampler.openTraces == 0 && sampler.nextDecision == nil)
        #expect(sampler.counts.droppedSpans == 2 && sampler.usedBytes == 0)
    }

    @Test func `other settings decide on the traces that wait, too`() throws {
        var sampler = sampler([.attribute(key: "a", values: ["x"]), .attribute(key: "tenant", values: ["acme"])])
        try take([.init(trace: 1, id: 1, parent: 9, attributes: [("zone", "eu")]), .init(trace: 2, id: 2, parent: 9)], into: &sampler)
        #expect(sampler.openTraces == 2)
        sampler.adopt(
            TailSampler.Settings(
                waitNanoseconds: 2 * second, rootWaitNanoseconds: second, memoryBytes: 32 << 20,
                policies: [.and([.attribute(key: "tenant", values: ["acme"]), .errors]), .attribute(key: "zone", values: ["eu"])]))
        #expect(sampler.nextDecision == 2 * second)
        // The attribute of the first was not looked for when it came; that of the second comes now.
        try take([.init(trace: 2, id: 3, parent: 9, attributes: [("zone", "eu")])], into: &sampler, now: second)
        #expect(try output(&sampler) == [[2, 2], [2, 3]])
        sampler.decide(now: 2 * second)
        #expect(sampler.counts.droppedTraces == 1 && sampler.openTraces == 0)
    }

    @Test func `what is known of a trace stays known under other settings`() throws {
        var sampler = sampler([.and([.attribute(key: "b", values: ["y"]), .attribute(key: "a", values: ["x"]), .errors])])
        try take([.init(trace: 1, id: 1, parent: 9, attributes: [("a", "x")])], into: &sampler)
        sampler.adopt(
            TailSampler.Settings(
                waitNanoseconds: second, rootWaitNanoseconds: second, memoryBytes: 32 << 20,
                policies: [
                    .and([.attribute(key: "a", values: ["x"]), .latency(thresholdNanoseconds: 1)])
                ]))
        sampler.decide(now: second)
        #expect(try output(&sampler) == [[1, 1]] && sampler.counts.keptBy == ["and": 1])
    }

    @Test func `late spans follow the decision on their trace`() throws {
        var sampler = sampler([.errors])
        try take([.init(trace: 1, id: 1, status: 2), .init(trace: 2, id: 2)], into: &sampler)
        sampler.decide(now: 20 * second)
        _ = try output(&sampler)
        try take([.init(trace: 1, id: 3, parent: 1), .init(trace: 2, id: 4, parent: 2, status: 2)], into: &sampler, now: 21 * second)
        #expect(try output(&sampler) == [[1, 3]])
        #expect(sampler.counts.lateSpans == 2 && sampler.counts.droppedSpans == 2 && sampler.openTraces == 0)
    }

    @Test func `latency counts from the first start to the last end of a trace`() throws {
        var sampler = sampler([.latency(thresholdNanoseconds: 2 * second)])
        try take([.init(trace: 1, id: 1, start: 0, duration: second)], into: &sampler)
        try take([.init(trace: 1, id: 2, parent: 1, start: second, duration: second - 1)], into: &sampler)
        #expect(sampler.counts.keptTraces == 0)
        try take([.init(trace: 1, id: 3, parent: 1, start: second, duration: second)], into: &sampler)
        #expect(try output(&sampler) == [[1, 1], [1, 2], [1, 3]])
    }

    @Test func `an attribute of the span or of its resource keeps a trace`() throws {
        let policies = [SamplingPolicy.attribute(key: "tenant", values: ["acme"]), .attribute(key: "debug", values: [])]
        var sampler = sampler(policies)
        try take([.init(trace: 1, id: 1, attributes: [("tenant", "acme")])], into: &sampler)
        try take([.init(trace: 2, id: 2, attributes: [("tenant", "other")])], into: &sampler)
        try take([.init(trace: 3, id: 3, attributes: [("debug", "")])], into: &sampler)
        try take([.init(trace: 4, id: 4)], resource: [("tenant", "acme")], into: &sampler)
        sampler.decide(now: 20 * second)
        #expect(try output(&sampler).sorted { $0[0] < $1[0] } == [[1, 1], [3, 3], [4, 4]])
    }

    @Test func `conditions that are joined must all hold`() throws {
        var sampler = sampler([.and([.errors, .latency(thresholdNanoseconds: second), .or([.attribute(key: "a", values: []), .always])])])
        try take([.init(trace: 1, id: 1, duration: second, status: 2)], into: &sampler)
        try take([.init(trace: 2, id: 2, duration: second)], into: &sampler)
        try take([.init(trace: 3, id: 3, duration: second - 1, status: 2)], into: &sampler)
        sampler.decide(now: 20 * second)
        #expect(try output(&sampler) == [[1, 1]])
        #expect(sampler.counts.keptBy == ["and": 1])
    }

    @Test func `a rate limit lets so many traces through, and none are used up by traces that are kept anyway`() throws {
        var sampler = sampler([.rateLimit(tracesPerSecond: 5), .errors])
        for trace in 1...20 as ClosedRange<UInt64> {
            try take([.init(trace: trace, id: trace, status: trace <= 10 ? 2 : 0)], into: &sampler)
        }
        sampler.decide(now: 20 * second)
        #expect(sampler.counts.keptBy == ["errors": 10, "rate_limit": 5])
        #expect(sampler.counts.droppedTraces == 5)
    }

    @Test(arguments: [0, 0.01, 0.1, 0.5, 1])
    func `a ratio keeps that share of traces, and the same ones everywhere`(ratio: Double) throws {
        var first = SamplingRules([.probabilistic(ratio: ratio)])
        var second = SamplingRules([.probabilistic(ratio: ratio)])
        let count = 10_000
        var kept = 0
        var different = 0
        for number in 0..<UInt64(count) {
            // Ids that count up, as they do in a bad generator.
            let facts = TraceFacts(trace: TraceKey(high: 0, low: number + 1))
            let decision = first.decide(facts, now: 0)
            if second.decide(facts, now: 5) != decision { different += 1 }
            if decision != nil { kept += 1 }
        }
        #expect(different == 0)
        // Six standard deviations.
        let deviation = (Double(count) * ratio * (1 - ratio)).squareRoot()
        #expect(abs(Double(kept) - Double(count) * ratio) <= 6 * deviation)
    }

    @Test func `memory stays within its bound by deciding on the oldest traces early`() throws {
        var sampler = sampler([.errors], memory: 1 << 20)
        var received: UInt64 = 0
        var peak = 0
        for trace in 1...2000 as ClosedRange<UInt64> {
            try take([.init(trace: trace, id: trace, name: String(repeating: "x", count: 1000))], into: &sampler)
            received += 1
            peak = max(peak, sampler.usedBytes)
        }
        #expect(peak <= 1 << 20)
        #expect(sampler.counts.earlyTraces > 1000)
        #expect(sampler.counts.droppedSpans + sampler.openSpans == received)
    }

    @Test func `what is decided early for want of memory is decided by the policies, and late spans follow`() throws {
        var sampler = sampler(
            [.latency(thresholdNanoseconds: second), .and([.attribute(key: "wanted", values: []), .rateLimit(tracesPerSecond: 1e6)])],
            memory: 1 << 20)
        let name = String(repeating: "x", count: 1000)
        for trace in 1...2000 as ClosedRange<UInt64> {
            try take(
                [.init(trace: trace, id: 1, name: name, attributes: trace.isMultiple(of: 4) ? [("wanted", "")] : [])], into: &sampler)
        }
        let early = sampler.counts.earlyTraces
        #expect(early > 1000 && sampler.openTraces == 2000 - Int(early))
        // The oldest first: every fourth of them was kept.
        #expect(sampler.counts.keptTraces == early / 4 && sampler.counts.droppedTraces == early - early / 4)
        _ = try output(&sampler)
        // Slow, and so to be kept, but too late: the first trace was dropped, the fourth kept.
        try take([.init(trace: 1, id: 2, parent: 1, duration: 2 * second), .init(trace: 4, id: 2, parent: 1)], into: &sampler)
        #expect(try output(&sampler) == [[4, 2]])
        #expect(sampler.counts.lateSpans == 2)
        // A trace that still waits is decided by all its spans.
        try take([.init(trace: 1999, id: 2, parent: 1, duration: 2 * second)], into: &sampler)
        #expect(try output(&sampler).filter { $0[0] == 1999 } == [[1999, 1], [1999, 2]])
    }

    @Test func `a rate limit holds over time, whatever the rate of traces`() throws {
        var generator = SeededGenerator(seed: 17)
        var sampler = sampler([.rateLimit(tracesPerSecond: 10)])
        var now: UInt64 = 0
        var trace: UInt64 = 0
        while now < 60 * second {
            trace += 1
            try take([.init(trace: trace, id: 1, parent: 9)], into: &sampler, now: now)
            // 50 a second on average.
            now += UInt64.random(in: 0...40_000_000, using: &generator)
            sampler.decide(now: now)
        }
        // Decisions are made from the tenth second on, with one second's worth at once at the start.
        #expect((490...520).contains(sampler.counts.keptTraces))
        #expect(sampler.counts.keptBy == ["rate_limit": sampler.counts.keptTraces])
    }

    @Test func `joined conditions keep the share of traces that their ratios say, within bounds`() throws {
        var generator = SeededGenerator(seed: 23)
        var sampler = sampler([
            .and([.latency(thresholdNanoseconds: second), .probabilistic(ratio: 0.5)]), .and([.errors, .or([.probabilistic(ratio: 0.1)])]),
        ])
        let count = 4000
        for _ in 0..<count / 4 {
            // A quarter each: quick, slow, failed, slow and failed.
            let spans = [(0, false), (second, false), (0, true), (second, true)].map { (duration: UInt64, hasFailed: Bool) in
                Requests.Span(
                    trace: UInt64.random(in: 1...(.max), using: &generator), id: 1, parent: 9, duration: duration,
                    status: hasFailed ? 2 : 0)
            }
            try take(spans, into: &sampler)
        }
        sampler.decide(now: 20 * second)
        // The same hash decides for both ratios: what 0.1 keeps, 0.5 keeps, too. Six standard deviations.
        let expected = Double(count) / 4 * (0.5 + 0.1 + 0.5)
        let deviation = (Double(count) / 4 * (0.25 + 0.09 + 0.25)).squareRoot()
        #expect(abs(Double(sampler.counts.keptTraces) - expected) <= 6 * deviation)
        #expect(sampler.counts.keptTraces + sampler.counts.droppedTraces == UInt64(count))
    }

    @Test func `a limit is not used up by what another condition refuses`() throws {
        var sampler = sampler([
            .and([.rateLimit(tracesPerSecond: 3), .errors]), .or([.rateLimit(tracesPerSecond: 2), .latency(thresholdNanoseconds: second)]),
        ])
        for trace in 1...10 as ClosedRange<UInt64> { try take([.init(trace: trace, id: 1, parent: 9)], into: &sampler) }
        for trace in 11...20 as ClosedRange<UInt64> { try take([.init(trace: trace, id: 1, parent: 9, status: 2)], into: &sampler) }
        for trace in 21...30 as ClosedRange<UInt64> {
            try take([.init(trace: trace, id: 1, parent: 9, duration: second)], into: &sampler)
        }
        sampler.decide(now: 20 * second)
        // Three errors within their limit, all slow ones, and two more.
        #expect(sampler.counts.keptBy == ["and": 3, "or": 12])
    }

    @Test func `what is not decided is known by its place, so that it can come again`() throws {
        var sampler = sampler([.errors])
        #expect(sampler.undecidedFrom == nil)
        try take([.init(trace: 1, id: 1)], into: &sampler, position: 8)
        try take([.init(trace: 2, id: 2)], into: &sampler, position: 100, now: second)
        try take([.init(trace: 1, id: 3, parent: 1)], into: &sampler, position: 200, now: second)
        #expect(sampler.undecidedFrom == LogPosition(segment: 1, offset: 8))
        sampler.decide(now: second)
        #expect(sampler.undecidedFrom == LogPosition(segment: 1, offset: 100))
        sampler.decide(now: 20 * second)
        #expect(sampler.undecidedFrom == nil)
    }

    @Test func `kept spans keep their resource and scope, each once`() throws {
        var sampler = sampler([.always])
        try take([.init(trace: 1, id: 1), .init(trace: 2, id: 2)], service: "a", into: &sampler)
        try take([.init(trace: 1, id: 3)], service: "b", into: &sampler)
        try take([.init(trace: 3, id: 4)], service: "a", into: &sampler)
        var bytes: [UInt8] = []
        #expect(sampler.writeFirstOutput(to: &bytes) == 4)
        let index = try Requests.index(bytes)
        let services = bytes.withUnsafeBytes { raw in
            index.resources.map { resource in
                TraceAttributes.serviceName(ofResourceSpans: resource.body, in: raw).map {
                    String(decoding: $0.bytes(in: raw), as: UTF8.self)
                }
            }
        }
        #expect(services == ["a", "b"])
        #expect(index.spans.map(\.spanID) == [1, 2, 4, 3])
        sampler.removeFirstOutput()
        #expect(sampler.usedBytes == 0)
    }

    @Test func `a large trace goes out in requests of a size that receivers take`() throws {
        var sampler = sampler([.always])
        let name = String(repeating: "x", count: 10_000)
        for id in 1...200 as ClosedRange<UInt64> { try take([.init(trace: 1, id: id, name: name)], into: &sampler) }
        #expect(sampler.output.count == 4)
        #expect(sampler.output.allSatisfy { $0.bytes < 600_000 })
        #expect(try output(&sampler) == (1...200).map { [1, $0] })
        #expect(sampler.usedBytes == 0)
    }

    @Test func `every span is kept, dropped or waiting, whatever comes when`() throws {
        var generator = SeededGenerator(seed: 5)
        var sampler = sampler([.errors, .probabilistic(ratio: 0.2), .rateLimit(tracesPerSecond: 10)], memory: 1 << 20)
        var now: UInt64 = 0
        var sent: UInt64 = 0
        var delivered: UInt64 = 0
        for _ in 0..<800 {
            let spans = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                Requests.Span(
                    trace: UInt64.random(in: 1...400, using: &generator), id: UInt64.random(in: 1...1_000_000, using: &generator),
                    parent: UInt64.random(in: 0...2, using: &generator),
                    status: Bool.random(using: &generator) ? 0 : UInt64.random(in: 0...2, using: &generator))
            }
            sent += UInt64(spans.count)
            try take(spans, into: &sampler, now: now)
            now += UInt64.random(in: 0...50_000_000, using: &generator)
            sampler.decide(now: now)
            if Bool.random(using: &generator) { delivered += UInt64(try output(&sampler).count) }
        }
        sampler.decide(now: now + 60 * second)
        delivered += UInt64(try output(&sampler).count)
        #expect(sampler.openTraces == 0 && sampler.openSpans == 0 && sampler.usedBytes == 0)
        #expect(delivered == sampler.counts.keptSpans)
        #expect(sampler.counts.keptSpans + sampler.counts.droppedSpans == sent)
    }
}

struct TokenBucketTests {
    @Test func `a bucket fills with time, up to one second's worth`() {
        var bucket = TokenBucket(perSecond: 2)
        func takes(_ count: Int, _ now: UInt64) -> [Bool] { (0..<count).map { _ in bucket.take(now: now) } }
        #expect(takes(3, 1_000_000_000) == [true, true, false])
        #expect(takes(2, 1_500_000_000) == [true, false])
        #expect(takes(3, 100_000_000_000) == [true, true, false])
    }
}
