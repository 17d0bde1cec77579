import Metrics

extension AgentMetrics {
    static func registerTransforms(_ registry: MetricRegistry, _ shared: SharedAgentState) throws(MetricDeclarationError) {
        try registry.collectCounter(
            "log_agent_filtered_lines_total", help: "Lines that a transform kept from an output", labels: ["output", "transform"]
        ) { samples in
            for (output, transform, count) in shared.update(filtered) { samples.append(Double(count), output, transform) }
        }
        try registry.collectCounter(
            "log_agent_transformed_lines_total", help: "Lines that a transform changed, counted again when they are made again",
            labels: ["transform"]
        ) { samples in
            for (step, count) in shared.update({ state in zip(state.transformCounts.steps, state.transformCounts.changed).map { ($0, $1) } }
            ) {
                if step.action.changesLines { samples.append(Double(count), step.name) }
            }
        }
        try registry.collectCounter(
            "log_agent_redactions_total", help: "Values redacted in lines that were made into entries", labels: ["pattern"]
        ) { samples in
            for (pattern, count) in shared.update({ $0.transformCounts.redactions }) { samples.append(Double(count), pattern) }
        }
        try registry.collectCounter(
            "log_agent_missing_tenants_total", help: "Lines without a usable tenant where a route wants one; they go to the output's own"
        ) { samples in
            samples.append(Double(shared.update { $0.transformCounts.missingTenants }))
        }
    }

    private static func filtered(_ state: AgentState) -> [(output: String, transform: String, count: UInt64)] {
        let counts = state.transformCounts
        return counts.steps.indices.filter { counts.steps[$0].action.leavesLinesOut }.flatMap { step in
            state.outputs.map { ($0.settings.name, counts.steps[step].name, counts.filtered[step][$0.index]) }
        }
    }
}

extension TransformSettings.Action {
    fileprivate var leavesLinesOut: Bool {
        switch self {
        case .drop, .keep, .sample, .limit, .dedupe: true
        case .route(let route): route.outputs != nil
        case .redact, .truncate, .rename, .add, .remove: false
        }
    }

    fileprivate var changesLines: Bool {
        switch self {
        case .redact, .truncate, .rename, .add, .remove: true
        case .drop, .keep, .sample, .limit, .dedupe, .route: false
        }
    }
}
