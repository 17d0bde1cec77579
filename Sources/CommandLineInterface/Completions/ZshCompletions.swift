extension Completions {
    /// To be sourced, or found as `_\(name)` in `$fpath`.
    var zsh: String {
        let commands = program.commands.map { "    \(quoted("\($0.name):\($0.summary)"))\n" }.joined()
        return """
            #compdef \(name)
            # Completions of \(name) for zsh, made by `\(name) completions zsh`.
            _\(name)() {
              local -a commands
              commands=(
            \(commands)    \(quoted("help:\(Self.helpSummary)"))
              )
              if (( CURRENT == 2 )); then
                _describe -t commands command commands
                return
              fi
              shift words
              (( CURRENT-- ))
              case $words[1] in
                help) _describe -t commands command commands ;;
            \(program.commands.map(zshCase).joined())  esac
            }
            if [[ $funcstack[1] == _\(name) ]]; then
              _\(name) "$@"
            else
              compdef _\(name) \(name)
            fi

            """
    }

    private func zshCase(_ command: CommandDefinition) -> String {
        var parts = (command.options + [.help]).map(zshOption)
        let words = command.actions.map(\.name)
        if !words.isEmpty { parts.append(quoted("1:action:(\(words.joined(separator: " ")))")) }
        if let operand = command.operand {
            parts.append(quoted("\(words.isEmpty ? 1 : 2):\(operand.placeholder):\(zshAction(operand.value))"))
        }
        return "    \(command.name))\n      _arguments \\\n"
            + parts.map { "        \($0)" }.joined(separator: " \\\n") + " ;;\n"
    }

    private func zshOption(_ option: OptionDefinition) -> String {
        let description = "[\(escaped(option.summary))]" + (option.value.map { ":\($0.placeholder):\(zshAction($0))" } ?? "")
        let long = "--\(option.name)" + (option.value == nil ? "" : "=")
        guard let letter = option.letter else { return quoted(long + description) }
        return "\(quoted("(-\(letter) --\(option.name))"))\(quoted("-\(letter)" + description)) "
            + quoted("(-\(letter) --\(option.name))" + long + description)
    }

    private func zshAction(_ value: ValueDefinition) -> String {
        switch value {
        case .file: "_files"
        case .choice(let names): "(\(names.joined(separator: " ")))"
        case .duration, .text: " "
        }
    }

    /// What would end a description.
    private func escaped(_ text: String) -> String {
        text.map { "[]:".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    func quoted(_ text: String) -> String {
        "'" + text.map { $0 == "'" ? #"'\''"# : String($0) }.joined() + "'"
    }
}
