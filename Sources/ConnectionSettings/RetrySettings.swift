import Configuration

/// How long an output waits for an answer, and before it tries again.
package struct RetrySettings: Equatable, Sendable {
    package var minimumBackoffNanoseconds: UInt64
    package var maximumBackoffNanoseconds: UInt64
    /// For one request, from connecting to the last byte of the answer.
    package var timeoutNanoseconds: UInt64

    package init(
        minimumBackoffNanoseconds: UInt64 = 250_000_000, maximumBackoffNanoseconds: UInt64 = 30_000_000_000,
        timeoutNanoseconds: UInt64 = 10_000_000_000
    ) {
        self.minimumBackoffNanoseconds = minimumBackoffNanoseconds
        self.maximumBackoffNanoseconds = maximumBackoffNanoseconds
        self.timeoutNanoseconds = timeoutNanoseconds
    }
}

extension RetrySettings {
    /// `{ min_backoff, max_backoff, timeout }`. One that is not set gives way to the other.
    package init(reading object: ConfigurationObject) {
        self.init()
        let minimum = object["min_backoff"]?.duration(in: 1_000_000...3_600_000_000_000)
        let maximum = object["max_backoff"]?.duration(in: 1_000_000...86_400_000_000_000)
        if let timeout = object["timeout"]?.duration(in: 100_000_000...3_600_000_000_000) { timeoutNanoseconds = timeout }
        minimumBackoffNanoseconds = minimum ?? min(minimumBackoffNanoseconds, maximum ?? .max)
        maximumBackoffNanoseconds = maximum ?? max(maximumBackoffNanoseconds, minimum ?? 0)
        if let minimum, let maximum, minimum > maximum, let node = object["max_backoff"] {
            node.refuse("use at least `min_backoff`, which is \(DurationText.text(minimum))")
        }
    }
}
