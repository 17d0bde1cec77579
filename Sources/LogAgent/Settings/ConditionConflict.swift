import JSONScanning

/// Finds conditions on one field that no value can fulfil together.
struct ConditionConflict {
    /// Why no line fulfils all of `conditions`, as far as they alone can tell; nil where one may.
    static func find(in conditions: [FieldCondition]) -> String? {
        var fields: [String] = []
        for condition in conditions where !fields.contains(condition.field) { fields.append(condition.field) }
        for field in fields {
            if let problem = conflict(of: conditions.filter { $0.field == field }) { return "`\(field)` \(problem)" }
        }
        return nil
    }

    private static func conflict(of conditions: [FieldCondition]) -> String? {
        if conditions.contains(where: { $0.test == .exists(false) }), let other = conditions.first(where: \.needsField) {
            return "cannot be missing and \(other.wanted)"
        }
        if let problem = emptyRange(of: conditions) { return problem }
        guard let listed = conditions.first(where: { $0.values != nil }), let values = listed.values else { return nil }
        if values.contains(where: { value in conditions.allSatisfy { $0.mayTake(value) } }) { return nil }
        let others = conditions.filter { other in other != listed && values.allSatisfy { !other.mayTake($0) } }
        let wanted = (others.isEmpty ? conditions.filter { $0 != listed } : others).map(\.wanted).joined(separator: " and ")
        return "\(listed.wanted), so it never \(wanted.hasPrefix("is ") || wanted.hasPrefix("matches") ? wanted : "is \(wanted)")"
    }

    private static func emptyRange(of conditions: [FieldCondition]) -> String? {
        var lower: (bound: Double, isOpen: Bool, text: String)?
        var upper: (bound: Double, isOpen: Bool, text: String)?
        for condition in conditions {
            switch condition.test {
            case .greater(let bound) where bound >= lower?.bound ?? -.infinity: lower = (bound, true, condition.wanted)
            case .greaterOrEqual(let bound) where bound > lower?.bound ?? -.infinity: lower = (bound, false, condition.wanted)
            case .less(let bound) where bound <= upper?.bound ?? .infinity: upper = (bound, true, condition.wanted)
            case .lessOrEqual(let bound) where bound < upper?.bound ?? .infinity: upper = (bound, false, condition.wanted)
            default: break
            }
        }
        guard let lower, let upper else { return nil }
        let isEmpty = lower.bound > upper.bound || (lower.bound == upper.bound && (lower.isOpen || upper.isOpen))
        return isEmpty ? "cannot be \(lower.text) and \(upper.text)" : nil
    }
}

extension FieldCondition {
    /// Whether a line without the field cannot fulfil it.
    var needsField: Bool {
        switch test {
        // `null` stands for no value, and yet it is a text.
        case .isOneOf(let values): !values.contains("null")
        case .greater, .greaterOrEqual, .less, .lessOrEqual, .matches: true
        case .exists(let wanted): wanted
        case .isNoneOf: false
        }
    }

    /// The only values that fulfil it; nil where there is no such list.
    fileprivate var values: [String]? { if case .isOneOf(let values) = test { values } else { nil } }

    /// Whether a field with this text fulfils it.
    func mayTake(_ text: String) -> Bool {
        let number = Array(text.utf8).withUnsafeBytes { JSONNumber.double($0) }
        func isEqual(_ other: String) -> Bool {
            other == text || (number != nil && number == Array(other.utf8).withUnsafeBytes { JSONNumber.double($0) })
        }
        switch test {
        case .isOneOf(let values): return values.contains(where: isEqual)
        case .isNoneOf(let values): return !values.contains(where: isEqual)
        case .greater(let bound): return number.map { $0 > bound } ?? false
        case .greaterOrEqual(let bound): return number.map { $0 >= bound } ?? false
        case .less(let bound): return number.map { $0 < bound } ?? false
        case .lessOrEqual(let bound): return number.map { $0 <= bound } ?? false
        case .exists(let wanted): return wanted == (text != "null")
        case .matches(let pattern):
            // A pattern that does not compile is told where it stands.
            guard let pattern = try? BytePattern(pattern) else { return true }
            return text != "null" && Array(text.utf8).withUnsafeBytes { pattern.matches($0) }
        }
    }
}
