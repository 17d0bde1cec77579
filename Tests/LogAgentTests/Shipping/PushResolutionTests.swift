import Delivery
import HTTP
import TestSupport
import Testing

@testable import LogAgent

/// Pushes a batch to a model of Loki until it is resolved, without threads and sockets.
private struct Exchange {
    var model: LokiSinkModel
    var requests = 0
    var refused: [[RefusedEntry]] = []

    init(_ limits: LokiSinkModel.Limits, before: [LokiPushRequest] = []) {
        model = LokiSinkModel(limits: limits)
        for request in before { _ = model.push(request) }
    }

    mutating func run(_ batches: [SealedBatch]) throws {
        var resolution = PushResolution(batches)
        while let part = resolution.current {
            requests += 1
            try #require(requests < 5000)
            let body = BatchMaking.body(part, of: batches)
            let request = try #require(LokiPushRequest(json: Array(body.utf8)))
            let answer = model.push(request)
            let response = answer.status == 204 ? HTTPResponse(status: 204) : HTTPResponse.text(answer.text, status: answer.status)
            let verdict = resolution.apply(LokiAnswer(response, wallSeconds: 0)) { batch, entry in
                EntryFacts(batches[batch].bytes(ofEntries: entry..<entry + 1))
            } bytes: { part in
                part.bodyBytes(of: batches)
            }
            if verdict == .finished { break }
            try #require(verdict == .again)
        }
        refused = batches.indices.map { resolution.refused(ofBatch: $0) }
    }
}

private let start: UInt64 = 1_700_000_000_000_000_000
private let second: UInt64 = 1_000_000_000

