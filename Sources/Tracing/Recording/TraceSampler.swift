import OTLP

/// Which traces are recorded. A parent that decided is followed, so that a trace is recorded whole or not at all; a trace that begins
/// here is recorded by its id (OpenTelemetry specification, `ParentBased` of `TraceIdRatioBased`): every process that samples at the
/// same ratio or a higher one takes it, too.
package struct TraceSampler: Equatable, Sendable {
    /// Of the 2^56 values that a trace id's last seven bytes have, those from here on are recorded (OpenTelemetry, "Trace randomness").
    private let threshold: UInt64
    private static let values: UInt64 = 1 << 56

    package static let always = TraceSampler(ratio: 1)
    package static let never = TraceSampler(ratio: 0)

    /// From 0, none, to 1, all.
    package init(ratio: Double) {
        precondition((0...1).contains(ratio), "A sampling ratio is from 0 to 1.")
        threshold = Self.values - UInt64(ratio * Double(Self.values))
    }

    func samples(_ id: TraceID) -> Bool { id.low & (Self.values - 1) >= threshold }
}
