import Foundation
import Synchronization
import Testing

@testable import Metrics

/// A table as programs hold it: under a lock, captured there, rendered outside.
private final class SharedTable: Sendable {
    private struct Held {
        let table = SeriesTable()
        let counter: MetricFamily
        let histogram: MetricFamily

        init() throws {
            counter = try table.declare(
                FamilyDefinition(
                    name: "c_total", help: "", kind: .counter, labelNames: ["x"], maximumSeries: 100_000,
                    idleTimeoutNanoseconds: 1), now: someTime)
            histogram = try table.declare(
                FamilyDefinition(name: "h", help: "", kind: .histogram(bounds: [1]), labelNames: ["x"], maximumSeries: 100_000),
                now: someTime)
        }
    }

    private let held: Mutex<Held>

    init() throws { held = Mutex(try Held()) }

    func update(_ label: String) {
        held.withLock { held in
            withKey([label]) { key in
                _ = held.counter.add(1, to: key, now: someTime)
                _ = held.histogram.observe(1, in: key, now: someTime)
            }
        }
    }

    func expire() { held.withLock { _ = $0.table.expire(now: someTime + 1) } }

    func capture(into capture: inout SeriesCapture) {
        held.withLock { $0.table.capture(into: &capture) }
    }
}

@Suite struct SharedTableTests {
    @Test func `what is rendered outside of the lock is one moment of the table`() throws {
        let shared = try SharedTable()
        let isDone = Atomic(false)
        DispatchQueue.concurrentPerform(iterations: 2) { thread in
            if thread == 0 {
                for number in 0..<20_000 {
                    shared.update("series-\(number % 700)")
                    if number % 5000 == 4999 { shared.expire() }
                }
                isDone.store(true, ordering: .releasing)
                return
            }
            var capture = SeriesCapture()
            repeat {
                shared.capture(into: &capture)
                for line in rendered(capture).split(separator: "\n") where !line.hasPrefix("#") {
                    #expect(line.wholeMatch(of: /[a-z_]+\{x="series-[0-9]+"(,le="[^"]+")?\} [0-9]+/) != nil, "\(line)")
                }
            } while !isDone.load(ordering: .acquiring)
        }
        var capture = SeriesCapture()
        shared.capture(into: &capture)
        #expect(capture.seriesCount == 700)
        #expect(rendered(capture).contains("h_count{x=\"series-0\"} 29\n"))
    }
}