struct PushResolutionTests {
    @Test(arguments: 0..<60)
    func `whatever is refused for whatever reason, exactly that is known to be refused and the rest is stored`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...120, using: &random)
        // Few different times, so that many are equal.
        let spread = UInt64([1, 5, 1000, 3_000_000_000].randomElement(using: &random) ?? 1)
        let entries = (0..<count).map {
            LokiEntry(timestamp: start + UInt64.random(in: 0..<spread, using: &random), line: "line \($0)")
        }
        let share = [0, 1, 5, 50, 100].randomElement(using: &random) ?? 0
        let bad = Set(entries.filter { _ in Int.random(in: 0..<100, using: &random) < share }.map(\.line))
        var limits = LokiSinkModel.Limits()
        limits.refuses = { bad.contains($0.line) ? "no such luck" : nil }
        limits.maximumReturnedErrors = [1, 10, 1000].randomElement(using: &random) ?? 10
        limits.isTaciturn = seed % 4 == 0
        limits.maximumEntries = seed % 5 == 0 ? 7 : nil
        var exchange = Exchange(limits)
        try exchange.run([BatchMaking.batch(entries: entries)])

        let refused = Set(exchange.refused[0].map { entries[$0.index].line })
        #expect(refused == bad)
        let stored = exchange.model.streams[["job": "test"]]?.map(\.entry) ?? []
        #expect(Set(stored) == Set(entries.filter { !bad.contains($0.line) }))
        #expect(exchange.refused[0].map(\.index) == exchange.refused[0].map(\.index).sorted())
    }

    @Test(arguments: 0..<60)
    func `what the distributor refuses is known from its one answer`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var limits = LokiSinkModel.Limits()
        limits.oldestTimestamp = start + 3 * second + 400_000_000
        limits.newestTimestamp = start + 9 * second + 700_000_000
        limits.maximumLineBytes = 20
        limits.maximumMetadataBytes = 30
        limits.maximumMetadataCount = 3
        limits.allowsMetadata = seed % 6 != 0
        let entries = (0..<Int.random(in: 2...80, using: &random)).map { index in
            LokiEntry(
                timestamp: start + UInt64.random(in: 0..<13 * second, using: &random) / 100_000_000 * 100_000_000,
                line: "\(index) ü\n" + String(repeating: "x", count: Int.random(in: 0...25, using: &random)),
                metadata: Dictionary(
                    uniqueKeysWithValues: (0..<Int.random(in: 0...4, using: &random)).map {
                        ("key\($0)", String(repeating: "v", count: Int.random(in: 0...9, using: &random)))
                    }))
        }
        var exchange = Exchange(limits)
        // A label may hold Loki's own words: they must not mislead, at most cost requests.
        let isMisleading = seed % 3 == 0
        let labels = isMisleading ? #"{"job":"a; 3 errors like: has timestamp too old: '"}"# : #"{"job":"' has label value too long: '"}"#
        try exchange.run([BatchMaking.batch(labels, entries: entries)])

        let stored = Set(exchange.model.streams.values.first?.map(\.entry) ?? [])
        let refused = Set(exchange.refused[0].map { entries[$0.index] })
        #expect(refused == Set(entries).subtracting(stored))
        #expect(refused == Set((exchange.model.refused.values.first ?? [:]).keys))
        if !isMisleading { #expect(exchange.requests == 1) }
    }

    @Test(arguments: 0..<80)
    func `entries too far behind are found with few requests, also when the list is cut and times are equal`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var limits = LokiSinkModel.Limits()
        limits.outOfOrderWindow = 3600 * second
        // The stream has newer entries already, from 0 to 3 hours after the batch begins.
        let ahead = LokiPushRequest(streams: [
            .init(labels: ["job": "test"], entries: [LokiEntry(timestamp: start + UInt64(seed % 4) * 3600 * second, line: "newer")])
        ])
        let steps: UInt64 = seed % 3 == 0 ? 20 : 100_000
        let entries = (0..<Int.random(in: 1...300, using: &random)).map {
            LokiEntry(timestamp: start + UInt64.random(in: 0..<steps, using: &random) * (3500 * second / steps), line: "line \($0)")
        }
        var exchange = Exchange(limits, before: [ahead])
        try exchange.run([BatchMaking.batch(entries: entries)])

        let stored = Set((exchange.model.streams[["job": "test"]] ?? []).map(\.entry))
        let refused = Set(exchange.refused[0].map { entries[$0.index] })
        #expect(refused == Set(entries).subtracting(stored))
        #expect(exchange.requests <= 4)
    }

    @Test func `a batch that overtakes itself is read from one answer`() throws {
        var limits = LokiSinkModel.Limits()
        limits.outOfOrderWindow = 3600 * second
        // The second of two equal times comes after a jump ahead: only it is refused.
        let entries = [
            LokiEntry(timestamp: start, line: "accepted"), LokiEntry(timestamp: start + 7200 * second, line: "far ahead"),
            LokiEntry(timestamp: start, line: "too late"),
        ]
        var exchange = Exchange(limits)
        try exchange.run([BatchMaking.batch(entries: entries)])
        #expect(exchange.refused[0].map(\.index) == [2])
        #expect(exchange.refused[0].first?.reason.kind == .tooFarBehind)
        #expect(exchange.requests == 1)
    }

    @Test func `what the ingester hides of the distributor's refusals is found`() throws {
        var limits = LokiSinkModel.Limits()
        limits.maximumLineBytes = 10
        limits.refuses = { $0.line == "bad" ? "entry out of order" : nil }
        let entries = ["one", "bad", "much too long for this", "two", "three"].enumerated().map {
            LokiEntry(timestamp: start + UInt64($0.offset), line: $0.element)
        }
        var exchange = Exchange(limits)
        try exchange.run([BatchMaking.batch(entries: entries)])
        #expect(exchange.refused[0].map(\.index) == [1, 2])
        #expect(exchange.refused[0].map(\.reason.kind) == [.outOfOrder, .lineTooLong])
        #expect(exchange.model.entryCount == 3)
    }

    @Test func `a stream with bad labels is refused whole, with one request`() throws {
        var limits = LokiSinkModel.Limits()
        limits.maximumLabelValueBytes = 3
        var exchange = Exchange(limits)
        try exchange.run([BatchMaking.batch(lines: ["a", "b", "c"])])
        #expect(exchange.refused[0].map(\.index) == [0, 1, 2])
        #expect(exchange.refused[0].allSatisfy { $0.reason.kind == .labels })
        #expect(exchange.requests == 1)
    }

    @Test func `a refusal among several streams is found by sending each alone`() throws {
        var limits = LokiSinkModel.Limits()
        limits.refuses = { $0.line == "bad" ? "entry out of order" : nil }
        var exchange = Exchange(limits)
        try exchange.run([
            BatchMaking.batch(#"{"job":"a"}"#, lines: ["1", "2"]), BatchMaking.batch(#"{"job":"b"}"#, lines: ["3"]),
            BatchMaking.batch(#"{"job":"c"}"#, lines: ["4", "bad"]),
        ])
        #expect(exchange.refused.map { $0.map(\.index) } == [[], [], [1]])
        #expect(exchange.requests == 4)
    }

    @Test func `an entry that is too large alone is refused and the others pass`() throws {
        let batch = BatchMaking.batch(lines: ["a", "b", "c"])
        var resolution = PushResolution([batch])
        var sizes: [Int] = []
        while let part = resolution.current {
            sizes.append(part.entryCount)
            let isTooLarge = part.selections[0].entries.contains { $0.contains(1) }
            let response = isTooLarge ? HTTPResponse.text("request body too large", status: 413) : HTTPResponse(status: 204)
            _ = resolution.apply(LokiAnswer(response, wallSeconds: 0), facts: { _, _ in nil }, bytes: { _ in 0 })
        }
        #expect(sizes == [3, 1, 2, 1, 1])
        #expect(
            resolution.refused(ofBatch: 0) == [RefusedEntry(index: 1, reason: RefusalReason(.requestTooLarge, "request body too large"))])
    }

    @Test func `a rate that is refused again and again leads to smaller pushes`() throws {
        let batch = BatchMaking.batch(lines: (0..<4).map { _ in String(repeating: "x", count: 40 << 10) })
        var resolution = PushResolution([batch])
        let limit = HTTPResponse.text(
            "Ingestion rate limit exceeded for user fake (limit: 1 bytes/sec) while attempting to ingest '4' lines totaling '163840' bytes, reduce log volume",
            status: 429)
        var sizes: [Int] = []
        for _ in 0..<7 {
            let part = try #require(resolution.current)
            sizes.append(part.entryCount)
            let verdict = resolution.apply(
                LokiAnswer(limit, wallSeconds: 0), facts: { _, _ in nil }, bytes: { $0.bodyBytes(of: [batch]) })
            guard case .retry = verdict else {
                Issue.record("\(verdict)")
                return
            }
        }
        #expect(sizes == [4, 4, 4, 2, 2, 2, 1])
    }

    @Test func `an answer that never tells ends in a bounded number of requests`() throws {
        let entries = (0..<3000).map { LokiEntry(timestamp: start + UInt64($0), line: "l") }
        var limits = LokiSinkModel.Limits()
        limits.refuses = { _ in "no" }
        limits.isTaciturn = true
        var exchange = Exchange(limits)
        try exchange.run([BatchMaking.batch(entries: entries)])
        #expect(exchange.requests == PushResolution.maximumRequests)
        #expect(exchange.refused[0].count == 3000)
        #expect(exchange.refused[0].last?.reason.kind == .undetermined)
    }
}
