import JSONScanning
import Metrics

/// One way in which lines move one family: a counter, a histogram, or one update of a gauge. Built once, at start.
final class MetricRule {
    enum Operation {
        case count
        case observe
        case set
        case move
    }

    enum Label {
        case constant([UInt8])
        case field(slot: Int)
    }

    enum Amount {
        case constant(Double)
        /// The field's number is multiplied by `factor`: the scale, and the sign of `dec` and `sub`.
        case field(slot: Int, factor: Double)
    }

    /// Position of the metric in the configuration.
    let metric: Int
    let family: MetricFamily
    /// All must hold; the one that leads to the rule stands first.
    let conditions: [CompiledCondition]
    let operation: Operation
    let labels: [Label]
    let amount: Amount
    let exemplarSlot: Int?

    init(
        metric: Int, family: MetricFamily, conditions: [CompiledCondition], operation: Operation, labels: [Label], amount: Amount,
        exemplarSlot: Int?
    ) {
        self.metric = metric
        self.family = family
        self.conditions = conditions
        self.operation = operation
        self.labels = labels
        self.amount = amount
        self.exemplarSlot = exemplarSlot
    }

    /// Moves the family by a line that the conditions take; nil, or why nothing moved. Allocates only for a new series.
    @inline(__always)
    func move(
        by fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, now: UInt64, key: inout SeriesKey,
        _ scratch: DecodingScratch
    ) -> ValueError? {
        let amount: Double
        switch self.amount {
        case .constant(let value): amount = value
        case .field(let slot, let factor):
            switch FieldNumber(of: fields[slot], in: line, scratch) {
            case .value(let number): amount = number * factor
            case .error(let error): return error
            }
        }
        fill(&key, from: fields, in: line, scratch)
        let outcome: UpdateOutcome
        switch operation {
        case .count: outcome = family.add(amount, to: key, now: now, trace: trace(in: fields, line, scratch))
        case .observe: outcome = family.observe(amount, in: key, now: now, trace: trace(in: fields, line, scratch))
        case .set: outcome = family.set(amount, of: key, now: now)
        case .move: outcome = family.move(by: amount, of: key, now: now)
        }
        switch outcome {
        case .applied: return nil
        case .notFinite: return .notFinite
        case .negative: return .negative
        }
    }

    @inline(__always)
    private func fill(
        _ key: inout SeriesKey, from fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer,
        _ scratch: DecodingScratch
    ) {
        key.removeAll()
        for label in labels {
            switch label {
            case .constant(let text): text.withUnsafeBytes { key.append($0) }
            case .field(let slot):
                let value = fields[slot]
                let text = value.kind == .null ? nil : scratch.text(of: value, in: line)
                key.append(text ?? UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
    }

    @inline(__always)
    private func trace(
        in fields: UnsafeBufferPointer<FieldValue>, _ line: UnsafeRawBufferPointer, _ scratch: DecodingScratch
    ) -> ExemplarTrace? {
        guard let exemplarSlot, fields[exemplarSlot].kind == .string else { return nil }
        return scratch.text(of: fields[exemplarSlot], in: line).flatMap { ExemplarTrace(hexDigits: $0) }
    }
}
