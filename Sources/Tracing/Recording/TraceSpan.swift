import OTLP

/// A span under way: a step of the program's work, from its beginning to ``end(atUnixNano:)``. Copies are the same span; any thread
/// may use one. When it is not recorded, all but ``context`` costs a comparison, and attributes are not even made.
package struct TraceSpan: Sendable {
    /// For log lines, and for what continues the trace elsewhere.
    package let context: TraceContext
    private let tracer: Tracer
    private let recording: SpanRecording?

    init(context: TraceContext, tracer: Tracer, recording: SpanRecording?) {
        self.context = context
        self.tracer = tracer
        self.recording = recording
    }

    package var isRecorded: Bool { recording != nil }

    /// Begins a span below this one.
    package func child(
        _ name: String, _ kind: SpanKind = .internal, startUnixNano: UInt64? = nil,
        attributes: @autoclosure () -> SpanAttributes = .none
    ) -> TraceSpan {
        tracer.span(name, kind, below: self, startUnixNano: startUnixNano, attributes: attributes)
    }

    /// Does `body` in a span below this one. What it throws is recorded there.
    package func inChild<Result: ~Copyable, Failure: Error>(
        _ name: String, _ kind: SpanKind = .internal, attributes: @autoclosure () -> SpanAttributes = .none,
        _ body: (TraceSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let span = tracer.span(name, kind, below: self, startUnixNano: nil, attributes: attributes)
        defer { span.end() }
        do throws(Failure) { return try body(span) } catch {
            span.record(error)
            throw error
        }
    }

    /// The name may be known later than the span begins: `GET /api/v1/jobs/{id}`.
    package func rename(_ name: @autoclosure () -> String) { recording?.rename(name()) }

    package func set(_ key: String, _ value: @autoclosure () -> AttributeValue) {
        recording?.set([key: value()])
    }

    package func set(_ attributes: @autoclosure () -> SpanAttributes) { recording?.set(attributes()) }

    /// Notes something that happens now.
    package func event(_ name: String, _ attributes: @autoclosure () -> SpanAttributes = .none) {
        recording?.event(name, attributes())
    }

    /// Notes an error that ended the work: an event `exception`, the attribute `error.type` and the status. `type` is a word of a
    /// small set; nil: the name of the error's type.
    package func record(_ error: some Error, type: String? = nil) {
        guard let recording else { return }
        let name = String(reflecting: Swift.type(of: error))
        let message = "\(error)"
        recording.event("exception", ["exception.type": .string(name), "exception.message": .string(message)])
        recording.fail(type: type ?? String(describing: Swift.type(of: error)), message: message)
    }

    /// Sets the status to error. `type` is a word of a small set; `message` is for people.
    package func fail(type: String, message: @autoclosure () -> String = "") { recording?.fail(type: type, message: message()) }

    /// Ends it, and hands it on. What comes later changes nothing. `unixNano` is for what ended earlier.
    package func end(atUnixNano unixNano: UInt64? = nil) { recording?.end(atUnixNano: unixNano) }
}
