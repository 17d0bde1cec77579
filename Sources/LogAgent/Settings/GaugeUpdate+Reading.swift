import Configuration

extension GaugeUpdate {
    static func readAll(_ node: ConfigurationNode) -> [GaugeUpdate] {
        guard let elements = node.elements() else { return [] }
        if elements.isEmpty { node.refuse("name at least one update") }
        return elements.compactMap { element in
            element.object { object -> GaugeUpdate? in
                let conditions = object["where"].map(FieldCondition.readAll) ?? []
                let operations = Operation.allCases.compactMap { operation in object[operation.rawValue].map { (operation, $0) } }
                guard let (operation, node) = operations.first, operations.count == 1 else {
                    element.tell("`\(element.path)` must hold one of set, inc, dec, add, sub.", hint: "For example: { where: {…}, inc: 1 }")
                    return nil
                }
                return node.amount().map { GaugeUpdate(conditions: conditions, operation: operation, amount: $0) }
            } ?? nil
        }
    }
}
