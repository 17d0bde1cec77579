extension Completions {
    var fish: String {
        var text = "# Completions of \(name) for fish, made by `\(name) completions fish`.\ncomplete -c \(name) -f\n"
        let names = program.commands.map { ($0.name, $0.summary) } + [("help", Self.helpSummary)]
        for (command, summary) in names {
            text += "complete -c \(name) -n __fish_use_subcommand -a \(command) -d \(fishQuoted(summary))\n"
        }
        text += "complete -c \(name) -n __fish_use_subcommand -l version -s V -d 'print the version'\n"
        text += "complete -c \(name) -n '__fish_seen_subcommand_from help' -a \(fishQuoted(names.map(\.0).joined(separator: " ")))\n"
        for command in program.commands {
            let condition = "complete -c \(name) -n '__fish_seen_subcommand_from \(command.name)'"
            for action in command.actions { text += "\(condition) -a \(action.name) -d \(fishQuoted(action.summary))\n" }
            switch command.operand?.value {
            case .choice(let values): text += "\(condition) -a \(fishQuoted(values.joined(separator: " ")))\n"
            case .file: text += "\(condition) -F\n"
            case .duration, .text, nil: break
            }
            for option in command.options + [.help] {
                let letter = option.letter.map { " -s \($0)" } ?? ""
                text += "\(condition) -l \(option.name)\(letter)\(fishValue(option.value)) -d \(fishQuoted(option.summary))\n"
            }
        }
        return text
    }

    private func fishValue(_ value: ValueDefinition?) -> String {
        switch value {
        case nil: ""
        case .file: " -r -F"
        case .choice(let names): " -x -a \(fishQuoted(names.joined(separator: " ")))"
        case .duration, .text: " -x"
        }
    }

    private func fishQuoted(_ text: String) -> String {
        "'" + text.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
    }
}
