import JSONScanning
import Metrics

/// Notes what each rule made of each line since it was asked to forget, for explanations. Without one, rules do no more than they must.
final class MetricWitness {
    enum Verdict {
        /// All conditions held, and the family took `amount`.
        case moved(labels: [(name: String, value: String)], operation: MetricRule.Operation, amount: Double)
        /// The first condition that did not hold; `found` is nil for a field that is not there.
        case failed(FieldCondition, found: String?)
        /// The conditions held, but the value could not be used.
        case unusable(ValueError)
    }

    struct Finding {
        /// Position of the metric in the configuration.
        var metric: Int
        var verdict: Verdict
    }

    /// One line, or one entry that was made of several.
    struct Observation {
        /// One for each rule: a gauge has as many as it has updates.
        var findings: [Finding]
        /// What the fields were when the rules saw them, by slot; nil: missing.
        var fields: [String?]
        /// The line's time, nanoseconds since 1970.
        var time: UInt64
    }

    fileprivate(set) var observations: [Observation] = []

    func forget() { observations.removeAll() }
}

extension MetricRules {
    /// ``apply(_:in:now:)`` as always, and a look at each rule before and after it.
    @inline(never)
    func applyWitnessed(
        _ witness: MetricWitness, _ fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, now: UInt64
    ) {
        let before = rules.map { (matched: $0.matchedLines, errors: $0.errors) }
        applyCandidates(fields, in: line, now: now)
        let findings = zip(rules, before).compactMap { (rule, before) -> MetricWitness.Finding? in
            let verdict: MetricWitness.Verdict
            if rule.matchedLines == before.matched {
                guard let failed = rule.conditions.first(where: { !$0.holds(for: fields, in: line, scratch) }) else { return nil }
                verdict = .failed(failed.settings, found: fields[failed.slot].shown(in: line))
            } else if let error = ValueError.allCases.first(where: { rule.errors[$0.rawValue] != before.errors[$0.rawValue] }) {
                verdict = .unusable(error)
            } else {
                verdict = .moved(
                    labels: rule.labelValues(from: fields, in: line, scratch), operation: rule.operation,
                    amount: rule.amount(from: fields, in: line, scratch))
            }
            return MetricWitness.Finding(metric: rule.metric, verdict: verdict)
        }
        witness.observations.append(
            MetricWitness.Observation(findings: findings, fields: fields.map { $0.shown(in: line) }, time: now))
    }

}

extension FieldValue {
    /// For people: without escapes; nil where it is missing.
    func shown(in line: UnsafeRawBufferPointer) -> String? {
        switch kind {
        case .missing: return nil
        case .string where hasEscapes:
            var bytes: [UInt8] = []
            appendText(in: line, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        case .string, .number, .true_, .false_, .null, .object, .array:
            return String(decoding: text(in: line), as: UTF8.self)
        }
    }
}
