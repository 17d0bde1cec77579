import JSONScanning

/// Says which lines are not shipped. Metrics were derived from them before.
final class LineFilter {
    private enum Rule {
        case drop([CompiledCondition])
        case keep([CompiledCondition])
    }

    private let rules: [Rule]
    private let scratch = DecodingScratch()

    static func requiredPaths(_ settings: [TransformSettings]) -> [String] {
        settings.flatMap { transform in
            switch transform {
            case .drop(let conditions), .keep(let conditions): conditions.map(\.field)
            }
        }
    }

    init(_ settings: [TransformSettings], slot: (String) -> Int) throws(BytePatternError) {
        var rules: [Rule] = []
        for transform in settings {
            switch transform {
            case .drop(let conditions): rules.append(.drop(try [CompiledCondition](conditions, slot: slot)))
            case .keep(let conditions): rules.append(.keep(try [CompiledCondition](conditions, slot: slot)))
            }
        }
        self.rules = rules
    }

    /// Whether the line with these fields is dropped by any rule.
    func drops(_ fields: UnsafeBufferPointer<FieldValue>, in line: UnsafeRawBufferPointer) -> Bool {
        for rule in rules {
            switch rule {
            case .drop(let conditions): if conditions.hold(for: fields, in: line, scratch) { return true }
            case .keep(let conditions): if !conditions.hold(for: fields, in: line, scratch) { return true }
            }
        }
        return false
    }
}
