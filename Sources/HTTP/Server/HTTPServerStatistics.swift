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
}
