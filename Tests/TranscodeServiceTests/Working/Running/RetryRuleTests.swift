import Testing

@testable import TranscodeService

@Suite struct RetryRuleTests {
    @Test func `waits longer each time, and then no more`() {
        let pauses = (1...4).map { RetryRule().pause(afterAttempt: $0, isTransient: true) }
        #expect(pauses == [10_000_000_000, 60_000_000_000, nil, nil])
    }

    @Test func `a fault of the upload is final`() {
        #expect(RetryRule().pause(afterAttempt: 1, isTransient: false) == nil)
    }

    @Test func `pauses have an end`() {
        let rule = RetryRule(maximumAttempts: 1000)
        #expect((1..<1000).allSatisfy { rule.pause(afterAttempt: $0, isTransient: true) ?? .max <= 600_000_000_000 })
    }
}
