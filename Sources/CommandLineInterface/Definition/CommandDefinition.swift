/// One command as data. Parsing, `help`, the completions of shells and the manual page are all made of it.
package struct CommandDefinition: Equatable, Sendable {
    package var name: String
    /// What the list of commands says: a phrase without a full stop.
    package var summary: String
    /// Whole sentences; one paragraph each.
    package var details: [String]
    /// Words of which one may stand behind the command; the first is meant where none does.
    package var actions: [ActionDefinition] = []
    package var operand: OperandDefinition?
    /// Without `--help`, which every command takes.
    package var options: [OptionDefinition] = []
    /// Lists with a heading of their own: signals, keys, environment.
    package var lists: [DefinitionList] = []
    package var exitCodes: [ExitMeaning]
    package var examples: [CommandExample] = []
    package init(
        name: String, summary: String, details: [String], actions: [ActionDefinition] = [], operand: OperandDefinition? = nil,
        options: [OptionDefinition] = [], lists: [DefinitionList] = [], exitCodes: [ExitMeaning], examples: [CommandExample] = []
    ) {
        self.name = name
        self.summary = summary
        self.details = details
        self.actions = actions
        self.operand = operand
        self.options = options
        self.lists = lists
        self.exitCodes = exitCodes
        self.examples = examples
    }
}

package struct ActionDefinition: Equatable, Sendable {
    package var name: String
    package var summary: String

    package init(name: String, summary: String) {
        self.name = name
        self.summary = summary
    }
}

/// What stands behind a command without a dash.
package struct OperandDefinition: Equatable, Sendable {
    /// As it stands in the usage line: `FILE`.
    package var placeholder: String
    package var value: ValueDefinition
    package var isRequired = false
    package var summary: String

    package init(placeholder: String, value: ValueDefinition, isRequired: Bool = false, summary: String) {
        self.placeholder = placeholder
        self.value = value
        self.isRequired = isRequired
        self.summary = summary
    }
}

package struct OptionDefinition: Equatable, Sendable {
    /// Without its dashes: `config`.
    package var name: String
    /// `c` for `-c`.
    package var letter: Character?
    /// nil: a switch.
    package var value: ValueDefinition?
    package var summary: String

    package init(name: String, letter: Character? = nil, value: ValueDefinition? = nil, summary: String) {
        self.name = name
        self.letter = letter
        self.value = value
        self.summary = summary
    }

    package static let help = OptionDefinition(name: "help", letter: "h", summary: "this text")

    /// `-c, --config FILE`.
    package var usage: String {
        (letter.map { "-\($0), " } ?? "") + "--\(name)" + (value.map { " \($0.placeholder)" } ?? "")
    }
}

/// What kind of text an option or operand takes.
package enum ValueDefinition: Equatable, Sendable {
    case file
    /// `10s`.
    case duration
    case choice([String])
    /// Anything; `example` is what a message shows.
    case text(placeholder: String, example: String)

    package var placeholder: String {
        switch self {
        case .file: "FILE"
        case .duration: "TIME"
        case .choice(let names): names.joined(separator: "|")
        case .text(let placeholder, _): placeholder
        }
    }

    /// What it is called in a sentence: "needs a file".
    package var noun: String {
        switch self {
        case .file: "a file"
        case .duration: "a time"
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        case .text(let placeholder, _): "AEIOU".contains(placeholder.prefix(1)) ? "an \(placeholder)" : "a \(placeholder)"
        }
    }
}

package struct DefinitionList: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package var term: String
        package var meaning: String

        package init(term: String, meaning: String) {
            self.term = term
            self.meaning = meaning
        }
    }
    package var title: String
    package var rows: [Row]

    package init(title: String, rows: [Row]) {
        self.title = title
        self.rows = rows
    }
}

package struct ExitMeaning: Equatable, Sendable {
    package var code: ExitCode
    package var meaning: String

    package init(code: ExitCode, meaning: String) {
        self.code = code
        self.meaning = meaning
    }
}

package struct CommandExample: Equatable, Sendable {
    package var command: String
    /// A phrase: what it is good for.
    package var purpose: String

    package init(command: String, purpose: String) {
        self.command = command
        self.purpose = purpose
    }
}

extension CommandDefinition {
    /// What stands behind the command in its usage line, part by part: `[show|verify]`, `[--config FILE]`.
    package var usage: [String] {
        var parts: [String] = []
        if !actions.isEmpty { parts.append("[\(actions.map(\.name).joined(separator: "|"))]") }
        parts += options.map { option in "[--\(option.name)\(option.value.map { " \($0.placeholder)" } ?? "")]" }
        if let operand { parts.append(operand.isRequired ? operand.placeholder : "[\(operand.placeholder)]") }
        return parts
    }

    func option(named name: String) -> OptionDefinition? { (options + [.help]).first { $0.name == name } }

    func option(lettered letter: Character) -> OptionDefinition? { (options + [.help]).first { $0.letter == letter } }
}
