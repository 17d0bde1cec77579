import Synchronization

/// A number that goes up and down. Any thread may set and move it.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    package func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    package func move(by amount: Double) {
        bits.addDouble(amount)
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to the double whose bits stand here; returns when it is done, however many threads add.
    func addDouble(_ amount: Double) {
        var seen = load(ordering: .relaxed)
        while true {
            let sum = Double(bitPattern: seen) + amount
            let (exchanged, original) = weakCompareExchange(expected: seen, desired: sum.bitPattern, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }
}
