/// Why a recorded span reached a destination not at all.
package enum SpanDropReason: String, Sendable, CaseIterable {
    /// Spans ended faster than the destination took them.
    case queueFull = "queue_full"
    /// The collector answered that it will never take them.
    case refused
    /// The collector took the request, and told how many spans of it it did not.
    case rejected
    /// It could not be reached, or asked to come again, for too long.
    case retriesExhausted = "retries_exhausted"
    /// The file could not be written.
    case unwritable
    /// The program stopped before they were sent.
    case stopped
}

/// What became of the spans that one destination was to get, since the start.
package struct SpanExportStatistics: Equatable, Sendable {
    package var exported: UInt64 = 0
    package var dropped: [SpanDropReason: UInt64] = [:]
    /// Waiting now, or on their way.
    package var queued = 0
    /// How often something was sent again, or will be.
    package var retries: UInt64 = 0

    package init(exported: UInt64 = 0, dropped: [SpanDropReason: UInt64] = [:], queued: Int = 0, retries: UInt64 = 0) {
        self.exported = exported
        self.dropped = dropped
        self.queued = queued
        self.retries = retries
    }
}

/// What a person may want to know of exporting; never more than a few a minute.
package enum SpanExportEvent: Equatable, Sendable, CustomStringConvertible {
    /// Spans wait, and are sent again. Told once until ``recovered(destination:)``.
    case failing(destination: String, reason: String)
    case recovered(destination: String)
    /// The collector did not take some, or warns.
    case refused(destination: String, spans: UInt64, reason: String)

    package var description: String {
        switch self {
        case .failing(let destination, let reason): "spans can't be exported to \(destination) now: \(reason)"
        case .recovered(let destination): "spans are exported to \(destination) again"
        case .refused(let destination, let spans, let reason): "\(destination) did not take \(spans) spans: \(reason)"
        }
    }
}
