/// An event of the log: the one place that names it, its fields and when it is written. The code that writes it, `docs/events.md` and
/// the tests all come from here.
struct EventDefinition: Sendable {
    let name: String
    /// The logger that writes it.
    let logger: String
    let message: String
    /// `INFO`, or which when.
    let level: String
    /// A sentence: when it is written.
    let occasion: String
    let fields: [EventField]
}

/// A field of an event, beyond those that every line has.
struct EventField: Sendable {
    enum Kind: String, Sendable {
        case text
        case integer
        case number
        case flag
    }

    let key: String
    let kind: Kind
    /// Its unit where it has one, and the values that it may have.
    let meaning: String
    /// A line may lack it.
    var isOptional = false

    init(_ key: String, _ kind: Kind, _ meaning: String) {
        self.key = key
        self.kind = kind
        self.meaning = meaning
    }

    var optional: EventField {
        var field = self
        field.isOptional = true
        return field
    }
}
