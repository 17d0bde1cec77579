import Testing

@testable import Metrics

/// Random updates, checked against dictionaries.
@Suite struct ModelTests {
    private struct Observed: Equatable {
        var buckets = [UInt64](repeating: 0, count: 4)
        var sum = 0.0
    }

    @Test(arguments: [1, 2, 3])
    func `a table holds what simple dictionaries hold`(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let table = SeriesTable()
        let bounds = [1.0, 10, 100]
        let counter = try table.declare(
            FamilyDefinition(name: "c_total", help: "", kind: .counter, labelNames: ["a", "b"], maximumSeries: 1500), now: someTime)
        let gauge = try table.declare(
            FamilyDefinition(name: "g", help: "", kind: .gauge, labelNames: ["a", "b"], maximumSeries: 5000), now: someTime)
        let histogram = try table.declare(
            FamilyDefinition(name: "h", help: "", kind: .histogram(bounds: bounds), labelNames: ["a", "b"], maximumSeries: 5000),
            now: someTime)
        var counters: [[String]: Double] = [:]
        var gauges: [[String]: Double] = [:]
        var histograms: [[String]: Observed] = [:]
        var overflowed: UInt64 = 0

        for _ in 0..<40_000 {
            let labels = [
                String(repeating: "k", count: Int.random(in: 0...20, using: &random)), String(Int.random(in: 0..<100, using: &random)),
            ]
            // Whole numbers, so that the model's plain sums are exact too.
            let value = Double(Int.random(in: -20...200, using: &random))
            withKey(labels) { key in
                let outcome = counter.add(value, to: key, now: someTime)
                #expect(outcome == (value < 0 ? .negative : .applied))
                if value >= 0 {
                    var place = labels
                    if counters[labels] == nil && counters.count - (counters[["", "__overflow__"]] == nil ? 0 : 1) >= 1500 {
                        place = ["", "__overflow__"]
                        overflowed += 1
                    }
                    counters[place, default: 0] += value
                }
                if Bool.random(using: &random) {
                    #expect(gauge.set(value, of: key, now: someTime) == .applied)
                    gauges[labels] = value
                } else {
                    #expect(gauge.move(by: value, of: key, now: someTime) == .applied)
                    gauges[labels, default: 0] += value
                }
                if value >= 0 {
                    #expect(histogram.observe(value, in: key, now: someTime) == .applied)
                    histograms[labels, default: Observed()].sum += value
                    histograms[labels]?.buckets[bounds.firstIndex { value <= $0 } ?? 3] += 1
                }
            }
        }

        #expect(counter.overflowedUpdates == overflowed)
        #expect(counter.seriesCount == 1500)
        for (labels, value) in counters {
            let name = labels[1] == "__overflow__" ? ["__overflow__", "__overflow__"] : labels
            #expect(slot(name, in: counter).map { Double(bitPattern: counter.cells[$0]) } == value)
        }
        #expect(gauge.seriesCount == gauges.count)
        for (labels, value) in gauges { #expect(slot(labels, in: gauge).map { Double(bitPattern: gauge.cells[$0]) } == value) }
        #expect(histogram.seriesCount == histograms.count)
        for (labels, value) in histograms {
            guard let slot = slot(labels, in: histogram) else { Issue.record("a series is missing"); continue }
            #expect(Double(bitPattern: histogram.cells[slot * 6]) == value.sum)
            #expect((0..<4).map { histogram.cells[slot * 6 + 2 + $0] } == value.buckets)
        }
    }

    private func slot(_ labels: [String], in family: MetricFamily) -> Int? {
        withKey(labels) { family.existingSlot(for: $0.bytes) }
    }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
