/// The script that lets a shell complete the program's arguments.
enum Completions {
    static func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    static let helpSummary = "explain a command"

    /// Words that may stand behind a command without a dash.
    static func words(of command: CommandDefinition) -> [String] {
        var words = command.actions.map(\.name)
        if case .choice(let names) = command.operand?.value { words += names }
        return words
    }
}
