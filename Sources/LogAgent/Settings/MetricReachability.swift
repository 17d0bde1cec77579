import Configuration

/// Warns about metrics that no line can ever move, as far as the configuration alone can tell.
struct MetricReachability {
    /// What lines of some source may carry.
    private let sources: [Carrier]

    private struct Carrier {
        var source: SourceSettings
        /// Fields that steps before the metrics make.
        var made: Set<String> = []
        /// Names that such steps give to metadata only, which metrics do not see.
        var onlyMetadata: Set<String> = []

        func mayHave(_ path: String) -> Bool {
            source.mayHave(path) || made.contains(path)
        }
    }

    init(sources: [SourceSettings], transforms: [TransformSettings] = []) {
        self.sources = sources.map { source in
            var carrier = Carrier(source: source)
            for step in transforms where step.isBeforeMetrics && step.applies(toSource: source.name) {
                switch step.action {
                case .rename(let renames):
                    for rename in renames where carrier.mayHave(rename.field) { carrier.made.insert(rename.newPath) }
                // In a line of JSON they are members, and may have any name as it is.
                case .add(let members) where source.format != .json: carrier.onlyMetadata.formUnion(members.map(\.name))
                case .drop, .keep, .redact, .truncate, .sample, .limit, .dedupe, .add, .remove, .route: break
                }
            }
            return carrier
        }
    }

    func warn(about placed: PlacedMetric) {
        let metric = placed.metric
        let node = placed.node
        if case .gauge = metric.kind {
            let reasons = metric.updates.map { problem(of: metric.conditions + $0.conditions, value: $0.amount) }
            if !reasons.isEmpty && reasons.allSatisfy({ $0 != nil }) {
                tell(node, metric, reasons.first.flatMap(\.self) ?? "")
            } else {
                for (index, reason) in reasons.enumerated() {
                    guard let reason else { continue }
                    let update = node.member("updates")
                    update.warn("`\(update.path)[\(index)]` never moves `\(metric.name)`: \(reason).")
                }
            }
        } else if let reason = problem(of: metric.conditions, value: metric.valueTemplate) {
            tell(node, metric, reason)
        }
        warnAboutLabels(metric, node)
    }

    private func tell(_ node: ConfigurationNode, _ metric: MetricSettings, _ reason: String) {
        let name = node.member("name")
        name.warn(
            "`\(node.path)`: no line can ever move `\(metric.name)`: \(reason).", hint: "`log-agent explain` shows what a sample moves.")
    }

    /// Why lines that fulfil `conditions` and have a number in `value` cannot be; nil where they can.
    private func problem(of conditions: [FieldCondition], value: FieldTemplate?) -> String? {
        if let conflict = ConditionConflict.find(in: conditions) { return conflict }
        // One source must be able to have all of them.
        var needed = conditions.filter(\.needsField).map(\.field)
        if case .field(let path) = value { needed.append(path) }
        let missing = sources.map { source in needed.first { !source.mayHave($0) } }
        guard !missing.contains(nil), let first = missing.first.flatMap(\.self) else { return nil }
        return absence(of: first)
    }

    private func absence(of path: String) -> String {
        let isMetadata = sources.contains { $0.onlyMetadata.contains(path) }
        return "no source has a field `\(path)`" + (isMetadata ? "; `add` gives metadata to lines that are no JSON" : "")
    }

    private func warnAboutLabels(_ metric: MetricSettings, _ node: ConfigurationNode) {
        for (index, label) in metric.labels.enumerated() {
            guard case .field(let path) = label.template else { continue }
            if !path.isEmpty && !sources.contains(where: { $0.mayHave(path) }) {
                let labels = node.member("labels")
                labels.warn("`\(labels.path).\(label.name)` is always empty: \(absence(of: path)).")
            }
            guard let initial = metric.initialLabelValues, index < initial.count else { continue }
            let conditions = metric.conditions.filter { $0.field == path }
            for value in initial[index] where conditions.contains(where: { !$0.mayTake(value) }) {
                let list = node.member("init")
                list.warn(
                    "`\(list.path).\(label.name)` names \(ConfigurationValue.quoted(value)), which `where` never lets through: that series stays at 0."
                )
            }
        }
    }
}

extension MetricSettings {
    /// Where the amount of a counter or histogram comes from; nil: each line counts 1.
    fileprivate var valueTemplate: FieldTemplate? {
        switch kind {
        case .counter(let value): value
        case .histogram(let value, _): value
        case .gauge: nil
        }
    }
}
