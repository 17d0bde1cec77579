/// What a server has done since it started.
package struct HTTPServerStatistics: Equatable, Sendable {
    package var acceptedConnections = 0
    package var openConnections = 0
    /// Idle connections that were closed to make room for new ones.
    package var evictedConnections = 0
    /// Connections that were answered 503 or closed because there was no room.
    package var refusedConnections = 0
    /// Requests that were answered 503 because too much was being received at once.
    package var refusedRequests = 0
    /// Requests that reached the handler.
    package var handledRequests = 0
    /// Streamed bodies that began, and those of them that were not whole in the end.
    package var streamedBodies = 0
    package var interruptedBodies = 0
    /// Responses that were broken off because their file could not be read to its end.
    package var brokenResponses = 0
    /// Connections that ran into a timeout in the middle of a request or response.
    package var timedOutConnections = 0
    /// Failed `accept` calls: no descriptors or memory left.
    package var acceptFailures = 0

    package init() {}
}

extension HTTPServerStatistics {
    /// A count of connections or requests, as a metric: its name is without the program's prefix and `_total`.
    package struct Count: Sendable {
        package let name: String
        package let help: String
        package let value: @Sendable (HTTPServerStatistics) -> Int
    }

    /// What clients do to a server, whatever it serves.
    package static let counts: [Count] = [
        Count(name: "accepted_connections", help: "Connections that were accepted") { $0.acceptedConnections },
        Count(name: "evicted_connections", help: "Idle connections that were closed to make room") { $0.evictedConnections },
        Count(name: "refused_connections", help: "Connections that found no room") { $0.refusedConnections },
        Count(name: "refused_requests", help: "Requests that were refused because too much was being received") { $0.refusedRequests },
        Count(name: "timed_out_connections", help: "Connections that were too slow in the middle of a request or response") {
            $0.timedOutConnections
        },
        Count(name: "accept_failures", help: "Connections that could not be accepted: no descriptors left") { $0.acceptFailures },
    ]
}
