import JSONScanning
import Metrics

/// Derives metrics from lines. Not Sendable: it moves the families of a ``SeriesTable``, under the same lock.
///
/// For each line it looks only at the rules that the text of one field, usually the event's name, leads to.
final class MetricRules {
    /// What one configured metric has met so far.
    struct Counts: Equatable {
        var name: String
        /// Lines that fulfilled its conditions; for a gauge, those of each update.
        var matchedLines: UInt64 = 0
        /// Of those the lines that moved nothing, in the order of ``ValueError``.
        var errors: [UInt64] = Array(repeating: 0, count: ValueError.allCases.count)

        subscript(error: ValueError) -> UInt64 { errors[error.rawValue] }
    }

    let rules: [MetricRule]
    /// The same without counting references: that took a tenth of the time for a line. `rules` keeps them alive.
    private let uncountedRules: [Unmanaged<MetricRule>]
    private let dispatch: RuleDispatch
    private let slotCount: Int
    let scratch = DecodingScratch()
    @exclusivity(unchecked) private var key = SeriesKey()
    private let metricNames: [String]
    /// What metrics of these names met under an earlier configuration.
    private let earlierCounts: [Counts]

    /// Notes what becomes of each line; nil while nobody asks.
    @exclusivity(unchecked) var witness: MetricWitness?

    /// Label values that were too long and were cut.
    var cutLabelValues: UInt64 { key.cutValues }

    /// The fields that metrics with these settings read, each once.
    static func requiredPaths(_ settings: [MetricSettings]) -> [String] {
        var seen: Set<String> = []
        return settings.flatMap(\.paths).filter { seen.insert($0).inserted }
    }

    /// Declares the families in `table`. `slot` gives the number of each of the ``requiredPaths(_:)``; `now` is in nanoseconds since
    /// 1970, the creation time of what starts at 0.
    init(
        _ settings: [MetricSettings], table: SeriesTable, now: UInt64, earlierCounts: [Counts] = [], slot: @escaping (String) -> Int
    ) throws(DerivingError) {
        self.earlierCounts = earlierCounts
        var compiler = RuleCompiler(slot: slot)
        for (position, metric) in settings.enumerated() {
            let family: MetricFamily
            do throws(MetricDeclarationError) {
                family = try table.declare(metric.definition, now: now)
            } catch {
                throw .declaration(error)
            }
            try compiler.compile(metric, at: position, family: family)
        }
        let dispatchSlot = RuleDispatch.bestSlot(for: compiler.drafts.map { $0.conditions })
        rules = compiler.drafts.map { $0.rule(dispatchingBy: dispatchSlot) }
        uncountedRules = rules.map(Unmanaged.passUnretained)
        dispatch = RuleDispatch(slot: dispatchSlot, conditions: rules.map(\.conditions))
        let slots = Self.requiredPaths(settings).map(slot)
        precondition(slots.allSatisfy { $0 >= 0 }, "each required path has a slot")
        slotCount = (slots.max() ?? -1) + 1
        metricNames = settings.map(\.name)
    }

    /// Moves every metric that one line matches, in the order of the configuration. `fields` are the line's, by slot; both are
    /// borrowed. `now`: nanoseconds since 1970.
    func apply(_ fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, now: UInt64) {
        precondition(fields.count >= slotCount, "the fields of a line have the slots that the rules were given")
        if let witness { return applyWitnessed(witness, fields, in: line, now: now) }
        applyCandidates(fields, in: line, now: now)
    }

    @inline(__always)
    func applyCandidates(_ fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer, now: UInt64) {
        for position in dispatch.candidates(for: fields, in: line, scratch) {
            let candidate = dispatch[position]
            uncountedRules[candidate.rule]._withUnsafeGuaranteedRef {
                $0.apply(from: candidate.firstCondition, fields, in: line, now: now, key: &key, scratch)
            }
        }
    }

    /// What each metric has met, in the order of the configuration.
    var counts: [Counts] {
        var counts = metricNames.map { name in earlierCounts.first { $0.name == name } ?? Counts(name: name) }
        for rule in rules {
            counts[rule.metric].matchedLines += rule.matchedLines
            for (position, errors) in rule.errors.enumerated() { counts[rule.metric].errors[position] += errors }
        }
        return counts
    }
}

extension MetricSettings {
    /// The family as the metrics module declares it.
    var definition: FamilyDefinition {
        let kind: FamilyDefinition.Kind =
            switch self.kind {
            case .counter: .counter
            case .gauge: .gauge
            case .histogram(_, let buckets): .histogram(bounds: buckets)
            }
        return FamilyDefinition(
            name: name, help: help, kind: kind, labelNames: labels.map(\.name), maximumSeries: maximumSeries,
            keepsExemplars: exemplar != nil, idleTimeoutNanoseconds: idleTimeoutNanoseconds, initialLabelValues: initialLabelValues)
    }

    /// Every field that is read for this metric.
    fileprivate var paths: [String] {
        var templates = labels.map(\.template) + updates.map(\.amount)
        switch kind {
        case .counter(let value): templates += value.map { [$0] } ?? []
        case .gauge: break
        case .histogram(let value, _): templates.append(value)
        }
        let fields = templates.compactMap { if case .field(let path) = $0 { path } else { nil } }
        return (conditions + updates.flatMap(\.conditions)).map(\.field) + fields + (exemplar.map { [$0] } ?? [])
    }
}
