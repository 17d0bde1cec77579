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

    /// Where the value of a label comes from. A plain value, so that going through them counts no references.
    enum Label: BitwiseCopyable {
        /// A piece of the rule's `constants`.
        case constant(start: Int, count: Int)
        case field(slot: Int)
    }

    enum Amount: BitwiseCopyable {
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
    /// The texts of constant labels, one behind the other.
    let constants: [UInt8]
    let amount: Amount
    let exemplarSlot: Int?

    /// Lines that fulfilled the conditions. Unchecked as in ``MetricFamily``: plain numbers, in the hands of one caller.
    @exclusivity(unchecked) private(set) var matchedLines: UInt64 = 0
    /// Lines that then moved nothing, by the cause's number.
    private(set) var errors: [UInt64] = Array(repeating: 0, count: ValueError.allCases.count)

    init(
        metric: Int, family: MetricFamily, conditions: [CompiledCondition], operation: Operation, labels: [Label], constants: [UInt8],
        amount: Amount,
        exemplarSlot: Int?
    ) {
        self.metric = metric
        self.family = family
        self.conditions = conditions
        self.operation = operation
        self.labels = labels
        self.constants = constants
        self.amount = amount
        self.exemplarSlot = exemplarSlot
    }

    /// Moves the family by a line for which the conditions from `first` on hold too. Allocates only for a new series.
    @inline(__always)
    func apply(
        from first: Int, _ fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, now: UInt64,
        key: inout SeriesKey, _ scratch: DecodingScratch
    ) {
        guard conditions.hold(from: first, for: fields, in: line, scratch) else { return }
        matchedLines &+= 1
        if let error = move(by: fields, in: line, now: now, key: &key, scratch) { count(error) }
    }

    /// What a line moves the family by, with scale and sign; 0 where the field is no number.
    func amount(from fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, _ scratch: DecodingScratch) -> Double {
        switch amount {
        case .constant(let value): return value
        case .field(let slot, let factor):
            if case .value(let number) = FieldNumber(of: fields[slot], in: line, scratch) { return number * factor }
            return 0
        }
    }

    /// The labels of the series that a line moves, as the key has them.
    func labelValues(
        from fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, _ scratch: DecodingScratch
    ) -> [(name: String, value: String)] {
        var key = SeriesKey()
        fill(&key, from: fields, in: line, scratch)
        return zip(family.definition.labelNames, key.values(count: labels.count)).map { (name: $0, value: $1) }
    }

    @inline(never)
    private func count(_ error: ValueError) { errors[error.rawValue] &+= 1 }

    /// nil, or why nothing moved.
    @inline(__always)
    private func move(
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
        var position = 0
        while position < labels.count {
            switch labels[position] {
            case .constant(let start, let count):
                constants.withUnsafeBytes { key.append(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
            case .field(let slot):
                let value = fields[slot]
                let text = if case .null = value.kind { nil as UnsafeRawBufferPointer? } else { scratch.text(of: value, in: line) }
                key.append(text ?? UnsafeRawBufferPointer(start: nil, count: 0))
            }
            position += 1
        }
    }

    @inline(__always)
    private func trace(
        in fields: UnsafeBufferPointer<FieldValue>, _ line: UnsafeRawBufferPointer, _ scratch: DecodingScratch
    ) -> ExemplarTrace? {
        guard let exemplarSlot, case .string = fields[exemplarSlot].kind else { return nil }
        return scratch.text(of: fields[exemplarSlot], in: line).flatMap { ExemplarTrace(hexDigits: $0) }
    }
}
