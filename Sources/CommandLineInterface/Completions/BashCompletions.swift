extension Completions {
    /// Needs nothing but bash 4.
    var bash: String {
        let names = program.commands.map(\.name).joined(separator: " ")
        return """
            # Completions of \(name) for bash, made by `\(name) completions bash`.
            \(function)() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words="" files=""
                COMPREPLY=()
                if [[ $COMP_CWORD -eq 1 ]]; then
                    words="\(names) help --help --version"
                else
                    case ${COMP_WORDS[1]} in
                        help) words="\(names)" ;;
            \(program.commands.map(bashCase).joined())        esac
                fi
                if [[ -n $files && $current != -* ]]; then
                    compopt -o filenames 2>/dev/null || :
                    mapfile -t COMPREPLY < <(compgen -f -- "$current")
                else
                    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
                fi
            }
            complete -F \(function) \(name)

            """
    }

    private func bashCase(_ command: CommandDefinition) -> String {
        var text = "            \(command.name))\n"
        let options = command.options.filter { $0.value != nil }
        if !options.isEmpty {
            text += "                case $previous in\n"
            for option in options {
                let spellings = (option.letter.map { "-\($0)|" } ?? "") + "--\(option.name)"
                switch option.value {
                case .file: text += "                    \(spellings)) files=1 ;;\n"
                case .choice(let names): text += "                    \(spellings)) words=\"\(names.joined(separator: " "))\" ;;\n"
                case .duration, .text, nil: text += "                    \(spellings)) return ;;\n"
                }
            }
            text += "                    *) \(bashWords(command)) ;;\n                esac\n"
        } else {
            text += "                \(bashWords(command))\n"
        }
        return text + "                ;;\n"
    }

    private func bashWords(_ command: CommandDefinition) -> String {
        let words = self.words(of: command) + (command.options + [.help]).map { "--\($0.name)" }
        return "words=\"\(words.joined(separator: " "))\"" + (command.operand?.value == .file ? " files=1" : "")
    }
}
