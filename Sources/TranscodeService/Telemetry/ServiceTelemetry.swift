import StructuredLogging
import Tracing

/// What every part of the service gets to tell what it does: log lines, events and spans.
struct ServiceTelemetry: Sendable {
    /// For what is no event. Each part names itself: `log.named("api")`.
    let log: ServiceLogger
    let events: ServiceEvents
    let tracer: Tracer

    init(log: ServiceLogger, tracer: Tracer) {
        self.log = log
        self.tracer = tracer
        events = ServiceEvents(log: log)
    }
}
