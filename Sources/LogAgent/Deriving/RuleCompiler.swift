import JSONScanning
import Metrics

/// Makes rules of settings.
struct RuleCompiler {
    /// A rule of which it is not yet known which condition leads to it.
    struct Draft {
        let metric: Int
        let family: MetricFamily
        let conditions: [CompiledCondition]
        let operation: MetricRule.Operation
        let labels: [MetricRule.Label]
        let constants: [UInt8]
        let amount: MetricRule.Amount
        let exemplarSlot: Int?

        func rule(dispatchingBy slot: Int?) -> MetricRule {
            var conditions = conditions
            if let leading = conditions.firstIndex(where: { $0.slot == slot && $0.dispatchTexts != nil }) {
                conditions.insert(conditions.remove(at: leading), at: 0)
            }
            return MetricRule(
                metric: metric, family: family, conditions: conditions, operation: operation, labels: labels, constants: constants,
                amount: amount,
                exemplarSlot: exemplarSlot)
        }
    }

    private(set) var drafts: [Draft] = []
    private let slot: (String) -> Int

    init(slot: @escaping (String) -> Int) { self.slot = slot }

    mutating func compile(_ metric: MetricSettings, at position: Int, family: MetricFamily) throws(DerivingError) {
        var constants: [UInt8] = []
        var labels: [MetricRule.Label] = []
        for label in metric.labels {
            switch label.template {
            case .constant(let text):
                labels.append(.constant(start: constants.count, count: text.utf8.count))
                constants += text.utf8
            case .field(let path): labels.append(.field(slot: slot(path)))
            }
        }
        let exemplarSlot = metric.exemplar.map(slot)
        func append(
            _ operation: MetricRule.Operation, _ amount: MetricRule.Amount, _ conditions: [FieldCondition]
        ) throws(DerivingError) {
            drafts.append(
                Draft(
                    metric: position, family: family, conditions: try compile(conditions, of: metric), operation: operation,
                    labels: labels, constants: constants, amount: amount, exemplarSlot: exemplarSlot))
        }
        switch metric.kind {
        case .counter(nil):
            try append(.count, .constant(1), metric.conditions)
        case .counter(.some(let value)):
            try append(.count, try amount(value, of: metric, sign: 1), metric.conditions)
        case .histogram(let value, _):
            try append(.observe, try amount(value, of: metric, sign: 1), metric.conditions)
        case .gauge:
            for update in metric.updates {
                let conditions = metric.conditions + update.conditions
                switch update.operation {
                case .set: try append(.set, try amount(update.amount, of: metric, sign: 1), conditions)
                case .inc, .add: try append(.move, try amount(update.amount, of: metric, sign: 1), conditions)
                case .dec, .sub: try append(.move, try amount(update.amount, of: metric, sign: -1), conditions)
                }
            }
        }
    }

    private func compile(_ conditions: [FieldCondition], of metric: MetricSettings) throws(DerivingError) -> [CompiledCondition] {
        do throws(RegexError) {
            return try [CompiledCondition](conditions, slot: slot)
        } catch {
            throw .pattern(metric: metric.name, error)
        }
    }

    private func amount(_ template: FieldTemplate, of metric: MetricSettings, sign: Double) throws(DerivingError) -> MetricRule.Amount {
        switch template {
        case .field(let path): return .field(slot: slot(path), factor: metric.scale * sign)
        case .constant(let text):
            guard let number = Array(text.utf8).withUnsafeBytes({ JSONNumber.double($0) }) else {
                throw .constantNotNumeric(metric: metric.name, constant: text)
            }
            return .constant(number * metric.scale * sign)
        }
    }
}
