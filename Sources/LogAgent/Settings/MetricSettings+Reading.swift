import Configuration

extension MetricSettings {
    static let defaultMaximumSeries = 1000

    /// `recipes`: metrics that an element adjusts where it has their name and no `type`: what it names replaces what they have.
    static func readAll(_ node: ConfigurationNode, recipes: [PlacedMetric] = []) -> [PlacedMetric] {
        (node.elements() ?? []).compactMap { element in
            let base = element.member("type").isNull ? recipes.first { .string($0.metric.name) == element.member("name").value } : nil
            let full = base.map { element.overlaid(on: $0.node) } ?? element
            let metric = full.object(MetricSettings.init(reading:)) ?? nil
            let disabled = element.member("disabled")
            let isDisabled = disabled.value == .bool(true)
            if let metric, isDisabled, !recipes.contains(where: { $0.metric.name == metric.name }) {
                disabled.warn("`\(disabled.path)` has no use: no recipe has a metric `\(metric.name)`.")
            }
            return metric.map { PlacedMetric(metric: $0, node: element, isDisabled: isDisabled) }
        }
    }

    private enum KindName: String, CaseIterable { case counter, gauge, histogram }

    /// nil where not even the type is known.
    private init?(reading object: ConfigurationObject) {
        let node = object.node
        name = object.required("name", "\"jobs_failed_total\"")?.metricName() ?? ""
        let type: KindName? = object.required("type", "\"counter\"")?.choice()
        _ = object["disabled"]?.bool()
        help = object["help"]?.string() ?? ""
        conditions = object["where"].map(FieldCondition.readAll) ?? []
        labels =
            object["labels"]?.namedTemplates(
                "label", reserved: type == .histogram ? ["le": "a histogram uses the label `le` itself"] : [:]) ?? []
        scale = object["scale"]?.number(in: 1e-18...1e18) ?? 1
        exemplar = object["exemplar"]?.fieldReference()
        maximumSeries = object["max_series"]?.integer(in: 1...1_000_000) ?? Self.defaultMaximumSeries
        idleTimeoutNanoseconds = object["idle_timeout"]?.duration(in: 1_000_000_000...315_360_000_000_000_000)
        initialLabelValues = nil
        updates = []
        switch type {
        case .counter: kind = .counter(value: object["value"]?.amount())
        case .gauge:
            kind = .gauge
            updates = object.required("updates", "[{ where: { event: \"upload.started\" }, inc: 1 }]").map(GaugeUpdate.readAll) ?? []
        case .histogram:
            let value = object.required("value", "\"$duration_seconds\"")?.fieldReference()
            kind = .histogram(
                value: .field(value ?? ""), buckets: object.required("buckets", "[0.1, 0.5, 1, 5, 10]").flatMap { $0.buckets() } ?? [])
        case nil:
            for key in ["value", "buckets", "updates", "init"] { _ = object[key] }
            return nil
        }
        initialLabelValues = object["init"].flatMap { initialValues($0) }
        tellMisplacedKeys(of: object)
        tellNaming(at: object["name"] ?? node)
    }

    private func tellMisplacedKeys(of object: ConfigurationObject) {
        switch kind {
        case .counter(let value):
            object.misplaced("updates", "only a gauge has updates")
            object.misplaced("buckets", "only a histogram has buckets")
            if let node = object["scale"], value == nil {
                node.tell("`\(node.path)` has nothing to scale: without `value` each line counts 1.")
            }
            if case .constant(let text) = value, let number = Double(text), number < 0, let node = object["value"] {
                node.refuse("use a number of at least 0: a counter never falls")
            }
        case .gauge:
            object.misplaced("value", "a gauge has `updates`, each with its own amount")
            object.misplaced("buckets", "only a histogram has buckets")
            object.misplaced("exemplar", "only counters and histograms have exemplars")
        case .histogram:
            object.misplaced("updates", "only a gauge has updates")
        }
    }

