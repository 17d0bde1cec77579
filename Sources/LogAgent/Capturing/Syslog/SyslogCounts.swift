/// What there is to know of the sockets of a syslog source.
struct SyslogCounts: Sendable {
    /// Why a connection was closed by the agent.
    enum Refusal: String, Sendable, CaseIterable {
        /// `max_connections` were open.
        case tooMany = "too_many"
        /// Its bytes are no frames.
        case malformed
        /// A message had begun and did not go on.
        case timedOut = "timed_out"
    }

    enum Transport: String, Sendable, CaseIterable { case udp, tcp, unix, unixgram }

    /// Where messages come in, with the real ports.
    var addresses: [String] = []
    var connections = 0
    var accepted: UInt64 = 0
    var refused: [Refusal: UInt64] = [:]
    var messages: [Transport: UInt64] = [:]
    var emptyMessages: UInt64 = 0
}
