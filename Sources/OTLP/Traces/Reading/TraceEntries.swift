/// Where something stands in a request, in bytes from its start.
package struct ByteRange: Equatable, BitwiseCopyable, Sendable {
    package var start: UInt32
    package var end: UInt32

    package static let none = ByteRange(0, 0)

    @inline(__always)
    package init(_ start: Int, _ end: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
    }

    @inlinable package var count: Int { Int(end &- start) }
    @inlinable package var isEmpty: Bool { start == end }

    @inlinable package func bytes(in request: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: request[Int(start)..<Int(end)])
    }
}

/// The 16 bytes of a trace id, as two big-endian numbers.
package struct TraceKey: Hashable, BitwiseCopyable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package var isZero: Bool { high | low == 0 }

    /// 32 lower-case digits.
    package var hex: String { Self.digits(high) + Self.digits(low) }

    private static func digits(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}

/// Why a span can't go on: a receiver would refuse the whole request because of it.
package enum SpanFault: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case none
    /// Not 16 bytes, or all of them 0.
    case badTraceID
    /// Not 8 bytes, or all of them 0.
    case badSpanID
    /// Neither empty nor 8 bytes.
    case badParentSpanID
    /// A link with ids that are neither empty nor of their length.
    case badLinkID

    /// As a value of a label.
    package var name: String {
        switch self {
        case .none: "none"
        case .badTraceID: "bad_trace_id"
        case .badSpanID: "bad_span_id"
        case .badParentSpanID: "bad_parent_span_id"
        case .badLinkID: "bad_link_id"
        }
    }
}

/// One span of a request: what validation, sampling and metrics need of it. The rest is found by ``body`` when it is wanted.
package struct SpanEntry: BitwiseCopyable, Sendable {
    /// With tag and length.
    package var field = ByteRange.none
    package var body = ByteRange.none
    /// Index among the scopes of the request.
    package var scope: Int32 = 0
    package var fault = SpanFault.none
    /// `SPAN_KIND_…`; a number beyond 255 counts as 0, unspecified.
    package var kind: UInt8 = 0
    /// `STATUS_CODE_…`: 0 unset, 1 ok, 2 error.
    package var status: UInt8 = 0
    package var trace = TraceKey(high: 0, low: 0)
    package var spanID: UInt64 = 0
    /// 0: a root.
    package var parentID: UInt64 = 0
    package var name = ByteRange.none
    package var statusMessage = ByteRange.none
    /// Since 1970.
    package var startNanoseconds: UInt64 = 0
    package var endNanoseconds: UInt64 = 0

    package var isRoot: Bool { parentID == 0 }

    /// 0 where the end is not after the start.
    package var durationNanoseconds: UInt64 { endNanoseconds > startNanoseconds ? endNanoseconds - startNanoseconds : 0 }
}

/// A `ScopeSpans` that has spans.
package struct ScopeEntry: BitwiseCopyable, Sendable {
    package var body: ByteRange
    /// Index among the resources of the request.
    package var resource: Int32
}

/// A `ResourceSpans` that has spans.
package struct ResourceEntry: BitwiseCopyable, Sendable {
    package var body: ByteRange
}
