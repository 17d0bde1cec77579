import Configuration

/// A step of `transforms` in one line for a terminal.
enum StepText {
    static func describe(_ step: TransformSettings, outputs: [String]) -> String {
        var text = step.action.key
        let detail = detail(of: step.action, outputs)
        if !detail.isEmpty { text += " " + detail }
        if !step.conditions.isEmpty { text += " where \(step.conditions.map(\.field).joined(separator: ", ")) …" }
        if let sources = step.sources { text += " of \(sources.joined(separator: ", "))" }
        if step.isBeforeMetrics { text += ", before metrics" }
        return text
    }

    private static func detail(of action: TransformSettings.Action, _ outputs: [String]) -> String {
        switch action {
        case .drop, .keep: ""
        case .redact(let redact):
            (redact.fields + redact.patterns.map { "(\($0.name))" }).joined(separator: ", ")
                + (redact.replacement.isHash ? " to a keyed hash" : "")
        case .truncate(let truncate):
            (truncate.fields.isEmpty ? "lines" : truncate.fields.joined(separator: ", "))
                + " to \(SizeText.text(UInt64(truncate.maximumBytes)))"
        case .sample(let sample): "1 in \(ConfigurationValue.text(of: sample.weight))" + by(sample.key)
        case .limit(let limit):
            "\(ConfigurationValue.text(of: limit.perSecond))/s, burst \(ConfigurationValue.text(of: limit.burst))" + by(limit.key)
        case .dedupe(let dedupe):
            (dedupe.fields.isEmpty ? "lines" : dedupe.fields.joined(separator: ", "))
                + " within \(DurationText.text(dedupe.windowNanoseconds))"
        case .rename(let renames): renames.map { "\($0.field) → \($0.name)" }.joined(separator: ", ")
        case .add(let members): members.map(\.name).joined(separator: ", ")
        case .remove(let paths): paths.joined(separator: ", ")
        case .route(let route): destination(route, outputs)
        }
    }

    private static func by(_ key: String?) -> String { key.map { " by \($0)" } ?? "" }

    private static func destination(_ route: RouteSettings, _ outputs: [String]) -> String {
        var parts: [String] = []
        if let positions = route.outputs { parts.append("to \(positions.map { outputs[$0] }.joined(separator: ", "))") }
        switch route.tenant {
        case .none: break
        case .constant(let name): parts.append("for tenant \(name)")
        case .field(let path): parts.append("for the tenant in \(path)")
        }
        return parts.joined(separator: " ")
    }
}

extension RedactSettings.Replacement {
    fileprivate var isHash: Bool { if case .hash = self { true } else { false } }
}
