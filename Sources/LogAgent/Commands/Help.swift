/// What `--help` and `help COMMAND` print: at most 80 columns wide.
enum Help {
    /// nil: the list of all commands.
    static func text(for name: String?, terminal: Terminal) -> String {
        let layout = HelpLayout(terminal: terminal)
        guard let command = name.flatMap(AgentCommands.named) else { return overview(layout) }
        var text = layout.usage(of: command)
        for (position, paragraph) in command.details.enumerated() {
            text += (position > 0 ? "\n" : "") + layout.paragraph(paragraph)
        }
        if !command.actions.isEmpty {
            text += layout.list("Actions", command.actions.map { .init(term: $0.name, meaning: $0.summary) })
        }
        if let operand = command.operand {
            text += layout.list("Argument", [.init(term: operand.placeholder, meaning: operand.summary)])
        }
        if !command.options.isEmpty {
            text += layout.list("Options", (command.options + [.help]).map { .init(term: $0.usage, meaning: $0.summary) })
        }
        for list in command.lists { text += layout.list(list.title, list.rows) }
        text += layout.list("Exit code", command.exitCodes.map { .init(term: "\($0.code.rawValue)", meaning: $0.meaning) })
        return text + layout.examples("Examples", command.examples)
    }

    private static func overview(_ layout: HelpLayout) -> String {
        var text = "\(layout.terminal.styled("log-agent", .bold)): \(AgentCommands.summary).\n"
        for paragraph in AgentCommands.details { text += layout.paragraph(paragraph) }
        text += layout.heading("Usage") + "  log-agent COMMAND [OPTIONS]\n"
        text += layout.list(
            "Commands",
            AgentCommands.all.map { .init(term: $0.name, meaning: $0.summary) }
                + [.init(term: "help", meaning: "explain a command: log-agent help run")])
        return text + layout.examples("First steps", AgentCommands.firstSteps)
    }
}

private struct HelpLayout {
    let terminal: Terminal

    func heading(_ title: String) -> String { "\n\(terminal.styled(title, .bold))\n" }

    func paragraph(_ text: String) -> String {
        TextLayout.wrap(text, width: TextLayout.width).map { $0 + "\n" }.joined()
    }

    /// The usage line; what does not fit is continued under the command's name.
    func usage(of command: CommandDefinition) -> String {
        let start = "log-agent \(command.name)"
        let rest = command.usage.dropFirst(start.count + 1)
        let indent = String(repeating: " ", count: start.count + 1)
        // Brackets stay whole.
        let pieces =
            rest.isEmpty ? [] : String(rest).split(separator: "] ").map { $0.hasPrefix("[") && !$0.hasSuffix("]") ? "\($0)]" : "\($0)" }
        var lines = [""]
        for piece in pieces {
            if !(lines[lines.count - 1].isEmpty) && lines[lines.count - 1].count + piece.count + 1 > TextLayout.width - indent.count {
                lines.append("")
            }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + piece
        }
        return terminal.styled(start, .bold) + (pieces.isEmpty ? "" : " ") + lines.joined(separator: "\n" + indent) + "\n"
    }

    /// Terms in a column of their own where they are short, otherwise on lines of their own.
    func list(_ title: String, _ rows: [DefinitionList.Row]) -> String {
        let widest = rows.map(\.term.count).max() ?? 0
        let column = min(24, widest + 4)
        var text = heading(title)
        for row in rows {
            let lines = TextLayout.wrap(row.meaning, width: TextLayout.width - column)
            let term = terminal.styled(row.term, .cyan)
            let indent = String(repeating: " ", count: column)
            if row.term.count + 4 <= column {
                text +=
                    "  \(term)\(String(repeating: " ", count: column - 2 - row.term.count))" + lines.joined(separator: "\n" + indent) + "\n"
            } else {
                text += "  \(term)\n" + lines.map { indent + $0 + "\n" }.joined()
            }
        }
        return text
    }

    func examples(_ title: String, _ examples: [CommandExample]) -> String {
        if examples.isEmpty { return "" }
        var text = heading(title)
        for example in examples {
            text += "  \(terminal.styled("# \(example.purpose)", .dim))\n  \(example.command)\n"
        }
        return text
    }
}
