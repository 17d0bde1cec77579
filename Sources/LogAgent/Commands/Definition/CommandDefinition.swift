/// One command as data. Parsing, `help`, the completions of shells and the manual page are all made of it.
struct CommandDefinition: Equatable, Sendable {
    var name: String
    /// What the list of commands says: a phrase without a full stop.
    var summary: String
    /// Whole sentences; one paragraph each.
    var details: [String]
    /// Words of which one may stand behind the command; the first is meant where none does.
    var actions: [ActionDefinition] = []
    var operand: OperandDefinition?
    /// Without `--help`, which every command takes.
    var options: [OptionDefinition] = []
    /// Lists with a heading of their own: signals, keys, environment.
    var lists: [DefinitionList] = []
    var exitCodes: [ExitMeaning]
    var examples: [CommandExample] = []
}

struct ActionDefinition: Equatable, Sendable {
    var name: String
    var summary: String
}

/// What stands behind a command without a dash.
struct OperandDefinition: Equatable, Sendable {
    /// As it stands in the usage line: `FILE`.
    var placeholder: String
    var value: ValueDefinition
    var isRequired = false
    var summary: String
}

struct OptionDefinition: Equatable, Sendable {
    /// Without its dashes: `config`.
    var name: String
    /// `c` for `-c`.
    var letter: Character?
    /// nil: a switch.
    var value: ValueDefinition?
    var summary: String

    static let help = OptionDefinition(name: "help", letter: "h", summary: "this text")

    /// `-c, --config FILE`.
    var usage: String {
        (letter.map { "-\($0), " } ?? "") + "--\(name)" + (value.map { " \($0.placeholder)" } ?? "")
    }
}

/// What kind of text an option or operand takes.
enum ValueDefinition: Equatable, Sendable {
    case file
    /// `10s`.
    case duration
    case choice([String])
    /// Anything; `example` is what a message shows.
    case text(placeholder: String, example: String)

    var placeholder: String {
        switch self {
        case .file: "FILE"
        case .duration: "TIME"
        case .choice(let names): names.joined(separator: "|")
        case .text(let placeholder, _): placeholder
        }
    }

    /// What it is called in a sentence: "needs a file".
    var noun: String {
        switch self {
        case .file: "a file"
        case .duration: "a time"
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        case .text(let placeholder, _): "AEIOU".contains(placeholder.prefix(1)) ? "an \(placeholder)" : "a \(placeholder)"
        }
    }
}

struct DefinitionList: Equatable, Sendable {
    struct Row: Equatable, Sendable {
        var term: String
        var meaning: String
    }
    var title: String
    var rows: [Row]
}

struct ExitMeaning: Equatable, Sendable {
    var code: ExitCode
    var meaning: String
}

struct CommandExample: Equatable, Sendable {
    var command: String
    /// A phrase: what it is good for.
    var purpose: String
}

extension CommandDefinition {
    /// `log-agent ledger [show|verify] [--config FILE]`.
    var usage: String {
        var parts = ["log-agent", name]
        if !actions.isEmpty { parts.append("[\(actions.map(\.name).joined(separator: "|"))]") }
        parts += options.map { option in "[--\(option.name)\(option.value.map { " \($0.placeholder)" } ?? "")]" }
        if let operand { parts.append(operand.isRequired ? operand.placeholder : "[\(operand.placeholder)]") }
        return parts.joined(separator: " ")
    }

    func option(named name: String) -> OptionDefinition? { (options + [.help]).first { $0.name == name } }

    func option(lettered letter: Character) -> OptionDefinition? { (options + [.help]).first { $0.letter == letter } }
}
