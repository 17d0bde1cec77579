import JSONScanning

/// Notes what each step makes of each line since it was asked to forget, for explanations.
final class TransformWitness {
    /// A stretch of the line, or a field's value, before and after.
    struct Change: Encodable, Equatable {
        var was: String
        var now: String
    }

    /// A field of a line that is no JSON; nil: not there.
    struct FieldChange: Encodable, Equatable {
        var field: String
        var was: String?
        var now: String?
    }

    /// What one step did with one line. What it left alone is nil, or empty.
    struct Effect: Equatable {
        /// Position of the step in the configuration.
        var step: Int
        /// Why it took the line away.
        var dropped: String?
        /// Stretches of the line, from left to right.
        var replaced: [Change] = []
        /// Where the text stayed as it was.
        var fields: [FieldChange] = []
        /// Members that it added: `"region":"eu"`.
        var metadata: String?
        /// How many of the line's bytes are left.
        var cutTo: Int?
        /// How many lines it stands for since then.
        var weight: Double?
        /// The outputs that take it, one bit for each.
        var outputs: UInt64?
        /// Empty: it named none that can be used.
        var tenant: String?

        fileprivate var isNothing: Bool { self == Effect(step: step) }
    }

    /// One line's way through all steps.
    struct Passage {
        /// As it was before the first step.
        var text: String
        /// The line's time, nanoseconds since 1970.
        var time: UInt64
        var reachedMetrics = false
        var effects: [Effect] = []
    }

    fileprivate(set) var passages: [Passage] = []

    func forget() { passages.removeAll() }
}

extension LineTransforms {
    /// ``run(_:isCounted:memory:)`` with a look at the line before and after each step.
    @inline(never)
    func runWitnessed(
        _ witness: TransformWitness, _ steps: [Step], _ phase: Phase, isCounted: Bool, memory: inout TransformMemory
    ) -> Int? {
        if phase == .beforeMetrics {
            witness.passages.append(TransformWitness.Passage(text: String(decoding: line.line, as: UTF8.self), time: line.time))
        }
        let passage = witness.passages.count - 1
        for step in steps {
            let before = LineSight(line)
            let conditions = holdingOrNot(step)
            let outcome = take(step, isCounted: isCounted, memory: &memory)
            var effect = TransformWitness.Effect(step: step.index)
            if outcome == .dropped {
                effect.dropped = reason(step, conditions)
                witness.passages[passage].effects.append(effect)
                return step.index
            }
            before.tell(&effect, line)
            if case .route = step.action, conditions.failed == nil {
                effect.outputs = line.outputs == before.outputs ? nil : line.outputs
                if case .route(let settings) = counts.steps[step.index].action, settings.tenant != nil {
                    effect.tenant = line.tenant.map { String(decoding: $0, as: UTF8.self) } ?? ""
                }
            }
            if !effect.isNothing { witness.passages[passage].effects.append(effect) }
        }
        if phase == .beforeMetrics { witness.passages[passage].reachedMetrics = true }
        return nil
    }

    private func holdingOrNot(_ step: Step) -> (failed: FieldCondition?, found: String?) {
        guard let failed = step.conditions.first(where: { !$0.holds(for: line.fields.allFields, in: line.bytes, scratch) }) else {
            return (nil, nil)
        }
        return (failed.settings, line.fields[failed.slot].shown(in: line.bytes))
    }

    private func reason(_ step: Step, _ conditions: (failed: FieldCondition?, found: String?)) -> String {
        let settings = counts.steps[step.index]
        func key(_ path: String?) -> String { path.map { " of its `\($0)`" } ?? "" }
        switch settings.action {
        case .keep:
            guard let failed = conditions.failed else { return "its conditions do not hold" }
            return "\(failed.field) \(failed.wanted) — found \(conditions.found.map { "\"\($0)\"" } ?? "none")"
        case .sample(let sample):
            return "not among the 1 in \(ShortNumber.text(sample.weight)) that stay\(sample.key == nil ? "" : ", by `\(sample.key ?? "")`")"
        case .limit(let limit): return "more than \(ShortNumber.text(limit.perSecond)) a second\(key(limit.key))"
        case .dedupe(let dedupe):
            let what = dedupe.fields.isEmpty ? "the same line" : "the same " + dedupe.fields.map { "`\($0)`" }.joined(separator: ", ")
            return "\(what) came less than \(ShortNumber.text(Double(dedupe.windowNanoseconds) / 1e9)) s before"
        case .drop, .redact, .truncate, .rename, .add, .remove, .route:
            return settings.conditions.map { "\($0.field) \($0.wanted)" }.joined(separator: ", ")
        }
    }
}

/// What can be seen of a line before a step.
private struct LineSight {
    private let text: [UInt8]
    private let fields: [String?]
    private let metadataCount: Int
    private let shippedCount: Int
    private let weight: Double
    let outputs: UInt64

    init(_ line: TransformedLine) {
        text = Array(line.line)
        fields = line.fields.allFields.map { $0.shown(in: line.bytes) }
        metadataCount = line.metadata.count
        shippedCount = line.shipped.count
        weight = line.weight
        outputs = line.outputs
    }

    func tell(_ effect: inout TransformWitness.Effect, _ line: TransformedLine) {
        if line.line.elementsEqual(text) {
            for (slot, was) in fields.enumerated() {
                let now = line.fields[slot].shown(in: line.bytes)
                if was != now { effect.fields.append(.init(field: line.fields.paths.paths[slot], was: was, now: now)) }
            }
            if line.shipped.count < shippedCount { effect.cutTo = line.shipped.count }
        } else {
            effect.replaced = line.lastReplacements(in: text).map { TransformWitness.Change(was: $0.was, now: $0.now) }
        }
        if line.metadata.count > metadataCount {
            let added = line.metadata.bytes[metadataCount...].drop { $0 == UInt8(ascii: ",") }
            effect.metadata = String(decoding: added, as: UTF8.self)
        }
        if line.weight != weight { effect.weight = line.weight }
    }
}
