extension Completions {
    /// To be sourced, or found as `_log-agent` in `$fpath`.
    static var zsh: String {
        let commands = AgentCommands.all.map { "    \(quoted("\($0.name):\($0.summary)"))\n" }.joined()
        return """
            #compdef log-agent
            # Completions of log-agent for zsh, made by `log-agent completions zsh`.
            _log-agent() {
              local -a commands
              commands=(
            \(commands)    \(quoted("help:\(helpSummary)"))
              )
              if (( CURRENT == 2 )); then
                _describe -t commands command commands
                return
              fi
              shift words
              (( CURRENT-- ))
              case $words[1] in
                help) _describe -t commands command commands ;;
            \(AgentCommands.all.map(zshCase).joined())  esac
            }
            if [[ $funcstack[1] == _log-agent ]]; then
              _log-agent "$@"
            else
              compdef _log-agent log-agent
            fi

            """
    }

    private static func zshCase(_ command: CommandDefinition) -> String {
        var parts = (command.options + [.help]).map(zshOption)
        let words = command.actions.map(\.name)
        if !words.isEmpty { parts.append(quoted("1:action:(\(words.joined(separator: " ")))")) }
        if let operand = command.operand {
            parts.append(quoted("\(words.isEmpty ? 1 : 2):\(operand.placeholder):\(zshAction(operand.value))"))
        }
        return "    \(command.name))\n      _arguments \\\n"
            + parts.map { "        \($0)" }.joined(separator: " \\\n") + " ;;\n"
    }

    private static func zshOption(_ option: OptionDefinition) -> String {
        let description = "[\(escaped(option.summary))]" + (option.value.map { ":\($0.placeholder):\(zshAction($0))" } ?? "")
        let long = "--\(option.name)" + (option.value == nil ? "" : "=")
        guard let letter = option.letter else { return quoted(long + description) }
        return "\(quoted("(-\(letter) --\(option.name))"))\(quoted("-\(letter)" + description)) "
            + quoted("(-\(letter) --\(option.name))" + long + description)
    }

    private static func zshAction(_ value: ValueDefinition) -> String {
        switch value {
        case .file: "_files"
        case .choice(let names): "(\(names.joined(separator: " ")))"
        case .duration, .text: " "
        }
    }

    /// What would end a description.
    private static func escaped(_ text: String) -> String {
        text.map { "[]:".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    static func quoted(_ text: String) -> String {
        "'" + text.map { $0 == "'" ? #"'\''"# : String($0) }.joined() + "'"
    }
}
