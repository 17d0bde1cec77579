/// A span that has ended (opentelemetry-proto `trace/v1`). Times are nanoseconds since 1970.
package struct SpanRecord: Equatable, Sendable {
    /// Something that happened during the span.
    package struct Event: Equatable, Sendable {
        package var timeUnixNano: UInt64
        package var name: String
        package var attributes: SpanAttributes

        package init(timeUnixNano: UInt64, name: String, attributes: SpanAttributes = .none) {
            self.timeUnixNano = timeUnixNano
            self.name = name
            self.attributes = attributes
        }
    }

    /// Another span that this one has to do with and is no child of.
    package struct Link: Equatable, Sendable {
        package var traceID: TraceID
        package var spanID: SpanID
        package var traceState: String
        package var attributes: SpanAttributes

        package init(traceID: TraceID, spanID: SpanID, traceState: String = "", attributes: SpanAttributes = .none) {
            self.traceID = traceID
            self.spanID = spanID
            self.traceState = traceState
            self.attributes = attributes
        }
    }

    package var traceID: TraceID
    package var spanID: SpanID
    /// nil: the first of its trace.
    package var parentSpanID: SpanID?
    /// The header `tracestate`; empty where there was none.
    package var traceState = ""
    /// The flags of W3C Trace Context, and whether the parent is in another process: ``parentIsKnownLocal``, ``parentIsRemote``.
    package var flags: UInt32 = 0
    package var name: String
    package var kind: SpanKind
    package var startTimeUnixNano: UInt64
    package var endTimeUnixNano: UInt64 = 0
    package var attributes = SpanAttributes.none
    /// What a limit kept out.
    package var droppedAttributesCount: UInt32 = 0
    package var events: [Event] = []
    package var droppedEventsCount: UInt32 = 0
    package var links: [Link] = []
    package var status = SpanStatus.unset

    /// Bits of ``flags``.
    package static let parentIsKnownLocal: UInt32 = 0x100
    package static let parentIsRemote: UInt32 = 0x300

    package init(
        traceID: TraceID, spanID: SpanID, parentSpanID: SpanID? = nil, name: String, kind: SpanKind = .internal, startTimeUnixNano: UInt64
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentSpanID = parentSpanID
        self.name = name
        self.kind = kind
        self.startTimeUnixNano = startTimeUnixNano
    }
}

/// `Span.SpanKind` of opentelemetry-proto.
package enum SpanKind: UInt8, Sendable, CaseIterable {
    case `internal` = 1
    /// Answers a request from elsewhere.
    case server = 2
    /// Asks something elsewhere, and waits.
    case client = 3
    /// Hands something on that a consumer takes later.
    case producer = 4
    case consumer = 5
}

/// `Status` of opentelemetry-proto.
package enum SpanStatus: Equatable, Sendable {
    case unset
    case ok
    case error(String)
}

/// Who speaks: the attributes that all spans of a program share, and what made the spans.
package struct SpanOrigin: Equatable, Sendable {
    package var resource: SpanAttributes
    package var scopeName: String
    package var scopeVersion: String
    /// Of the semantic conventions that the attributes follow.
    package var schemaURL: String

    package init(resource: SpanAttributes, scopeName: String, scopeVersion: String = "", schemaURL: String = "") {
        self.resource = resource
        self.scopeName = scopeName
        self.scopeVersion = scopeVersion
        self.schemaURL = schemaURL
    }
}
