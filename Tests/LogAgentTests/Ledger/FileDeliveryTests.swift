import Tailing
import Testing

@testable import LogAgent

struct FileDeliveryTests {
    private func cursor(_ offset: UInt64) -> FileCursor {
        FileCursor(offset: offset, guardHash: offset, guardLength: 0, isInsideCutLine: false)
    }

    @Test func `the cursor moves over acknowledged segments only from the front`() {
        var delivery = FileDelivery(at: .start)
        delivery.enqueue(through: cursor(100), read: Tally(lines: 10, bytes: 100), filtered: Tally(), entryCount: 10)
        delivery.enqueue(through: cursor(150), read: Tally(lines: 5, bytes: 50), filtered: Tally(), entryCount: 5)
        delivery.acknowledge(segment: 1, entryCount: 5, refused: Tally())
        #expect(delivery.delivered == .start && delivery.ledger == LedgerEntry())
        delivery.acknowledge(segment: 0, entryCount: 4, refused: Tally())
        #expect(delivery.delivered == .start)
        delivery.acknowledge(segment: 0, entryCount: 6, refused: Tally(lines: 1, bytes: 12))
        #expect(delivery.delivered == cursor(150) && delivery.isSettled)
        #expect(delivery.ledger.delivered == Tally(lines: 14, bytes: 138))
        #expect(delivery.ledger.refused == Tally(lines: 1, bytes: 12))
    }

    @Test func `a segment whose lines are all filtered needs no acknowledgement`() {
        var delivery = FileDelivery(at: .start)
        delivery.enqueue(
            through: cursor(80), read: Tally(lines: 2, bytes: 80), filtered: Tally(lines: 2, bytes: 80), entryCount: 0)
        #expect(delivery.delivered == cursor(80))
        #expect(delivery.ledger == LedgerEntry(filtered: Tally(lines: 2, bytes: 80)))
    }

    @Test func `filtered lines behind one that is not acknowledged take no memory each`() {
        var delivery = FileDelivery(at: .start)
        delivery.enqueue(through: cursor(10), read: Tally(lines: 1, bytes: 10), filtered: Tally(), entryCount: 1)
        for index in 1...1000 {
            let line = Tally(lines: 1, bytes: 10)
            delivery.enqueue(through: cursor(UInt64(index + 1) * 10), read: line, filtered: line, entryCount: 0)
        }
        #expect(delivery.openSegmentCount <= 2 && delivery.delivered == .start)
        #expect(delivery.inFlight == Tally(lines: 1001, bytes: 10_010))
        delivery.acknowledge(segment: 0, entryCount: 1, refused: Tally())
        #expect(delivery.delivered == cursor(10_010) && delivery.ledger.filtered == Tally(lines: 1000, bytes: 10_000))
    }

    @Test func `what is lost is booked in its place in the order`() {
        var delivery = FileDelivery(at: .start)
        delivery.enqueue(through: cursor(10), read: Tally(lines: 1, bytes: 10), filtered: Tally(), entryCount: 1)
        delivery.lose(through: cursor(30), read: Tally(lines: 2, bytes: 20))
        #expect(delivery.ledger.lost == Tally())
        delivery.acknowledge(segment: 0, entryCount: 1, refused: Tally())
        #expect(delivery.ledger.lost == Tally(lines: 2, bytes: 20) && delivery.delivered == cursor(30))
    }

    @Test func `random orders of acknowledgement settle everything exactly once`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var delivery = FileDelivery(at: .start)
            var open: [(segment: UInt64, entries: Int)] = []
            var read = Tally()
            var filtered = Tally()
            var refused = Tally()
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                if Bool.random(using: &random) || open.isEmpty {
                    let lines = UInt64.random(in: 0...6, using: &random)
                    let dropped = UInt64.random(in: 0...lines, using: &random)
                    read += Tally(lines: lines, bytes: lines * 7)
                    filtered += Tally(lines: dropped, bytes: dropped * 7)
                    open.append((delivery.nextSegment, Int(lines - dropped)))
                    delivery.enqueue(
                        through: cursor(read.bytes), read: Tally(lines: lines, bytes: lines * 7),
                        filtered: Tally(lines: dropped, bytes: dropped * 7), entryCount: Int(lines - dropped))
                } else {
                    let index = open.indices.randomElement(using: &random) ?? 0
                    let count = Int.random(in: 0...open[index].entries, using: &random)
                    let refusedCount = UInt64.random(in: 0...UInt64(count), using: &random)
                    let tally = Tally(lines: refusedCount, bytes: refusedCount * 7)
                    if count > 0 { delivery.acknowledge(segment: open[index].segment, entryCount: count, refused: tally) }
                    refused += count > 0 ? tally : Tally()
                    open[index].entries -= count
                    if open[index].entries == 0 { open.remove(at: index) }
                }
                #expect(delivery.ledger.settled.lines <= read.lines)
                #expect(delivery.ledger.settled + delivery.inFlight == read)
            }
            for rest in open where rest.entries > 0 {
                delivery.acknowledge(segment: rest.segment, entryCount: rest.entries, refused: Tally())
            }
            #expect(delivery.isSettled && delivery.delivered.offset == read.bytes)
            let expected = LedgerEntry(delivered: read - filtered - refused, filtered: filtered, refused: refused)
            #expect(delivery.ledger == expected)
        }
    }
}
