import Delivery
import Testing

private typealias Window = DeliveryWindow<String, String, String>

/// Drives a window by events, and says each step as text.
private struct Driver {
    var window: Window
    var now: UInt64 = 0

    init(prepared: Int = 2, itemsPerPush: Int = 1, bytesPerPush: Int = .max) {
        let policy = RetryPolicy(minimumBackoffNanoseconds: 100, maximumBackoffNanoseconds: 1000)
        window = Window(
            policy: policy, maximumPrepared: prepared, maximumItemsPerPush: itemsPerPush, maximumBytesPerPush: bytesPerPush, seed: 1)
    }

    mutating func offer(_ items: String...) {
        for item in items { window.offer(item, stream: String(item.prefix(1)), bytes: 10) }
    }

    mutating func next() -> String {
        switch window.next(nowNanoseconds: now) {
        case .prepare(let ticket, let items): "prepare \(ticket) \(items.joined(separator: "+"))"
        case .send(let ticket, let push): "send \(ticket) \(push)"
        case .wait(nil): "wait"
        case .wait(let time?): "wait until \(time)"
        case .finished: "finished"
        }
    }
}

struct DeliveryWindowTests {
    @Test func `one stream goes in its order, and the next is prepared while one is on its way`() {
        var driver = Driver()
        #expect(driver.next() == "wait")
        driver.offer("a1", "a2", "a3", "a4", "a5")
        #expect(driver.next() == "prepare 0 a1")
        // A second thread does not wait for the first to send.
        #expect(driver.next() == "prepare 1 a2")
        driver.window.prepared(1, "A2")
        #expect(driver.next() == "prepare 2 a3")
        driver.window.prepared(2, "A3")
        // Enough is ready; a2 has to wait for a1.
        #expect(driver.next() == "wait")
        driver.window.prepared(0, "A1")
        #expect(driver.next() == "send 0 A1")
        #expect(driver.next() == "wait")
        driver.window.delivered(0)
        #expect(driver.next() == "send 1 A2")
        #expect(driver.next() == "prepare 3 a4")
    }

    @Test func `streams do not wait for each other`() {
        var driver = Driver()
        driver.offer("a1", "a2", "b1")
        #expect(driver.next() == "prepare 0 a1")
        driver.window.prepared(0, "A1")
        #expect(driver.next() == "send 0 A1")
        // What can be sent at once comes before what must wait.
        #expect(driver.next() == "prepare 1 b1")
        driver.window.prepared(1, "B1")
        #expect(driver.next() == "send 1 B1")
    }

    @Test func `a failed output holds back everything, and one push tries again`() {
        var driver = Driver()
        driver.offer("a1", "b1")
        #expect(driver.next() == "prepare 0 a1")
        #expect(driver.next() == "prepare 1 b1")
        driver.window.prepared(0, "A")
        driver.window.prepared(1, "B")
        #expect(driver.next() == "send 0 A")
        #expect(driver.next() == "send 1 B")
        let failure = DeliveryFailure(scope: .output, pace: .backoff)
        driver.window.failed(0, "A", failure, nowNanoseconds: driver.now)
        driver.window.failed(1, "B", failure, nowNanoseconds: driver.now)
        // Two are ready already.
        #expect(driver.next().hasPrefix("wait until"))
        driver.now = 100_000
        #expect(driver.next() == "send 0 A")
        // Not B as well, before it is known that the output is back.
        #expect(driver.next() == "wait")
        driver.window.delivered(0)
        #expect(driver.next() == "send 1 B")
    }

    @Test func `a push that the server can never take does not stand in the way of others`() {
        var driver = Driver(prepared: 1)
        driver.offer("a1", "b1", "c1")
        #expect(driver.next() == "prepare 0 a1")
        driver.window.prepared(0, "A")
        #expect(driver.next() == "send 0 A")
        for (ticket, push) in [(1, "B"), (2, "C")] as [(UInt64, String)] {
            driver.window.failed(0, "A", DeliveryFailure(scope: .output, pace: .backoff), nowNanoseconds: driver.now)
            #expect(driver.next() == "prepare \(ticket) \(push.lowercased())1")
            driver.window.prepared(ticket, push)
            driver.now += 100_000
            // The one that has not failed yet tries whether the output is back, though it is younger.
            #expect(driver.next() == "send \(ticket) \(push)")
            driver.window.delivered(ticket)
            #expect(driver.next() == "send 0 A")
        }
    }

