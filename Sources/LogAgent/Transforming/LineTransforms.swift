import JSONScanning

/// The steps of one source, compiled: what is done with its lines between parsing and batching.
///
/// What becomes of a line follows from the bytes of its file alone, so that an entry that is made a second time is the same.
final class LineTransforms {
    struct Step {
        /// In the configuration.
        var index: Int
        var conditions: [CompiledCondition]
        var action: Action
    }

    enum Action {
        case drop
        case keep
        case redact(Redaction)
        case truncate(Truncation)
        case sample(Sampling)
        case limit(RateLimit, table: Int)
        case dedupe(Deduplication, table: Int)
        case rename(MemberRenaming)
        case add(MemberAddition)
        case remove(MemberRemoval)
        case route(Routing)
    }

    enum Phase { case beforeMetrics, afterMetrics }

    /// The line under way.
    let line: TransformedLine
    let counts: TransformCounts
    private let first: [Step]
    private let second: [Step]
    /// Steps that look back at earlier lines, each with a table.
    let tableCount: Int
    let scratch = DecodingScratch()
    /// Is told what each step makes of each line. Without one, steps do no more than they must.
    var witness: TransformWitness?

    /// Every field that steps look at.
    static func requiredPaths(_ settings: [TransformSettings]) -> [String] {
        settings.flatMap { step in step.conditions.map(\.field) + step.action.paths }
    }

    /// nil: no step concerns `source`.
    init?(_ source: SourceSettings, fields: JSONScanner, counts: TransformCounts) throws(RegexError) {
        guard counts.steps.contains(where: { $0.applies(toSource: source.name) }) else { return nil }
        let slot = { (path: String) in fields.paths.slot(of: path) ?? 0 }
        var first: [Step] = []
        var second: [Step] = []
        var tableCount = 0
        func nextTable() -> Int {
            tableCount += 1
            return tableCount - 1
        }
        for (index, step) in counts.steps.enumerated() where step.applies(toSource: source.name) {
            let action: Action
            switch step.action {
            case .drop: action = .drop
            case .keep: action = .keep
            case .redact(let settings): action = .redact(Redaction(settings, slot: slot))
            case .truncate(let settings): action = .truncate(Truncation(settings, slot: slot))
            case .sample(let settings): action = .sample(Sampling(settings, slot: slot))
            case .limit(let settings): action = .limit(RateLimit(settings, slot: slot), table: nextTable())
            case .dedupe(let settings): action = .dedupe(Deduplication(settings, slot: slot), table: nextTable())
            case .rename(let renames):
                action = .rename(MemberRenaming(renames, slot: slot) { fields.paths.slot(of: $0) })
            case .add(let members):
                action = .add(MemberAddition(members, reserved: Set(source.metadata.map(\.name)), slot: slot))
            case .remove(let paths): action = .remove(MemberRemoval(paths, slot: slot))
            case .route(let settings): action = .route(Routing(settings, slot: slot))
            }
            let compiled = Step(index: index, conditions: try [CompiledCondition](step.conditions, slot: slot), action: action)
            if step.isBeforeMetrics { first.append(compiled) } else { second.append(compiled) }
        }
        line = TransformedLine(fields: fields)
        self.counts = counts
        self.first = first
        self.second = second
        self.tableCount = tableCount
    }

    /// Takes ``line`` through the steps of one phase. Gives the step that dropped it, by its position in the configuration.
    ///
    /// `isCounted`: the line becomes entries now, so what is changed in it is counted.
    func run(_ phase: Phase, isCounted: Bool, memory: inout TransformMemory) -> Int? {
        let steps = phase == .beforeMetrics ? first : second
        if let witness { return runWitnessed(witness, steps, phase, isCounted: isCounted, memory: &memory) }
        for step in steps where take(step, isCounted: isCounted, memory: &memory) == .dropped { return step.index }
        return nil
    }

    /// What one step made of ``line``.
    enum Outcome {
        case passed
        case changed
        case dropped
    }

    @inline(__always)
    func take(_ step: Step, isCounted: Bool, memory: inout TransformMemory) -> Outcome {
        let holds = step.conditions.hold(for: line.fields.allFields, in: line.bytes, scratch)
        var isChanged = false
        switch step.action {
        case .drop: return holds ? .dropped : .passed
        case .keep: return holds ? .passed : .dropped
        case _ where !holds: return .passed
        case .redact(let redaction):
            isChanged = line.edit { redaction.edit(line, $0) }
            if isChanged && isCounted { counts.countRedactions(by: step.index, redaction.found) }
        case .truncate(let truncation): isChanged = truncation.apply(to: line)
        case .sample(let sampling): return sampling.keeps(line) ? .passed : .dropped
        case .limit(let limit, let table): return limit.keeps(line, &memory.tables[table]) ? .passed : .dropped
        case .dedupe(let dedupe, let table): return dedupe.keeps(line, &memory.tables[table]) ? .passed : .dropped
        case .rename(let renaming): isChanged = renaming.apply(to: line)
        case .add(let addition): isChanged = addition.apply(to: line)
        case .remove(let removal): isChanged = removal.apply(to: line)
        case .route(let routing):
            line.routedBy = step.index
            if !routing.apply(to: line), isCounted { counts.countMissingTenant() }
        }
        if isChanged && isCounted { counts.countChanged(by: step.index) }
        return isChanged ? .changed : .passed
    }
}

extension TransformSettings.Action {
    /// Every field that the step looks at.
    fileprivate var paths: [String] {
        switch self {
        case .drop, .keep: []
        case .redact(let settings): settings.fields
        case .truncate(let settings): settings.fields
        case .sample(let settings): [settings.key].compactMap(\.self)
        case .limit(let settings): [settings.key].compactMap(\.self)
        case .dedupe(let settings): settings.fields
        case .rename(let renames): renames.map(\.field)
        case .add(let members): members.flatMap { [$0.name, $0.template.path].compactMap(\.self) }
        case .remove(let paths): paths
        case .route(let settings): [settings.tenant?.path].compactMap(\.self)
        }
    }
}

extension FieldTemplate {
    /// Of a field of the line.
    fileprivate var path: String? {
        if case .field(let path) = self, path != LineOrigin.pathField { path } else { nil }
    }
}
