/// What the arguments of a program ask for.
package enum ProgramRequest: Equatable {
    /// One of the program's own commands.
    case command(CommandArguments)
    case completions(Shell)
    case manual
    case version
    /// nil: the list of all commands.
    case help(command: String?)
}

extension ProgramDefinition {
    private var commandNames: [String] { commands.map(\.name) + ["help"] }
    private var overview: String { "\(name) --help" }

    /// `arguments` without the program's own name.
    package func request(_ arguments: [String]) throws(UsageError) -> ProgramRequest {
        guard let first = arguments.first else {
            throw UsageError(
                message: "No command given.", hint: "Commands: \(commandNames.joined(separator: ", ")).", helpCommand: overview)
        }
        let rest = Array(arguments.dropFirst())
        switch first {
        case "--help", "-h": return .help(command: nil)
        case "--version", "-V": return .version
        case "help": return .help(command: try topic(rest))
        default: break
        }
        if let command = command(named: first) {
            let arguments = try CommandArguments(rest, of: command, program: name)
            return arguments.wantsHelp ? .help(command: command.name) : request(arguments)
        }
        guard first.hasPrefix("-") else { throw unknownCommand(first, among: commandNames) }
        let option = String(first.prefix { $0 != "=" })
        let options = ["--help", "--version"]
        throw UsageError(
            message: "`\(option)` is not an option.",
            hint: UsageError.guess(option, among: options) ?? "Options: \(options.joined(separator: ", ")).", helpCommand: overview)
    }

    private func request(_ arguments: CommandArguments) -> ProgramRequest {
        switch arguments.command.name {
        case "completions": .completions(arguments.operand.flatMap(Shell.init) ?? .bash)
        case "man": .manual
        case "version": .version
        default: .command(arguments)
        }
    }

    private func topic(_ arguments: [String]) throws(UsageError) -> String? {
        guard let name = arguments.first, name != "help" else { return nil }
        if let command = command(named: name) { return command.name }
        throw unknownCommand(name, among: commands.map(\.name))
    }

    private func unknownCommand(_ name: String, among names: [String]) -> UsageError {
        UsageError(message: "`\(name)` is not a command.", hint: UsageError.guess(name, among: names), helpCommand: overview)
    }
}