    @Test func `a stream that is refused for its rate does not hold back others`() {
        var driver = Driver(prepared: 1)
        driver.offer("a1", "a2", "b1")
        _ = driver.next()
        driver.window.prepared(0, "A1")
        #expect(driver.next() == "send 0 A1")
        driver.window.failed(0, "A1", DeliveryFailure(scope: .stream, pace: .asked(nanoseconds: 5000)), nowNanoseconds: 0)
        #expect(driver.next() == "prepare 1 b1")
        driver.window.prepared(1, "B1")
        #expect(driver.next() == "send 1 B1")
        driver.window.delivered(1)
        // a2 stays behind a1.
        guard case .wait(let time?) = driver.window.next(nowNanoseconds: 0) else {
            Issue.record("no wait")
            return
        }
        #expect((1000...5100).contains(time))
        driver.now = time
        #expect(driver.next() == "send 0 A1")
    }

    @Test func `further parts of a push come before what follows in its stream`() {
        var driver = Driver()
        driver.offer("a1", "a2")
        _ = driver.next()
        driver.window.prepared(0, "A1")
        #expect(driver.next() == "send 0 A1")
        #expect(driver.next() == "prepare 1 a2")
        driver.window.prepared(1, "A2")
        driver.window.again(0, "rest of A1")
        #expect(driver.next() == "send 0 rest of A1")
        driver.window.delivered(0)
        #expect(driver.next() == "send 1 A2")
    }

    @Test func `several streams share a push up to its size, oldest first`() {
        var driver = Driver(itemsPerPush: 3, bytesPerPush: 30)
        driver.offer("a1", "a2", "b1", "c1", "d1")
        #expect(driver.next() == "prepare 0 a1+b1+c1")
        #expect(driver.next() == "prepare 1 d1")
        driver.window.prepared(0, "ABC")
        #expect(driver.next() == "send 0 ABC")
        #expect(driver.next() == "prepare 2 a2")
        driver.window.prepared(2, "A2")
        #expect(driver.next() == "wait")
        driver.window.delivered(0)
        #expect(driver.next() == "send 2 A2")
        var small = Driver(itemsPerPush: 3, bytesPerPush: 15)
        small.offer("a1", "b1")
        #expect(small.next() == "prepare 0 a1")
    }

    @Test func `draining ends when all is delivered, abandoning at once`() {
        var driver = Driver()
        driver.offer("a1")
        driver.window.drain()
        #expect(driver.next() == "prepare 0 a1")
        #expect(driver.next() == "wait")
        driver.window.prepared(0, "A1")
        #expect(driver.next() == "send 0 A1")
        #expect(driver.next() == "wait")
        driver.window.delivered(0)
        #expect(driver.next() == "finished")
        var other = Driver()
        other.offer("a1")
        other.window.abandon()
        #expect(other.next() == "finished")
        #expect(other.window.waitingCount == 1)
    }

    @Test(arguments: 0..<50)
    func `whatever fails, every item is delivered once, in its stream's order, never two of a stream at once`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var driver = Driver(prepared: Int.random(in: 1...4, using: &random), itemsPerPush: Int.random(in: 1...3, using: &random))
        var offered: [String] = []
        var delivered: [String] = []
        var preparing: [(UInt64, String)] = []
        var sending: [(UInt64, String)] = []
        for number in 0..<60 { offered.append(["a", "b", "c", "d"].randomElement(using: &random).map { "\($0)\(number)" } ?? "") }
        var left = offered
        var steps = 0
        while delivered.count < offered.count {
            steps += 1
            try #require(steps < 100_000)
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where !left.isEmpty: driver.offer(left.removeFirst())
            case 1 where !preparing.isEmpty:
                let (ticket, push) = preparing.removeFirst()
                driver.window.prepared(ticket, push)
            case 2 where !sending.isEmpty:
                let (ticket, push) = sending.remove(at: Int.random(in: 0..<sending.count, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    driver.window.failed(ticket, push, DeliveryFailure(scope: .output, pace: .backoff), nowNanoseconds: driver.now)
                case 1: driver.window.failed(ticket, push, DeliveryFailure(scope: .stream, pace: .slow), nowNanoseconds: driver.now)
                case 2: driver.window.again(ticket, push)
                default:
                    driver.window.delivered(ticket)
                    delivered += push.split(separator: "+").map(String.init)
                }
            default:
                switch driver.window.next(nowNanoseconds: driver.now) {
                case .prepare(let ticket, let items): preparing.append((ticket, items.joined(separator: "+")))
                case .send(let ticket, let push):
                    sending.append((ticket, push))
                    let streams = sending.flatMap { $0.1.split(separator: "+").map { $0.prefix(1) } }
                    #expect(Set(streams).count == streams.count)
                case .wait(let time): if let time { driver.now = max(driver.now, time) }
                case .finished: Issue.record("finished too early")
                }
            }
        }
        for stream in ["a", "b", "c", "d"] {
            #expect(delivered.filter { $0.hasPrefix(stream) } == offered.filter { $0.hasPrefix(stream) })
        }
        #expect(driver.window.isEmpty)
    }
}
