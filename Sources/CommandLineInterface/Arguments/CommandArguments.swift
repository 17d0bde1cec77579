import Configuration

/// What stood behind a command, by its definition: known names only, values where they belong.
package struct CommandArguments: Equatable {
    private let program: String
    package let command: CommandDefinition
    /// The first of the command's actions unless told; empty where it has none.
    package private(set) var action = ""
    /// Of options with a value.
    package private(set) var values: [String: String] = [:]
    package private(set) var switches: Set<String> = []
    package private(set) var operand: String?

    package var wantsHelp: Bool { switches.contains(OptionDefinition.help.name) }

    package init(_ arguments: [String], of command: CommandDefinition, program: String) throws(UsageError) {
        self.program = program
        self.command = command
        var rest = arguments[...]
        var hasAction = false
        var isBehindDashes = false
        while let argument = rest.popFirst() {
            if argument == "--" && !isBehindDashes {
                isBehindDashes = true
            } else if argument.hasPrefix("-") && argument != "-" && !isBehindDashes {
                try takeOption(argument, &rest)
            } else if !command.actions.isEmpty && !hasAction {
                action = try known(argument)
                hasAction = true
            } else {
                try takeOperand(argument)
            }
        }
        if !hasAction, let first = command.actions.first { action = first.name }
        if let definition = command.operand, definition.isRequired, operand == nil, !wantsHelp {
            throw problem("`\(command.name)` needs \(definition.value.noun).", hint: nil)
        }
    }

    private mutating func takeOption(_ argument: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let isLong = argument.hasPrefix("--")
        let name = String(argument.dropFirst(isLong ? 2 : 1).prefix { $0 != "=" })
        let found = isLong ? command.option(named: name) : name.count == 1 ? name.first.flatMap(command.option(lettered:)) : nil
        guard let option = found else { throw unknown(argument) }
        let attached = argument.firstIndex(of: "=").map { String(argument[argument.index(after: $0)...]) }
        guard let definition = option.value else {
            if let attached { throw problem("`--\(option.name)` takes no value, but got `\(attached)`.", hint: nil) }
            switches.insert(option.name)
            return
        }
        let value = attached ?? rest.popFirst() ?? ""
        if value.isEmpty {
            throw problem("`--\(option.name)` needs \(definition.noun).", hint: "For example: --\(option.name) \(example(definition))")
        }
        if case .choice(let names) = definition, !names.contains(value) {
            throw problem(
                "`--\(option.name)` can be \(ConfigurationNode.list(names)), not `\(value)`.", hint: UsageError.guess(value, among: names))
        }
        if values.updateValue(value, forKey: option.name) != nil { throw problem("`--\(option.name)` is there twice.", hint: nil) }
    }

    private func known(_ argument: String) throws(UsageError) -> String {
        let names = command.actions.map(\.name)
        if names.contains(argument) { return argument }
        throw problem(
            "`\(command.name)` can \(names.joined(separator: " or ")), not `\(argument)`.", hint: UsageError.guess(argument, among: names))
    }

    private mutating func takeOperand(_ argument: String) throws(UsageError) {
        guard let definition = command.operand else {
            throw problem(
                "`\(command.name)` takes no argument, but got `\(argument)`.",
                hint: command.option(named: "config") == nil ? nil : "A configuration file is named with --config: --config \(argument)")
        }
        if let operand {
            throw problem("`\(command.name)` takes one \(definition.placeholder), but got `\(operand)` and `\(argument)`.", hint: nil)
        }
        if case .choice(let names) = definition.value, !names.contains(argument) {
            throw problem(
                "`\(command.name)` knows \(names.joined(separator: ", ")), not `\(argument)`.",
                hint: UsageError.guess(argument, among: names))
        }
        operand = argument
    }

    private func unknown(_ argument: String) -> UsageError {
        let names = (command.options + [.help]).map { "--\($0.name)" }
        let name = String(argument.prefix { $0 != "=" })
        return problem(
            "`\(name)` is not an option of `\(command.name)`.",
            hint: UsageError.guess(name, among: names) ?? "Options: \(names.joined(separator: ", ")).")
    }

    /// A usage error that leads to this command's help.
    package func problem(_ message: String, hint: String?) -> UsageError {
        UsageError(message: message, hint: hint, helpCommand: "\(program) help \(command.name)")
    }

    private func example(_ definition: ValueDefinition) -> String {
        switch definition {
        case .file: "/etc/\(program).json5"
        case .duration: "2s"
        case .choice(let names): names.first ?? ""
        case .text(_, let example): example
        }
    }
}
