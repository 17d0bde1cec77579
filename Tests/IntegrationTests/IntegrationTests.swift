import Testing

/// Tests of the built `log-agent` as a process with real files, sockets and signals.
///
/// One after the other: each of them loads the machine, and some measure.
@Suite(.serialized, .timeLimit(.minutes(5)))
enum IntegrationTests {}
