import Delivery
import Testing

private let second: UInt64 = 1_000_000_000
private let millisecond: UInt64 = 1_000_000

struct RetryPolicyTests {
    private let policy = RetryPolicy(minimumBackoffNanoseconds: 250 * millisecond, maximumBackoffNanoseconds: 30 * second)

    @Test(
        arguments: [
            (0, 500), (1, 500), (2, 1000), (3, 2000), (4, 4000), (5, 8000), (6, 16_000), (7, 30_000), (8, 30_000), (1000, 30_000),
            (Int.max, 30_000),
        ] as [(Int, UInt64)])
    func `the ceiling doubles with each failure up to the longest wait`(failures: Int, ceilingMilliseconds: UInt64) {
        #expect(policy.range(afterFailures: failures) == 250 * millisecond...ceilingMilliseconds * millisecond)
    }

    @Test func `waits are spread over the whole range and follow from the seed`() {
        var one = SeededGenerator(seed: 7)
        var other = SeededGenerator(seed: 7)
        let waits = (0..<1000).map { _ in policy.delay(afterFailures: 3, using: &one) }
        #expect(waits == (0..<1000).map { _ in policy.delay(afterFailures: 3, using: &other) })
        #expect(waits.allSatisfy { policy.range(afterFailures: 3).contains($0) })
        #expect(waits.contains { $0 < 500 * millisecond } && waits.contains { $0 > 1700 * millisecond })
    }

    @Test(
        arguments: [
            (0, 250), (1, 1000), (60, 60_000), (300, 300_000), (86_400, 300_000),
        ] as [(UInt64, UInt64)])
    func `a server that asks for a wait gets it within bounds`(askedSeconds: UInt64, leastMilliseconds: UInt64) {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<100 {
            let wait = policy.delay(askedNanoseconds: askedSeconds * second, using: &generator)
            #expect((leastMilliseconds * millisecond...(leastMilliseconds + 250) * millisecond).contains(wait))
        }
    }

    @Test func `what a person must mend is tried slowly from the start`() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<100 { #expect((15 * second...30 * second).contains(policy.slowDelay(using: &generator))) }
    }

    @Test func `a longest wait below the shortest counts as the shortest`() {
        let policy = RetryPolicy(minimumBackoffNanoseconds: 5, maximumBackoffNanoseconds: 1)
        #expect(policy.range(afterFailures: 9) == 5...5)
        #expect(RetryPolicy(minimumBackoffNanoseconds: 0, maximumBackoffNanoseconds: 0).range(afterFailures: 1) == 0...0)
        let largest = RetryPolicy(minimumBackoffNanoseconds: .max, maximumBackoffNanoseconds: .max)
        #expect(largest.range(afterFailures: 3) == .max ... .max)
    }
}
