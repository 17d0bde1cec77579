import Configuration

extension FieldCondition {
    /// The conditions of a `where`; all must hold.
    static func readAll(_ node: ConfigurationNode) -> [FieldCondition] {
        (node.members() ?? []).flatMap { field, test in
            if let problem = ConfigurationNode.fieldProblem(field) {
                let hint = field.hasPrefix("$") ? "In `where` a field stands without the dollar: `\(field.dropFirst())`." : nil
                test.tell("`\(test.path)` is not a field; \(problem).", hint: hint, at: .key)
            }
            return tests(test).map { FieldCondition(field: field, test: $0) }
        }
    }

    private static func tests(_ node: ConfigurationNode) -> [Test] {
        guard case .object = node.value else { return values(node).map { [.isOneOf($0)] } ?? [] }
        let tests = node.object { object in
            var tests: [Test?] = []
            tests.append(object["ge"]?.number().map(Test.greaterOrEqual))
            tests.append(object["gt"]?.number().map(Test.greater))
            tests.append(object["le"]?.number().map(Test.lessOrEqual))
            tests.append(object["lt"]?.number().map(Test.less))
            tests.append(object["matches"]?.regularExpression().map(Test.matches))
            tests.append(object["exists"]?.bool().map(Test.exists))
            if object.isNull("not") {
                tests.append(.isNoneOf(["null"]))
            } else {
                tests.append(object["not"].flatMap(values).map(Test.isNoneOf))
            }
            return tests.compactMap(\.self)
        }
        if node.value == .object([:]) { node.refuse("use a value, a list of values, or { gt, ge, lt, le, matches, exists, not }") }
        return tests ?? []
    }

    private static func values(_ node: ConfigurationNode) -> [String]? {
        let elements = node.elementsOrSelf()
        if elements.isEmpty { node.refuse("name at least one value") }
        let texts = elements.compactMap { $0.scalarText() }
        return texts.isEmpty ? nil : texts
    }
}
