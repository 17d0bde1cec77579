import Configuration

/// When what an output gathers is sent.
package struct BatchSettings: Equatable, Sendable {
    /// Of the request's body before compression.
    package var maximumBytes: Int
    package var maximumWaitNanoseconds: UInt64

    package init(maximumBytes: Int, maximumWaitNanoseconds: UInt64) {
        self.maximumBytes = maximumBytes
        self.maximumWaitNanoseconds = maximumWaitNanoseconds
    }

    /// Each batch is a file there, and nobody waits for it: fewer and larger ones.
    package static let forDirectory = BatchSettings(maximumBytes: 1 << 20, maximumWaitNanoseconds: 1_000_000_000)
}

extension BatchSettings {
    /// `{ max_bytes, max_wait }`. `largestBytes`: what `max_bytes` may be at most.
    package init(reading object: ConfigurationObject, default: BatchSettings, largestBytes: UInt64) {
        self = `default`
        if let bytes = object["max_bytes"]?.size(in: 4 << 10...largestBytes) { maximumBytes = Int(bytes) }
        if let wait = object["max_wait"]?.duration(in: 1_000_000...600_000_000_000) { maximumWaitNanoseconds = wait }
    }
}
