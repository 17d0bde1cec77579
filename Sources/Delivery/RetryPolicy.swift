/// How long to wait before something that failed is tried again.
///
/// The wait is drawn evenly between the least wait and a ceiling that doubles with each failure in a row ("full jitter"), so that
/// many senders that failed together do not come back together. With 250 ms and 30 s:
///
/// | failures in a row | waits |
/// | --- | --- |
/// | 1 | 250 ms … 500 ms |
/// | 2 | 250 ms … 1 s |
/// | 3 | 250 ms … 2 s |
/// | 6 | 250 ms … 16 s |
/// | 7 and more | 250 ms … 30 s |
package struct RetryPolicy: Equatable, Sendable {
    package let minimumBackoffNanoseconds: UInt64
    package let maximumBackoffNanoseconds: UInt64
    /// A server that asks for a longer wait is not obeyed beyond this.
    package let maximumAskedNanoseconds: UInt64

    /// A maximum below the minimum counts as the minimum.
    package init(
        minimumBackoffNanoseconds: UInt64, maximumBackoffNanoseconds: UInt64, maximumAskedNanoseconds: UInt64 = 300_000_000_000
    ) {
        self.minimumBackoffNanoseconds = minimumBackoffNanoseconds
        self.maximumBackoffNanoseconds = max(minimumBackoffNanoseconds, maximumBackoffNanoseconds)
        self.maximumAskedNanoseconds = maximumAskedNanoseconds
    }

    /// The waits that are possible after `failures` (at least 1) in a row.
    package func range(afterFailures failures: Int) -> ClosedRange<UInt64> {
        // 2^63 times any wait is beyond every maximum.
        let (doubled, overflow) = minimumBackoffNanoseconds.multipliedReportingOverflow(by: 1 << UInt64(min(max(failures, 1), 62)))
        return
            minimumBackoffNanoseconds...max(
                minimumBackoffNanoseconds, overflow ? maximumBackoffNanoseconds : min(doubled, maximumBackoffNanoseconds))
    }

    /// The wait after `failures` in a row.
    package func delay(afterFailures failures: Int, using generator: inout some RandomNumberGenerator) -> UInt64 {
        UInt64.random(in: range(afterFailures: failures), using: &generator)
    }

    /// The wait for what only a person can mend: the upper half of the longest wait, from the first failure on.
    package func slowDelay(using generator: inout some RandomNumberGenerator) -> UInt64 {
        UInt64.random(in: maximumBackoffNanoseconds / 2...maximumBackoffNanoseconds, using: &generator)
    }

    /// The wait that a server asked for, within bounds, and up to the least wait more: others were told the same moment.
    package func delay(askedNanoseconds: UInt64, using generator: inout some RandomNumberGenerator) -> UInt64 {
        let bounded = min(max(askedNanoseconds, minimumBackoffNanoseconds), maximumAskedNanoseconds)
        return bounded + UInt64.random(in: 0...minimumBackoffNanoseconds, using: &generator)
    }
}
