import ConnectionSettings
import TestSupport
import Testing

@testable import Delivery
@testable import TraceCollector

struct BatchesUnderWayTests {
    private func position(_ offset: Int) -> LogPosition { LogPosition(segment: 1, offset: UInt64(offset)) }

    @Test func `the cursor moves over what is settled without a gap`() {
        var batches = BatchesUnderWay()
        let first = batches.begin(from: position(8), to: position(20))
        let second = batches.begin(from: position(20), to: position(30))
        let third = batches.begin(from: position(30), to: position(40))
        #expect(batches.settle(third, through: position(40)) == position(8))
        #expect(batches.settle(first, through: position(12)) == position(12))
        #expect(batches.settle(second, through: position(25)) == position(12))
        #expect(batches.count == 3)
        #expect(batches.settle(first, through: position(20)) == position(25))
        #expect(batches.settle(second, through: position(30)) == position(40))
        #expect(batches.count == 0)
    }

    @Test func `what a damaged record has taken from between two batches holds nothing up`() {
        var batches = BatchesUnderWay()
        let first = batches.begin(from: position(8), to: position(20))
        let second = batches.begin(from: LogPosition(segment: 2, offset: 8), to: LogPosition(segment: 2, offset: 30))
        #expect(batches.settle(first, through: position(20)) == LogPosition(segment: 2, offset: 8))
        #expect(batches.settle(second, through: LogPosition(segment: 2, offset: 30)) == LogPosition(segment: 2, offset: 30))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `in whatever order batches are settled, everything before the cursor is, and in the end all is`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var batches = BatchesUnderWay()
        var open: [(ticket: BatchesUnderWay.Ticket, settled: Int, end: Int)] = []
        var isSettled = [Bool](repeating: false, count: 200)
        var begun = 0
        var cursor = 0
        while cursor < 200 {
            if begun < 200, open.isEmpty || (open.count < 6 && Bool.random(using: &generator)) {
                let end = min(200, begun + Int.random(in: 1...9, using: &generator))
                open.append((batches.begin(from: position(begun), to: position(end)), begun, end))
                begun = end
                continue
            }
            let index = Int.random(in: open.indices, using: &generator)
            let upTo = Int.random(in: open[index].settled + 1...open[index].end, using: &generator)
            for place in open[index].settled..<upTo { isSettled[place] = true }
            let reached = Int(batches.settle(open[index].ticket, through: position(upTo)).offset)
            #expect(reached >= cursor)
            cursor = reached
            #expect(!isSettled[..<cursor].contains(false))
            #expect(cursor == begun || !isSettled[cursor])
            open[index].settled = upTo
            if upTo == open[index].end { open.remove(at: index) }
        }
        #expect(batches.count == 0)
    }
}

struct RequestPaceTests {
    private let retry = RetrySettings(minimumBackoffNanoseconds: 100, maximumBackoffNanoseconds: 1000)

    @Test func `as long as nothing fails, everyone sends`() {
        var pace = RequestPace(retry)
        for _ in 0..<5 { #expect(pace.next(now: 0) == .send) }
        pace.succeeded()
        #expect(pace.next(now: 0) == .send)
    }

    @Test func `after a failure all wait, and one tries for all`() throws {
        var generator = SeededGenerator(seed: 1)
        var pace = RequestPace(retry)
        let delay = pace.failed(.backoff, now: 50, using: &generator)
        #expect((100...200).contains(delay))
        #expect(pace.next(now: 50) == .wait(untilNanoseconds: 50 + delay))
        #expect(pace.next(now: 50 + delay) == .send)
        #expect(pace.next(now: 50 + delay) == .wait(untilNanoseconds: nil))
        let asked = pace.failed(.asked(nanoseconds: 5000), now: 400, using: &generator)
        #expect(asked >= 5000 && pace.failures == 2)
        // An answer of one that was on its way before does not shorten that.
        _ = pace.failed(.backoff, now: 410, using: &generator)
        #expect(pace.next(now: 411) == .wait(untilNanoseconds: 400 + asked))
        #expect(pace.next(now: 400 + asked) == .send)
        pace.succeeded()
        for _ in 0..<3 { #expect(pace.next(now: 400 + asked) == .send) }
    }
}