    private func tellNaming(at node: ConfigurationNode) {
        if name.isEmpty { return }
        if name.hasPrefix("log_agent_") {
            node.refuse(found: name, "use another name: those that start with `log_agent_` are the agent's own")
        }
        let hasTotal = name.hasSuffix("_total")
        if case .counter = kind {
            if !hasTotal || name == "_total" {
                node.refuse(
                    found: name, "end a counter's name in `_total`", hint: "OpenMetrics requires it; write \"\(name)_total\".")
            }
        } else if hasTotal {
            node.warn("`\(node.path)` is \"\(name)\": by convention only counters end in `_total`.")
        }
    }

    /// One list for each of ``labels``; nil, and told, where it does not fit them.
    private func initialValues(_ node: ConfigurationNode) -> [[String]]? {
        guard let members = node.members() else { return nil }
        if labels.isEmpty {
            node.tell("`\(node.path)` has no use: without labels a family has one series, and that always starts at 0.")
            return nil
        }
        var values: [String: [String]] = [:]
        for (name, list) in members {
            guard let label = labels.first(where: { $0.name == name }) else {
                let guess = Suggestion.nearest(to: name, among: labels.map(\.name)).map { "Did you mean `\($0)`? " } ?? ""
                list.tell(
                    "`\(list.path)` is not a label of this metric.",
                    hint: "\(guess)Its labels: \(labels.map { "`\($0.name)`" }.joined(separator: ", ")).",
                    at: .key)
                continue
            }
            if case .constant(let text) = label.template {
                list.tell("`\(list.path)` has no use: the label is always \(ConfigurationValue.quoted(text)).", at: .key)
                continue
            }
            let texts = list.elementsOrSelf().compactMap { $0.scalarText() }
            if texts.isEmpty && list.value == .array([]) { list.refuse("name at least one value") }
            if Set(texts).count < texts.count { list.tell("`\(list.path)` names a value twice.") }
            values[name] = texts
        }
        var lists: [[String]] = []
        for label in labels {
            if case .constant(let text) = label.template {
                lists.append([text])
            } else if let texts = values[label.name] {
                lists.append(texts)
            } else {
                node.tell(
                    "`\(node.path)` has no values for the label `\(label.name)`; it must name all labels.",
                    hint: "Where its values are not known, leave `init` out: series then start with their first line.")
            }
        }
        guard lists.count == labels.count else { return nil }
        var count = 1
        for list in lists { count = count.multipliedReportingOverflow(by: list.count).overflow ? .max : count * list.count }
        if count > maximumSeries {
            node.tell("`\(node.path)` makes \(count == .max ? "too many" : "\(count)") series; max_series is \(maximumSeries).")
            return nil
        }
        return lists
    }
}

extension ConfigurationNode {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*` (Prometheus data model); `:` is for recording rules, so it is not taken here.
    fileprivate func metricName() -> String? {
        guard let text = string() else { return nil }
        if Self.isLabelName(text) { return text }
        var mended = text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        if mended.first?.isNumber ?? false { mended.insert("_", at: 0) }
        refuse(
            found: text, "use letters, digits and `_`, not starting with a digit",
            hint: text.isEmpty || text.count > 100 ? nil : "For example \"\(String(mended))\".")
        return nil
    }

    fileprivate func buckets() -> [Double]? {
        guard let elements = elements() else { return nil }
        let bounds = elements.map { $0.number() }
        if elements.isEmpty || elements.count > 200 {
            tell("`\(path)` has \(elements.count) bounds; use 1 to 200.")
            return nil
        }
        for (index, pair) in zip(bounds, bounds.dropFirst()).enumerated() {
            guard let lower = pair.0, let upper = pair.1 else { continue }
            if lower >= upper {
                elements[index + 1].refuse("bounds must ascend, and the one before is \(ConfigurationValue.text(of: lower))")
                return nil
            }
        }
        return bounds.compactMap(\.self)
    }
}
