/// A shell that completions are made for.
package enum Shell: String, Equatable, CaseIterable, Sendable {
    case bash, zsh, fish
}

/// The script that lets a shell complete a program's arguments.
package struct Completions {
    let program: ProgramDefinition

    var name: String { program.name }
    /// A name that every shell takes for a function's.
    var function: String { "_" + name.map { $0 == "-" ? "_" : String($0) }.joined() }

    package init(of program: ProgramDefinition) { self.program = program }

    package func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    static let helpSummary = "explain a command"

    /// Words that may stand behind a command without a dash.
    func words(of command: CommandDefinition) -> [String] {
        var words = command.actions.map(\.name)
        if case .choice(let names) = command.operand?.value { words += names }
        return words
    }
}
