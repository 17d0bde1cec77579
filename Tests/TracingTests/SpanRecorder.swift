import OTLP
import Synchronization

@testable import Tracing

/// Keeps the spans that end.
final class SpanRecorder: Sendable {
    private let records = Mutex<[SpanRecord]>([])

    var spans: [SpanRecord] { records.withLock { $0 } }

    func tracer(_ sampler: TraceSampler = .always) -> Tracer {
        Tracer(sampler: sampler) { [self] span in records.withLock { $0.append(span) } }
    }
}
