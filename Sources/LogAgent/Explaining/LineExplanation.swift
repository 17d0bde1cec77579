/// What became of one line, as `explain --json` prints it.
struct LineExplanation: Encodable, Equatable {
    struct Time: Encodable, Equatable {
        /// RFC 3339.
        var text: String
        /// `field`, `envelope`, or `reading`: when it was read.
        var from: String
        /// Why it is not the field's; nil where it is, or where none is configured.
        var reason: String?
    }

    struct Moved: Encodable, Equatable {
        var metric: String
        var labels: [String: String]
        /// `add`, `observe`, `set` or `move`.
        var operation: String
        var amount: Double
    }

    struct Unmoved: Encodable, Equatable {
        var metric: String
        /// The first condition that did not hold; nil where the value could not be used.
        var condition: String?
        /// What the field of the condition was; nil: not there.
        var found: String?
        /// Why the value could not be used.
        var valueError: String?
    }

    struct Entry: Encodable, Equatable {
        var outputs: [String]
        /// That of the `route` step that named one, else the outputs' own; nil where there is none.
        var tenant: String?
        /// The stream's labels, as JSON.
        var stream: String
        /// As it stands in a push: `["<nanoseconds>","<line>",{…}]`.
        var entry: String
    }

    /// What one step did with it; steps that left it alone are not told.
    struct Step: Encodable, Equatable {
        /// Its name, as in the label `transform` of what is counted.
        var transform: String
        /// Its key in the configuration: `redact`.
        var kind: String
        /// Metrics saw the line as this step left it.
        var beforeMetrics: Bool
        /// Why the step took the line away; nil: it did not.
        var dropped: String?
        /// Stretches of the line that it replaced, from left to right.
        var replaced: [TransformWitness.Change]
        /// Fields that are others now, where the line's text stayed as it was.
        var fields: [TransformWitness.FieldChange]
        /// Members of the structured metadata that it added: `"region":"eu"`.
        var metadata: String?
        /// How many of the line's bytes it left.
        var cutTo: Int?
        /// How many lines the entry stands for since then.
        var weight: Double?
        /// Those that get it; nil: the step does not say.
        var outputs: [String]?
        /// Empty: the line names none that can be used.
        var tenant: String?
    }

    /// From 1 on; of the last line that was read, where an entry has several.
    var number: Int
    /// How many lines it is made of.
    var lines: Int
    var source: String
    var format: String
    var text: String
    /// What it takes in the file.
    var bytes: Int
    var isCut: Bool
    /// Why it does not fit the format.
    var parseError: String?
    /// Those that the configuration looks for.
    var fields: [String: String]
    var time: Time
    var moved: [Moved]
    var unmoved: [Unmoved]
    /// Outputs that do not get it, because of a transform.
    var filtered: Bool
    /// What was shipped is not the line as it stood in the file.
    var isTransformed: Bool
    /// In the order of the configuration.
    var transforms: [Step]
    var entries: [Entry]
}

extension FieldCondition {
    /// What it asks for, as a phrase behind the field's name: `is one of "a", "b"`.
    var wanted: String {
        func list(_ values: [String]) -> String { values.map { "\"\($0)\"" }.joined(separator: ", ") }
        switch test {
        case .isOneOf(let values): return values.count == 1 ? "is \(list(values))" : "is one of \(list(values))"
        case .isNoneOf(let values): return values.count == 1 ? "is not \(list(values))" : "is none of \(list(values))"
        case .greater(let bound): return "> \(ShortNumber.text(bound))"
        case .greaterOrEqual(let bound): return ">= \(ShortNumber.text(bound))"
        case .less(let bound): return "< \(ShortNumber.text(bound))"
        case .lessOrEqual(let bound): return "<= \(ShortNumber.text(bound))"
        case .matches(let pattern): return "matches /\(pattern)/"
        case .exists(let wanted): return wanted ? "exists" : "does not exist"
        }
    }
}

/// Numbers for people.
enum ShortNumber {
    /// `3`, not `3.0`.
    static func text(_ number: Double) -> String {
        if let integer = Int64(exactly: number) { return "\(integer)" }
        return "\(number)"
    }
}
